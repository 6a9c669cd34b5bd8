"""MQTT packets that a client sends, read from bytes (OASIS MQTT 3.1.1 and 5.0). Pure, no sockets.

The endpoint reads CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT and PUBACK. Anything else, and anything
malformed, is a :class:`PacketError` with the reason code that a v5 client is told. ``replies`` has what it sends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum


class PacketType(IntEnum):
    """Control packet types (MQTT 5, 2.1.2)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


class ReasonCode(IntEnum):
    """Reason codes that this endpoint uses (MQTT 5, 2.4)."""

    SUCCESS = 0x00
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC = 0x83
    UNSUPPORTED_VERSION = 0x84
    CLIENT_IDENTIFIER_INVALID = 0x85
    NOT_AUTHORIZED = 0x87
    SERVER_BUSY = 0x89
    SERVER_SHUTTING_DOWN = 0x8B
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    PAYLOAD_FORMAT_INVALID = 0x99
    QOS_NOT_SUPPORTED = 0x9B


V311, V5 = 4, 5
MAX_PACKET = 268_435_460
"""No packet is longer: a remaining length of four bytes, and five bytes before it."""


class PacketError(Exception):
    """The peer broke the protocol; the connection ends with ``reason``."""

    def __init__(self, reason: ReasonCode, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client asks for; ``keep_alive_s`` is 0 for none."""

    level: int
    client_id: str
    keep_alive_s: int
    clean_start: bool
    properties: dict[int, object] = field(default_factory=dict)

    @property
    def wants_reasons(self) -> bool:
        """Whether a reason may be sent as text to this client (MQTT 5, 3.1.2.11.7)."""
        return self.properties.get(_REQUEST_PROBLEM_INFORMATION, 1) != 0

    def most_bytes(self, otherwise: int) -> int:
        """The longest packet that this client takes (MQTT 5, 3.1.2.11.4)."""
        stated = self.properties.get(_MAXIMUM_PACKET_SIZE, otherwise)
        return stated if isinstance(stated, int) else otherwise


@dataclass(frozen=True, slots=True)
class Publish:
    """A message; ``packet_id`` is None at QoS 0."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int | None


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Topic filters that a client wants, or no longer wants."""

    packet_id: int
    filters: list[str]


class PacketReader:
    """Cuts a byte stream into packets; keeps at most one incomplete packet."""

    def __init__(self, max_packet: int) -> None:
        self._buffer = bytearray()
        self._max_packet = max_packet

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield (type, flags, body) of each packet that is complete now.

        Raises:
            PacketError: a packet is too large, or its length is malformed.
        """
        self._buffer += data
        buffer = self._buffer
        at = 0
        end = len(buffer)
        while end - at >= 2:
            length = shift = 0
            position = at + 1
            while True:
                if position >= end:
                    length = -1
                    break
                byte = buffer[position]
                position += 1
                length |= (byte & 0x7F) << shift
                if byte < 0x80:
                    break
                shift += 7
                if shift > 21:
                    raise PacketError(
                        ReasonCode.MALFORMED_PACKET, "the remaining length has five bytes"
                    )
            if length > self._max_packet:
                raise PacketError(
                    ReasonCode.PACKET_TOO_LARGE, f"{length} bytes, at most {self._max_packet}"
                )
            if length < 0 or end - position < length:
                break
            first = buffer[at]
            body = bytes(buffer[position : position + length])
            at = position + length
            yield first >> 4, first & 0x0F, body
        if at:
            del buffer[:at]


# ---- reading


def read_connect(body: bytes) -> Connect:
    """Return the CONNECT in *body*; a will, a user name and a password are skipped.

    Raises:
        PacketError: malformed, or another protocol or version.
    """
    read = _Reader(body)
    if read.text() != "MQTT":
        raise PacketError(ReasonCode.UNSUPPORTED_VERSION, "the protocol is not MQTT")
    level = read.byte()
    if level not in (V311, V5):
        raise PacketError(ReasonCode.UNSUPPORTED_VERSION, f"protocol level {level}")
    flags = read.byte()
    if flags & 1:
        raise PacketError(ReasonCode.MALFORMED_PACKET, "a reserved connect flag is set")
    keep_alive = read.two()
    properties = read.properties() if level == V5 else {}
    client_id = read.text()
    if flags & 0x04:
        if level == V5:
            read.properties()
        read.text()
        read.binary()
    if flags & 0x80:
        read.text()
    if flags & 0x40:
        read.binary()
    read.end()
    return Connect(
        level,
        client_id,
        keep_alive_s=keep_alive,
        clean_start=bool(flags & 0x02),
        properties=properties,
    )


def read_publish(flags: int, body: bytes, level: int) -> Publish:
    """Return the PUBLISH in *body*."""
    read = _Reader(body)
    topic = read.text()
    qos = flags >> 1 & 3
    if qos == 3:
        raise PacketError(ReasonCode.MALFORMED_PACKET, "QoS 3")
    packet_id = None
    if qos:
        packet_id = read.two()
        if packet_id == 0:
            raise PacketError(ReasonCode.PROTOCOL_ERROR, "packet identifier 0")
    if level == V5 and _TOPIC_ALIAS in read.properties():
        raise PacketError(ReasonCode.PROTOCOL_ERROR, "topic aliases are not offered")
    return Publish(topic, payload=read.rest(), qos=qos, packet_id=packet_id)


def read_subscribe(body: bytes, level: int, unsubscribe: bool = False) -> Subscribe:
    """Return the SUBSCRIBE or UNSUBSCRIBE in *body*."""
    read = _Reader(body)
    packet_id = read.two()
    if level == V5:
        read.properties()
    filters: list[str] = []
    while not read.at_end:
        filters.append(read.text())
        if not unsubscribe:
            read.byte()
    if not filters or packet_id == 0:
        raise PacketError(ReasonCode.PROTOCOL_ERROR, "no topic filter, or packet identifier 0")
    return Subscribe(packet_id, filters)


# ---- parts

_REQUEST_PROBLEM_INFORMATION = 0x17
_MAXIMUM_PACKET_SIZE = 0x27
_TOPIC_ALIAS = 0x23
_PROPERTY_SIZES = {
    **dict.fromkeys((0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A), 1),
    **dict.fromkeys((0x13, 0x21, 0x22, 0x23), 2),
    **dict.fromkeys((0x02, 0x11, 0x18, 0x27), 4),
}
_TEXT_PROPERTIES = frozenset((0x03, 0x08, 0x12, 0x15, 0x1A, 0x1C, 0x1F))
_BINARY_PROPERTIES = frozenset((0x09, 0x16))


class _Reader:
    """Reads a packet's body from the front; reading past its end is a malformed packet."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        end = self._at + count
        if end > len(self._data):
            raise PacketError(ReasonCode.MALFORMED_PACKET, "a packet ends too soon")
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def two(self) -> int:
        return int.from_bytes(self.take(2))

    def binary(self) -> bytes:
        return self.take(self.two())

    def text(self) -> str:
        try:
            found = self.binary().decode()
        except UnicodeDecodeError as error:
            raise PacketError(ReasonCode.MALFORMED_PACKET, "text that is not UTF-8") from error
        if "\0" in found:
            raise PacketError(ReasonCode.MALFORMED_PACKET, "text with a null character")
        return found

    def variable(self) -> int:
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7
            if shift > 21:
                raise PacketError(ReasonCode.MALFORMED_PACKET, "a variable integer has five bytes")

    def properties(self) -> dict[int, object]:
        length = self.variable()
        end = self._at + length
        if end > len(self._data):
            raise PacketError(ReasonCode.MALFORMED_PACKET, "properties end too late")
        found: dict[int, object] = {}
        while self._at < end:
            key = self.variable()
            if key in _PROPERTY_SIZES:
                found[key] = int.from_bytes(self.take(_PROPERTY_SIZES[key]))
            elif key in _TEXT_PROPERTIES:
                found[key] = self.text()
            elif key in _BINARY_PROPERTIES:
                found[key] = self.binary()
            elif key == 0x26:
                found[key] = (self.text(), self.text())
            elif key == 0x0B:
                found[key] = self.variable()
            else:
                raise PacketError(ReasonCode.MALFORMED_PACKET, f"property {key:#x}")
        if self._at != end:
            raise PacketError(ReasonCode.MALFORMED_PACKET, "properties longer than they say")
        return found

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at)

    def end(self) -> None:
        if not self.at_end:
            raise PacketError(ReasonCode.MALFORMED_PACKET, "bytes after the end of a packet")
