"""MQTT packets that the server sends, as bytes (OASIS MQTT 3.1.1 and 5.0). Pure, no sockets."""

from __future__ import annotations

from counterfoil.gateway.doors.mqtt.packets import V5, ReasonCode

_CONNECT_RETURN_CODES = {
    ReasonCode.SUCCESS: 0,
    ReasonCode.UNSUPPORTED_VERSION: 1,
    ReasonCode.CLIENT_IDENTIFIER_INVALID: 2,
    ReasonCode.SERVER_BUSY: 3,
    ReasonCode.QUOTA_EXCEEDED: 3,
}
"""v3.1.1's return codes (3.2.2.3); any other reason is 5, not authorised."""


def connack(
    level: int,
    reason: ReasonCode,
    *,
    receive_maximum: int = 0,
    max_packet: int = 0,
    keep_alive_s: int | None = None,
    client_id: str | None = None,
) -> bytes:
    """Return a CONNACK; on success with the limits that a v5 client must keep.

    *keep_alive_s* is given when it is not what the client asked for, *client_id* when it gave none.
    """
    if level != V5:
        return bytes((0x20, 2, 0, _CONNECT_RETURN_CODES.get(reason, 5)))
    properties = b""
    if reason is ReasonCode.SUCCESS:
        # The session ends with the connection.
        properties = (
            b"\x11\x00\x00\x00\x00\x21" + receive_maximum.to_bytes(2)
            + b"\x24\x01\x25\x00"  # maximum QoS 1, no retained messages
            + b"\x27" + max_packet.to_bytes(4)
            + b"\x22\x00\x00\x28\x00\x29\x00\x2a\x00"  # no aliases, wildcards, identifiers, sharing
        )  # fmt: skip
        if keep_alive_s is not None:
            properties += b"\x13" + keep_alive_s.to_bytes(2)
        if client_id is not None:
            properties += b"\x12" + len(client_id).to_bytes(2) + client_id.encode()
    return _packet(0x20, bytes((0, reason)) + _length(len(properties)) + properties)


def puback(
    level: int, packet_id: int, reason: ReasonCode = ReasonCode.SUCCESS, why: str = ""
) -> bytes:
    """Return a PUBACK; v3.1.1 has no room for a reason."""
    if level != V5 or reason is ReasonCode.SUCCESS:
        return bytes((0x40, 2)) + packet_id.to_bytes(2)
    text = why.encode()[:200].decode(errors="ignore").encode()
    properties = b"\x1f" + len(text).to_bytes(2) + text if text else b""
    return _packet(
        0x40, packet_id.to_bytes(2) + bytes((reason,)) + _length(len(properties)) + properties
    )


def publish(level: int, topic: str, payload: bytes) -> bytes:
    """Return a PUBLISH at QoS 0."""
    name = topic.encode()
    properties = b"\x00" if level == V5 else b""
    return _packet(0x30, len(name).to_bytes(2) + name + properties + payload)


def suback(level: int, packet_id: int, codes: list[int], unsubscribe: bool = False) -> bytes:
    """Return a SUBACK or an UNSUBACK with a code for each filter (v3.1.1's UNSUBACK has none)."""
    properties = b"\x00" if level == V5 else b""
    listed = b"" if unsubscribe and level != V5 else bytes(codes)
    return _packet(0xB0 if unsubscribe else 0x90, packet_id.to_bytes(2) + properties + listed)


def pingresp() -> bytes:
    """Return a PINGRESP."""
    return b"\xd0\x00"


def disconnect(reason: ReasonCode) -> bytes:
    """Return a v5 DISCONNECT (a v3.1.1 server only closes)."""
    return bytes((0xE0, 2, reason, 0))


def _length(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body
