"""One client's connection, from its certificate to its last acknowledgement.

Rules that this module keeps:

- Its memory is bounded: one incomplete packet, what is in flight, and unsent packets up to a limit.
- A refused record is acknowledged only if the device can be told: in the PUBACK itself in v5, on the receipt topic in
  v3.1.1. A v3.1.1 client that has not subscribed to that topic is disconnected instead.
- An ended connection is closed within a time limit, whether the peer reads or not.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Protocol, cast

from counterfoil.gateway.certificate.errors import CertificateRevokedError
from counterfoil.gateway.doors.client_certificate import device_of
from counterfoil.gateway.doors.limits import Limits
from counterfoil.gateway.doors.mqtt import packets, replies
from counterfoil.gateway.doors.mqtt.packets import PacketError, PacketType, ReasonCode
from counterfoil.gateway.errors import (
    QUOTA_EXCEEDED,
    CountersError,
    EpochClosedError,
    EpochLinkError,
    EquivocationError,
    IdentityError,
    IssuerMismatchError,
    KeyIdMismatchError,
    KeyRevokedError,
    KeyUnknownError,
    PreviousDigestError,
    SequenceGapError,
    SequenceOutsideKeyError,
    SignatureInvalidError,
)
from counterfoil.gateway.ingest.intake import Verdicts
from counterfoil.gateway.ingest.pipeline import Arrival, Stored, Verdict
from counterfoil.gateway.record.downlink import receipt_topic, record_topic
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.logs import get_logger

log = get_logger("gateway.mqtt")
_REASONS = {
    IssuerMismatchError.code: ReasonCode.NOT_AUTHORIZED,
    KeyUnknownError.code: ReasonCode.NOT_AUTHORIZED,
    KeyRevokedError.code: ReasonCode.NOT_AUTHORIZED,
    SequenceOutsideKeyError.code: ReasonCode.NOT_AUTHORIZED,
    SignatureInvalidError.code: ReasonCode.NOT_AUTHORIZED,
    KeyIdMismatchError.code: ReasonCode.NOT_AUTHORIZED,
    SequenceGapError.code: ReasonCode.IMPLEMENTATION_SPECIFIC,
    EquivocationError.code: ReasonCode.IMPLEMENTATION_SPECIFIC,
    EpochClosedError.code: ReasonCode.IMPLEMENTATION_SPECIFIC,
    PreviousDigestError.code: ReasonCode.IMPLEMENTATION_SPECIFIC,
    EpochLinkError.code: ReasonCode.IMPLEMENTATION_SPECIFIC,
    CountersError.code: ReasonCode.IMPLEMENTATION_SPECIFIC,
    QUOTA_EXCEEDED: ReasonCode.QUOTA_EXCEEDED,
}
"""The v5 reason code of a refusal; any other code is PAYLOAD_FORMAT_INVALID. See docs/formats/mqtt.md."""
_WRITE_BUFFER = 262_144


class Server(Protocol):
    """What a connection needs of its server."""

    limits: Limits

    @property
    def is_full(self) -> bool: ...
    def opened(self, connection: DeviceConnection) -> bool: ...
    def closed(self, connection: DeviceConnection) -> None: ...
    def named(self, device: DeviceId, connection: DeviceConnection) -> None: ...
    def is_revoked(self, serial: int) -> bool: ...
    def submit(self, sender: Verdicts, number: int, arrival: Arrival) -> None: ...
    def may_be_refused(self, device: DeviceId) -> bool: ...
    def has_quota(self, device: DeviceId) -> bool: ...


class DeviceConnection(asyncio.Protocol):
    """Speaks MQTT with one device; ``device`` is None until its certificate has named it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._limits = server.limits
        self._reader = packets.PacketReader(self._limits.max_packet)
        self._transport: asyncio.Transport | None = None
        self._out = bytearray()
        self._level = 0
        self._keep_alive_s = 0.0
        self._seen = self._began = time.monotonic()
        self._in_flight = 0
        self._is_paused = False
        self._unread_since: float | None = None
        self._ended_at: float | None = None
        self._peer = ""
        self._topic = ""
        self._valid_until = 0.0
        self._most_sent = packets.MAX_PACKET
        self._tells_why = True
        self.serial = 0
        self.device: DeviceId | None = None
        self.wants_receipts = False

    # ---- asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface, but not the base class.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self._peer = f"{host}:{port}"
        if not self._server.opened(self):
            self.end(ReasonCode.SERVER_BUSY)
            return
        certificate = transport.get_extra_info("peercert")
        try:
            self.device = device_of(certificate)
        except IdentityError as error:
            log.warning("certificate_without_device", peer=self._peer, why=str(error))
            self.end(ReasonCode.NOT_AUTHORIZED)
            return
        self.serial = int(certificate["serialNumber"], 16)
        self._valid_until = float(ssl.cert_time_to_seconds(certificate["notAfter"]))
        self._topic = record_topic(self.device)
        if self._server.is_revoked(self.serial):
            log.warning(CertificateRevokedError.code, peer=self._peer, device=self.device)
            self.end(ReasonCode.NOT_AUTHORIZED)
        elif self._server.is_full:
            self.pause()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.closed(self)

    def data_received(self, data: bytes) -> None:
        if self._transport is None or self._ended_at is not None:
            return
        try:
            for kind, flags, body in self._reader.feed(data):
                self._seen = time.monotonic()
                self._take(kind, flags, body)
                if self._has_ended():
                    return
        except PacketError as error:
            log.info("protocol_error", peer=self._peer, device=self.device, why=str(error))
            self.end(error.reason)
        self.flush()

    def pause_writing(self) -> None:
        self._unread_since = time.monotonic()
        self.pause()

    def resume_writing(self) -> None:
        self._unread_since = None
        self.resume_if_free()

    # ---- packets

    def _take(self, kind: int, flags: int, body: bytes) -> None:
        if self._level == 0:
            if kind != PacketType.CONNECT:
                raise PacketError(ReasonCode.PROTOCOL_ERROR, "the first packet is no CONNECT")
            self._connect(body)
        elif kind == PacketType.PUBLISH:
            self._publish(flags, body)
        elif kind == PacketType.PINGREQ:
            self._out += replies.pingresp()
        elif kind in (PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE):
            self._subscribe(flags, body, kind == PacketType.UNSUBSCRIBE)
        elif kind == PacketType.DISCONNECT:
            self._close()
        else:
            raise PacketError(ReasonCode.PROTOCOL_ERROR, f"packet type {kind}")

    def _connect(self, body: bytes) -> None:
        asked = packets.read_connect(body)
        self._level = asked.level
        if self.device is None:
            return
        if not self._server.has_quota(self.device):
            self._refuse_connect(ReasonCode.QUOTA_EXCEEDED)
            return
        if asked.level == packets.V311 and not asked.client_id and not asked.clean_start:
            self._refuse_connect(ReasonCode.CLIENT_IDENTIFIER_INVALID)
            return
        self._most_sent = asked.most_bytes(packets.MAX_PACKET)
        self._tells_why = asked.wants_reasons
        most = self._limits.keep_alive_most_s
        granted = min(asked.keep_alive_s or most, most)
        self._keep_alive_s = float(granted)
        self._server.named(self.device, self)
        self._out += replies.connack(
            self._level,
            ReasonCode.SUCCESS,
            receive_maximum=self._limits.in_flight,
            max_packet=self._limits.max_packet,
            keep_alive_s=None if granted == asked.keep_alive_s else granted,
            client_id=None if asked.client_id else self.device,
        )

    def _refuse_connect(self, reason: ReasonCode) -> None:
        log.info("connect_refused", peer=self._peer, device=self.device, reason=reason.name)
        self._out += replies.connack(self._level, reason)
        self._close()

    def _publish(self, flags: int, body: bytes) -> None:
        message = packets.read_publish(flags, body, self._level)
        if message.qos != 1 or message.packet_id is None:
            raise PacketError(ReasonCode.QOS_NOT_SUPPORTED, "records are published at QoS 1")
        if self.device is None:
            return
        if message.topic != self._topic:
            if self._level != packets.V5:
                raise PacketError(ReasonCode.NOT_AUTHORIZED, f"published on {message.topic}")
            reason = f"topic_not_yours: the topic is {self._topic}"
            self._out += replies.puback(
                self._level, message.packet_id, reason=ReasonCode.NOT_AUTHORIZED, why=reason
            )
            if not self._server.may_be_refused(self.device):
                self.end(ReasonCode.QUOTA_EXCEEDED)
            return
        self._in_flight += 1
        if self._in_flight > 2 * self._limits.in_flight and self._level == packets.V5:
            raise PacketError(
                ReasonCode.RECEIVE_MAXIMUM_EXCEEDED, "more in flight than was offered"
            )
        self._server.submit(
            self, message.packet_id, Arrival(message.payload, self.device, self._peer)
        )
        if self._in_flight >= self._limits.in_flight:
            self.pause()

    def _subscribe(self, flags: int, body: bytes, unsubscribe: bool) -> None:
        if flags != 2:
            raise PacketError(ReasonCode.MALFORMED_PACKET, "reserved flags of a subscription")
        asked = packets.read_subscribe(body, self._level, unsubscribe)
        own = receipt_topic(self.device) if self.device else ""
        refused = int(ReasonCode.NOT_AUTHORIZED) if self._level == packets.V5 else 0x80
        codes = [0 if f == own else refused for f in asked.filters]
        if own in asked.filters:
            self.wants_receipts = not unsubscribe
        self._out += replies.suback(self._level, asked.packet_id, codes, unsubscribe)

    # ---- what the intake and the server call

    def give(self, number: int, verdict: Verdict) -> None:
        """Acknowledge one record, after its commit; *number* is its packet identifier."""
        self._in_flight -= 1
        if isinstance(verdict, Stored):
            self._out += replies.puback(self._level, number)
            return
        if self._ended_at is not None or self.device is None:
            return
        if self._level != packets.V5 and not self.wants_receipts:
            log.info("refused_and_not_told", peer=self._peer, device=self.device, code=verdict.code)
            self.end(ReasonCode.IMPLEMENTATION_SPECIFIC)
            return
        reason = _REASONS.get(verdict.code, ReasonCode.PAYLOAD_FORMAT_INVALID)
        self._refuse(number, reason, f"{verdict.code}: {verdict.detail}")
        if self.wants_receipts:
            self._put(replies.publish(self._level, receipt_topic(self.device), verdict.message()))
        if not self._server.may_be_refused(self.device):
            self.end(ReasonCode.QUOTA_EXCEEDED)

    def send_receipt(self, device: DeviceId, message: bytes) -> None:
        """Put a message on the device's receipt topic; while it doesn't read, drop it: a later one covers more."""
        if self.wants_receipts and self._unread_since is None:
            self._put(replies.publish(self._level, receipt_topic(device), message))

    def not_committed(self) -> None:
        """End the connection: its records in flight were not stored, and the device sends them again."""
        self.end(ReasonCode.SERVER_BUSY)

    def flush(self) -> None:
        """Write what was buffered since the last time."""
        if self._out and self._transport is not None:
            if self._ended_at is None:
                self._transport.write(bytes(self._out))
            self._out.clear()

    def pause(self) -> None:
        """Read no more from this client."""
        if not self._is_paused and self._transport is not None and self._ended_at is None:
            self._is_paused = True
            self._transport.pause_reading()

    def resume_if_free(self) -> None:
        """Read again, unless too much is in flight or unread."""
        if (
            self._is_paused
            and self._unread_since is None
            and self._in_flight < self._limits.in_flight
            and not self._server.is_full
            and self._transport is not None
            and self._ended_at is None
        ):
            self._is_paused = False
            self._seen = time.monotonic()
            if self._level == 0:
                self._began = self._seen
            self._transport.resume_reading()

    def check_alive(self, now: float) -> None:
        """End a connection that sends or reads nothing for too long, or whose certificate has expired."""
        if self._ended_at is not None:
            if now - self._ended_at > self._limits.close_within_s and self._transport is not None:
                self._transport.abort()
        elif self._unread_since is not None:
            if now - self._unread_since > self._limits.unread_answers_s:
                self.end(ReasonCode.KEEP_ALIVE_TIMEOUT)
        elif self._is_paused:
            return
        elif self._level == 0:
            if now - self._began > self._limits.connect_within_s:
                self.end(ReasonCode.PROTOCOL_ERROR)
        elif now - self._seen > 1.5 * self._keep_alive_s:
            self.end(ReasonCode.KEEP_ALIVE_TIMEOUT)
        elif time.time() > self._valid_until:
            self.end(ReasonCode.NOT_AUTHORIZED)

    def end(self, reason: ReasonCode) -> None:
        """Send the reason, where the version has a packet for it, and close."""
        if self._transport is None or self._ended_at is not None:
            return
        if self._level == packets.V5:
            self._out += replies.disconnect(reason)
        elif self._level == 0 and reason in (
            ReasonCode.UNSUPPORTED_VERSION,
            ReasonCode.SERVER_BUSY,
        ):
            self._out += replies.connack(packets.V311, reason)
        self._close()

    def _refuse(self, number: int, reason: ReasonCode, why: str) -> None:
        packet = replies.puback(
            self._level, packet_id=number, reason=reason, why=why if self._tells_why else ""
        )
        if len(packet) > self._most_sent:
            packet = replies.puback(self._level, number, reason)
        self._out += packet

    def _put(self, packet: bytes) -> None:
        """Send *packet*, unless it is longer than the client takes."""
        if len(packet) <= self._most_sent:
            self._out += packet

    def _has_ended(self) -> bool:
        return self._ended_at is not None

    def _close(self) -> None:
        self.flush()
        self._ended_at = time.monotonic()
        if self._transport is not None:
            self._transport.close()
