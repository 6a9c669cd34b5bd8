"""The MQTT server: it takes records over TLS with client certificates, and acknowledges them after the commit.

Rules that this module keeps:

- PUBACK follows the commit. A refused record's PUBACK carries the reason in v5; in both versions the refusal goes out
  on the device's own receipt topic, if it has subscribed to it.
- A topic must name the device of the client certificate (its SAN URI).
- Reading stops while too much is in flight, on one connection or on all: back-pressure instead of loss. Memory is
  bounded by connections times in-flight packets, and by the queue.
- A peer that is slow, silent or hostile loses its own connection and nobody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable, Iterable, Sequence

from counterfoil.gateway.doors.limits import Limits, Quota
from counterfoil.gateway.doors.mqtt.connection import DeviceConnection
from counterfoil.gateway.doors.mqtt.packets import ReasonCode
from counterfoil.gateway.ingest.intake import Check, Intake, Observer, Verdicts
from counterfoil.gateway.ingest.pipeline import Arrival, Stored, Verdict
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.logs import get_logger

log = get_logger("gateway.mqtt")


class IngestServer:
    """Accepts connections and hands what they publish to its ``intake``, which gives the verdicts after each commit."""

    def __init__(
        self,
        process: Callable[[Sequence[Arrival]], list[Verdict]],
        receipts: ReceiptSigner,
        *,
        check: Check | None = None,
        limits: Limits | None = None,
        queue: int = 8_192,
        batch: int = 1_024,
        promise_within_s: int = 3_600,
        observer: Observer | None = None,
        stored: Callable[[Verdicts, Stored], None] | None = None,
        stalled_after_s: float = 10.0,
    ) -> None:
        self.limits = limits or Limits()
        self.intake = Intake(
            process,
            receipts,
            check=check,
            queue=queue,
            batch=batch,
            promise_within_s=promise_within_s,
            observer=observer,
            has_room=self._resume,
            stored=stored,
            stalled_after_s=stalled_after_s,
        )
        self._observer = observer
        self._connections: dict[DeviceId, DeviceConnection] = {}
        self._open: set[DeviceConnection] = set()
        self._refusals: Quota[DeviceId] = Quota(
            self.limits.refusals_at_once, self.limits.refusals_a_minute
        )
        self._revoked: frozenset[int] = frozenset()
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        if self._server is None:
            raise RuntimeError("the server is not started")
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def is_full(self) -> bool:
        """Whether connections must stop reading."""
        return self.intake.is_full or self.intake.is_stopping

    async def start(self, host: str, port: int, tls: ssl.SSLContext) -> None:
        """Listen, and commit records, until :meth:`stop`."""
        self.intake.start()
        self._server = await asyncio.get_running_loop().create_server(
            lambda: DeviceConnection(self),
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=self.limits.handshake_within_s,
            ssl_shutdown_timeout=self.limits.close_within_s,
            backlog=1_024,
        )
        self._sweeping = asyncio.create_task(self._sweep_loop())

    async def stop(self) -> None:
        """Take no more records, commit and acknowledge those in the queue, then close."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.pause()
        await self.intake.stop()
        for connection in list(self._open):
            connection.end(ReasonCode.SERVER_SHUTTING_DOWN)
        if self._sweeping is not None:
            self._sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeping

    def revoke(self, serials: Iterable[int]) -> None:
        """Replace the serial numbers of refused certificates by these, and end the connections that have one."""
        self._revoked = frozenset(serials)
        for connection in list(self._open):
            if connection.serial in self._revoked:
                connection.end(ReasonCode.NOT_AUTHORIZED)

    # ---- what connections call

    def opened(self, connection: DeviceConnection) -> bool:
        """Count a connection; False when there are too many."""
        self._open.add(connection)
        if self._observer:
            self._observer.connections(len(self._open))
        return len(self._open) <= self.limits.connections

    def closed(self, connection: DeviceConnection) -> None:
        """Forget a closed connection."""
        self._open.discard(connection)
        if connection.device is not None and self._connections.get(connection.device) is connection:
            del self._connections[connection.device]
        if self._observer:
            self._observer.connections(len(self._open))

    def named(self, device: DeviceId, connection: DeviceConnection) -> None:
        """Note that a device has connected, and end its older connection."""
        older = self._connections.get(device)
        if older is not None and older is not connection:
            older.end(ReasonCode.SESSION_TAKEN_OVER)
        self._connections[device] = connection

    def is_revoked(self, serial: int) -> bool:
        """Whether the certificate with this serial number is revoked."""
        return serial in self._revoked

    def submit(self, sender: Verdicts, number: int, arrival: Arrival) -> None:
        """Queue one record; when that fills the queue, all connections stop reading."""
        was_full = self.intake.is_full
        self.intake.submit(sender, number, arrival)
        if self.intake.is_full and not was_full:
            for connection in self._open:
                connection.pause()

    def may_be_refused(self, device: DeviceId) -> bool:
        """Count a refusal of *device*; False when its quota is spent."""
        return self._refusals.spend(device, time.monotonic())

    def has_quota(self, device: DeviceId) -> bool:
        """Whether *device* may connect: it has not spent its quota of refusals."""
        return not self._refusals.is_spent(device, time.monotonic())

    # ---- parts

    def _resume(self) -> None:
        for connection in self._open:
            connection.resume_if_free()

    async def _sweep_loop(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            now = time.monotonic()
            for connection in list(self._open):
                connection.check_alive(now)
            self._refusals.forget_full(now)
