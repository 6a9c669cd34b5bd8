"""The MQTT server: TLS with client certificates in, verdicts out, and never an acknowledgement before the commit.

Rules that this module keeps:

- PUBACK follows the commit. A refused record's PUBACK carries the reason in v5; in both versions the refusal goes out
  on the device's own receipt topic, if it has subscribed to it.
- A topic must name the device of the client certificate (its SAN URI).
- Reading stops while too much is in flight, of one connection or of all: back-pressure instead of loss. What is in
  memory is bounded by connections times in-flight packets, and by the queue.
- A peer that is slow, silent or hostile loses its own connection and nobody else's.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, cast

import structlog

from counterfoil.gateway.downlink import PromiseMessage, RefusalMessage, receipt_topic, record_topic
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.identity import DeviceId, Digest, parse_device_id
from counterfoil.gateway.ingest.pipeline import Arrival, RefusedVerdict, Stored, Verdict
from counterfoil.gateway.mqtt import codec
from counterfoil.gateway.mqtt.codec import PacketError, Reason, Type
from counterfoil.gateway.receipt import Promise, ReceiptSigner

log = structlog.get_logger("gateway.mqtt")

_REASONS = {
    "issuer_mismatch": Reason.NOT_AUTHORIZED,
    "key_unknown": Reason.NOT_AUTHORIZED,
    "key_revoked": Reason.NOT_AUTHORIZED,
    "sequence_outside_key": Reason.NOT_AUTHORIZED,
    "signature_invalid": Reason.NOT_AUTHORIZED,
    "key_id_mismatch": Reason.NOT_AUTHORIZED,
    "sequence_gap": Reason.IMPLEMENTATION_SPECIFIC,
    "equivocation": Reason.IMPLEMENTATION_SPECIFIC,
    "epoch_closed": Reason.IMPLEMENTATION_SPECIFIC,
    "previous_mismatch": Reason.IMPLEMENTATION_SPECIFIC,
    "epoch_link_mismatch": Reason.IMPLEMENTATION_SPECIFIC,
    "counters_inconsistent": Reason.IMPLEMENTATION_SPECIFIC,
}
"""The v5 reason code of a refusal; any other code is PAYLOAD_FORMAT_INVALID. See docs/formats/mqtt.md."""


@dataclass(frozen=True)
class Limits:
    """What one peer, and all of them, may take up."""

    max_packet: int = 16_384
    in_flight: int = 512
    queue: int = 8_192
    batch: int = 1_024
    connections: int = 10_000
    connect_within_s: float = 10.0
    handshake_within_s: float = 10.0
    keep_alive_most_s: int = 1_200
    refusals_a_connection: int = 10_000


class Observer(Protocol):
    """Counts what happens; the metrics are one."""

    def committed(self, verdicts: Sequence[Verdict], seconds: float) -> None: ...
    def connections(self, count: int) -> None: ...


class Waiter:
    """Stands where a connection would, for a record that came in over HTTP."""

    wants_receipts = False

    def __init__(self) -> None:
        self.verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

    def answer(self, packet_id: int, verdict: Verdict) -> None:
        del packet_id
        if not self.verdict.done():
            self.verdict.set_result(verdict)

    def end(self, reason: Reason) -> None:
        if not self.verdict.done():
            self.verdict.set_exception(NotCommitted(reason.name.lower()))

    def send_receipt(self, message: bytes) -> None:
        """A promise goes back in the answer itself."""

    def flush(self) -> None:
        """Nothing is buffered."""


class NotCommitted(Exception):
    """The store did not take the record; it may be sent again."""

    code = "not_committed"


class _Item:
    __slots__ = ("arrival", "connection", "packet_id")

    def __init__(
        self, connection: DeviceConnection | Waiter, packet_id: int, arrival: Arrival
    ) -> None:
        self.connection = connection
        self.packet_id = packet_id
        self.arrival = arrival


class IngestServer:
    """Accepts connections, gathers what they publish into batches, and answers after each commit."""

    def __init__(
        self,
        process: Callable[[Sequence[Arrival]], list[Verdict]],
        receipts: ReceiptSigner,
        *,
        limits: Limits = Limits(),
        promise_within_s: int = 3_600,
        observer: Observer | None = None,
    ) -> None:
        self._process = process
        self._receipts = receipts
        self._promise_ms = promise_within_s * 1_000
        self._observer = observer
        self.limits = limits
        self._queue: list[_Item] = []
        self._wake = asyncio.Event()
        self._connections: dict[DeviceId, DeviceConnection] = {}
        self._open: set[DeviceConnection] = set()
        self._executor = ThreadPoolExecutor(1, "commit")
        self._server: asyncio.Server | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.failed = asyncio.Event()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None:
            raise RuntimeError("the server is not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def is_full(self) -> bool:
        """Whether nobody may be read from now."""
        return len(self._queue) >= self.limits.queue

    async def start(self, host: str, port: int, tls: ssl.SSLContext) -> None:
        """Listen, and commit what comes in, until :meth:`stop`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: DeviceConnection(self),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=self.limits.handshake_within_s,
            backlog=1_024,
        )
        self._tasks = [
            asyncio.create_task(self._commit_loop()),
            asyncio.create_task(self._sweep_loop()),
        ]

    async def stop(self) -> None:
        """Take no more, commit and acknowledge what is here, then close."""
        self._stopping = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.pause()
        self._wake.set()
        if self._tasks:
            await self._tasks[0]
            self._tasks[1].cancel()
        for connection in list(self._open):
            connection.end(Reason.SERVER_SHUTTING_DOWN)
        self._executor.shutdown()

    # ---- what connections call

    def opened(self, connection: DeviceConnection) -> bool:
        """Count a connection; False when there are too many."""
        self._open.add(connection)
        if self._observer:
            self._observer.connections(len(self._open))
        return len(self._open) <= self.limits.connections

    def closed(self, connection: DeviceConnection) -> None:
        self._open.discard(connection)
        if connection.device is not None and self._connections.get(connection.device) is connection:
            del self._connections[connection.device]
        if self._observer:
            self._observer.connections(len(self._open))

    def named(self, device: DeviceId, connection: DeviceConnection) -> None:
        """A device has connected; its older connection is closed."""
        older = self._connections.get(device)
        if older is not None and older is not connection:
            older.end(Reason.SESSION_TAKEN_OVER)
        self._connections[device] = connection

    def submit(self, item: _Item) -> None:
        self._queue.append(item)
        self._wake.set()

    async def take(self, arrival: Arrival) -> Verdict:
        """The verdict on one record that came in by another door.

        Raises:
            NotCommitted: the queue is full, the server is stopping, or the store did not take it.
        """
        if self.is_full or self._stopping:
            raise NotCommitted("busy")
        waiter = Waiter()
        self.submit(_Item(waiter, 0, arrival))
        return await waiter.verdict

    # ---- loops

    async def _commit_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._queue:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch, self._queue = self._queue[: self.limits.batch], self._queue[self.limits.batch :]
            started = time.perf_counter()
            try:
                verdicts = await loop.run_in_executor(
                    self._executor, self._process, [item.arrival for item in batch]
                )
            except Exception:
                # Nothing of it is committed or acknowledged. The devices send again; an operator must look.
                log.exception("commit_failed", records=len(batch))
                for item in batch:
                    item.connection.end(Reason.SERVER_BUSY)
                self.failed.set()
                await asyncio.sleep(0.5)
                continue
            if self._observer:
                self._observer.committed(verdicts, time.perf_counter() - started)
            self._answer(batch, verdicts)
            if not self.is_full and not self._stopping:
                for connection in self._open:
                    connection.resume_if_free()

    def _answer(self, batch: Sequence[_Item], verdicts: Sequence[Verdict]) -> None:
        newest: dict[DeviceConnection | Waiter, Stored] = {}
        for item, verdict in zip(batch, verdicts, strict=True):
            item.connection.answer(item.packet_id, verdict)
            if isinstance(verdict, Stored):
                newest[item.connection] = verdict
        # A promise vouches for all of the device's records before it: one a batch is enough.
        for connection, stored in newest.items():
            if connection.wants_receipts:
                connection.send_receipt(PromiseMessage(self.promise(stored)).encode())
        for connection in {item.connection for item in batch}:
            connection.flush()

    def promise(self, stored: Stored) -> bytes:
        """A signed promise for a stored record."""
        record = stored.signed.record
        return self._receipts.sign_promise(
            Promise(
                record.device,
                record.epoch,
                record.sequence,
                stored.signed.payload_digest,
                stored.received_ms,
                stored.received_ms + self._promise_ms,
                stored.log_index,
            )
        )

    async def _sweep_loop(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for connection in list(self._open):
                connection.check_alive(now)


class DeviceConnection(asyncio.Protocol):
    """One client's connection, from its certificate to its last acknowledgement."""

    def __init__(self, server: IngestServer) -> None:
        self._server = server
        self._limits = server.limits
        self._reader = codec.PacketReader(server.limits.max_packet)
        self._transport: asyncio.Transport | None = None
        self._out = bytearray()
        self._level = 0
        self._keep_alive_s = 0.0
        self._seen = self._began = time.monotonic()
        self._in_flight = 0
        self._refusals = 0
        self._is_paused = False
        self._writing_is_paused = False
        self._peer = ""
        self._topic = ""
        self.device: DeviceId | None = None
        self.wants_receipts = False

    # ---- asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface, not the base class.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=262_144)
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self._peer = f"{host}:{port}"
        if not self._server.opened(self):
            self.end(Reason.SERVER_BUSY)
            return
        try:
            self.device = _device_of(transport.get_extra_info("peercert"))
        except IdentityError as error:
            log.warning("certificate_without_device", peer=self._peer, why=str(error))
            self.end(Reason.NOT_AUTHORIZED)
            return
        self._topic = record_topic(self.device)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.closed(self)

    def data_received(self, data: bytes) -> None:
        self._seen = time.monotonic()
        try:
            for kind, flags, body in self._reader.feed(data):
                self._take(kind, flags, body)
        except PacketError as error:
            log.info("protocol_error", peer=self._peer, device=self.device, why=str(error))
            self.end(error.reason)
        self.flush()

    def pause_writing(self) -> None:
        self._writing_is_paused = True
        self.pause()

    def resume_writing(self) -> None:
        self._writing_is_paused = False
        self.resume_if_free()

    # ---- packets

    def _take(self, kind: int, flags: int, body: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._level == 0:
            if kind != Type.CONNECT:
                raise PacketError(Reason.PROTOCOL_ERROR, "the first packet is no CONNECT")
            self._connect(body)
        elif kind == Type.PUBLISH:
            self._publish(flags, body)
        elif kind == Type.PINGREQ:
            self._out += codec.pingresp()
        elif kind in (Type.SUBSCRIBE, Type.UNSUBSCRIBE):
            self._subscribe(flags, body, kind == Type.UNSUBSCRIBE)
        elif kind == Type.DISCONNECT:
            self.flush()
            self._transport.close()
        elif kind != Type.PUBACK:
            raise PacketError(Reason.PROTOCOL_ERROR, f"packet type {kind}")

    def _connect(self, body: bytes) -> None:
        asked = codec.read_connect(body)
        self._level = asked.level
        if self.device is None:
            return
        self._keep_alive_s = float(
            min(
                asked.keep_alive_s or self._limits.keep_alive_most_s, self._limits.keep_alive_most_s
            )
        )
        self._server.named(self.device, self)
        self._out += codec.connack(
            self._level,
            Reason.SUCCESS,
            receive_maximum=self._limits.in_flight,
            max_packet=self._limits.max_packet,
        )

    def _publish(self, flags: int, body: bytes) -> None:
        message = codec.read_publish(flags, body, self._level)
        if message.qos != 1 or message.packet_id is None:
            raise PacketError(Reason.QOS_NOT_SUPPORTED, "records are published at QoS 1")
        if message.topic != self._topic:
            if self._level == codec.V5:
                self._out += codec.puback(
                    self._level,
                    message.packet_id,
                    Reason.NOT_AUTHORIZED,
                    f"the topic is {self._topic}",
                )
                self._count_refusal()
                return
            raise PacketError(Reason.NOT_AUTHORIZED, f"published on {message.topic}")
        self._in_flight += 1
        if self._in_flight > 2 * self._limits.in_flight and self._level == codec.V5:
            raise PacketError(Reason.RECEIVE_MAXIMUM_EXCEEDED, "more in flight than was offered")
        self._server.submit(
            _Item(self, message.packet_id, Arrival(message.payload, self.device, self._peer))
        )
        if self._in_flight >= self._limits.in_flight or self._server.is_full:
            self.pause()

    def _subscribe(self, flags: int, body: bytes, unsubscribe: bool) -> None:
        if flags != 2:
            raise PacketError(Reason.MALFORMED_PACKET, "reserved flags of a subscription")
        asked = codec.read_subscribe(body, self._level, unsubscribe)
        own = receipt_topic(self.device) if self.device else ""
        refused = int(Reason.NOT_AUTHORIZED) if self._level == codec.V5 else 0x80
        codes = [0 if f == own else refused for f in asked.filters]
        if own in asked.filters:
            self.wants_receipts = not unsubscribe
        self._out += codec.suback(self._level, asked.packet_id, codes, unsubscribe)

    # ---- what the server calls

    def answer(self, packet_id: int, verdict: Verdict) -> None:
        """Acknowledge one record, after its commit."""
        self._in_flight -= 1
        if isinstance(verdict, Stored):
            self._out += codec.puback(self._level, packet_id)
            return
        reason = _REASONS.get(verdict.code, Reason.PAYLOAD_FORMAT_INVALID)
        self._out += codec.puback(
            self._level, packet_id, reason, f"{verdict.code}: {verdict.detail}"
        )
        self.send_receipt(_refusal(verdict))
        self._count_refusal()

    def send_receipt(self, message: bytes) -> None:
        """Put a message on the device's receipt topic; dropped when it doesn't read (it can ask again)."""
        if self.wants_receipts and self.device and not self._writing_is_paused:
            self._out += codec.publish(self._level, receipt_topic(self.device), message)

    def flush(self) -> None:
        if self._out and self._transport is not None:
            if not self._transport.is_closing():
                self._transport.write(bytes(self._out))
            self._out.clear()

    def pause(self) -> None:
        if not self._is_paused and self._transport is not None and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def resume_if_free(self) -> None:
        if (
            self._is_paused
            and not self._writing_is_paused
            and self._in_flight < self._limits.in_flight
            and self._transport is not None
            and not self._transport.is_closing()
        ):
            self._is_paused = False
            self._seen = time.monotonic()
            self._transport.resume_reading()

    def check_alive(self, now: float) -> None:
        """Close a connection that has not said CONNECT, or nothing at all, for too long."""
        quiet_s = now - self._seen
        if self._level == 0:
            if now - self._began > self._limits.connect_within_s:
                self.end(Reason.PROTOCOL_ERROR)
        elif self._writing_is_paused:
            if quiet_s > self._limits.keep_alive_most_s:
                self.end(Reason.KEEP_ALIVE_TIMEOUT)
        elif not self._is_paused and quiet_s > 1.5 * self._keep_alive_s:
            self.end(Reason.KEEP_ALIVE_TIMEOUT)

    def end(self, reason: Reason) -> None:
        """Say why, where the version has words for it, and close."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._level == codec.V5:
            self._out += codec.disconnect(reason)
        elif self._level == 0 and reason in (Reason.UNSUPPORTED_VERSION, Reason.SERVER_BUSY):
            self._out += codec.connack(codec.V311, reason)
        self.flush()
        self._transport.close()

    def _count_refusal(self) -> None:
        self._refusals += 1
        if self._refusals >= self._limits.refusals_a_connection:
            self.end(Reason.QUOTA_EXCEEDED)


def _refusal(verdict: RefusedVerdict) -> bytes:
    return RefusalMessage(
        Digest(sha256(verdict.raw).digest()),
        verdict.code,
        verdict.detail,
        verdict.position,
        verdict.expected,
    ).encode()


def _device_of(certificate: object) -> DeviceId:
    """The device that the client certificate names: its one SAN URI."""
    names = certificate.get("subjectAltName", ()) if isinstance(certificate, dict) else ()
    uris = [value for kind, value in names if kind == "URI"]
    if len(uris) != 1:
        raise IdentityError(f"the certificate has {len(uris)} SAN URIs, not one")
    return parse_device_id(uris[0])
