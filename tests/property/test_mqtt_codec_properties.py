"""The MQTT codec: what is written is read back, and no bytes, cut anywhere, raise anything but PacketError."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_mqtt import remaining_length, text

from counterfoil.gateway.doors.mqtt import packets as codec
from counterfoil.gateway.doors.mqtt import replies
from counterfoil.gateway.doors.mqtt.packets import PacketError, PacketReader, PacketType, ReasonCode

MOST = 4_096
LEVELS = st.sampled_from((codec.V311, codec.V5))
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=60)
PACKETS = st.lists(
    st.tuples(st.integers(0, 15), st.integers(0, 15), st.binary(max_size=300)), max_size=12
)


def framed(packets: list[tuple[int, int, bytes]]) -> bytes:
    return b"".join(
        bytes((kind << 4 | flags,)) + remaining_length(len(body)) + body
        for kind, flags, body in packets
    )


def fed(data: bytes, cuts: list[int], most: int = MOST) -> list[tuple[int, int, bytes]]:
    reader = PacketReader(most)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    found: list[tuple[int, int, bytes]] = []
    for start, end in pairwise(places):
        found.extend(reader.feed(data[start:end]))
    return found


def read_all(kind: int, flags: int, body: bytes, level: int) -> None:
    """Read a body as whatever it says it is."""
    if kind == PacketType.CONNECT:
        asked = codec.read_connect(body)
        assert asked.most_bytes(codec.MAX_PACKET) >= 0
        assert asked.wants_reasons in (True, False)
    elif kind == PacketType.PUBLISH:
        codec.read_publish(flags, body, level)
    elif kind in (PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE):
        codec.read_subscribe(body, level, kind == PacketType.UNSUBSCRIBE)


@given(PACKETS, st.lists(st.integers(0, 10_000), max_size=20))
def test_packets_are_found_however_the_stream_is_cut(
    packets: list[tuple[int, int, bytes]], cuts: list[int]
) -> None:
    assert fed(framed(packets), cuts) == packets


@given(st.binary(max_size=2_000), st.lists(st.integers(0, 2_000), max_size=20), LEVELS)
def test_any_bytes_raise_nothing_but_packet_error(data: bytes, cuts: list[int], level: int) -> None:
    with contextlib.suppress(PacketError):
        for kind, flags, body in fed(data, cuts):
            with contextlib.suppress(PacketError):
                read_all(kind, flags, body, level)


@given(
    st.sampled_from(
        (PacketType.CONNECT, PacketType.PUBLISH, PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE)
    ),
    st.integers(0, 15),
    st.binary(max_size=200),
    LEVELS,
)
def test_any_body_raises_nothing_but_packet_error(
    kind: PacketType, flags: int, body: bytes, level: int
) -> None:
    prefix = b"\x00\x04MQTT" + bytes((level,)) if kind is PacketType.CONNECT else b""
    with contextlib.suppress(PacketError):
        read_all(kind, flags, body=prefix + body, level=level)


@given(st.integers(MOST + 1, 268_435_455))
def test_a_packet_that_is_too_long_is_refused_before_its_body_comes(length: int) -> None:
    with pytest.raises(PacketError) as refused:
        list(PacketReader(MOST).feed(b"\x30" + remaining_length(length)))
    assert refused.value.reason is ReasonCode.PACKET_TOO_LARGE


@given(st.binary(min_size=1, max_size=40), st.integers(0, 39))
def test_the_reader_holds_no_more_than_one_packet(body: bytes, cut: int) -> None:
    reader = PacketReader(MOST)
    packet = framed([(3, 2, body)])
    for _ in range(5):
        assert list(reader.feed(packet)) == [(3, 2, body)]
    list(reader.feed(packet[: cut % len(packet)]))
    assert len(reader._buffer) < len(packet)


@given(TEXTS, st.binary(max_size=500), st.integers(1, 65_535))
def test_a_publish_is_read_back_in_both_versions(
    topic: str, payload: bytes, packet_id: int
) -> None:
    body = text(topic) + packet_id.to_bytes(2)
    for level, properties in ((codec.V311, b""), (codec.V5, b"\x00"), (codec.V5, b"\x02\x01\x01")):
        found = codec.read_publish(2, body + properties + payload, level)
        assert found == codec.Publish(topic, payload, qos=1, packet_id=packet_id)


@given(TEXTS, st.binary(max_size=500), LEVELS)
def test_what_is_published_to_a_client_is_a_publish(topic: str, payload: bytes, level: int) -> None:
    ((kind, flags, body),) = PacketReader(MOST).feed(replies.publish(level, topic, payload))
    assert (kind, flags) == (PacketType.PUBLISH, 0)
    assert codec.read_publish(flags, body, level) == codec.Publish(
        topic, payload, qos=0, packet_id=None
    )


@given(
    TEXTS,
    st.integers(0, 65_535),
    st.booleans(),
    LEVELS,
    st.one_of(st.none(), st.tuples(TEXTS, st.binary(max_size=50))),
    st.one_of(st.none(), TEXTS),
    st.one_of(st.none(), st.binary(max_size=50)),
)
def test_a_connect_is_read_back_whatever_will_and_password_it_has(
    client_id: str,
    keep_alive_s: int,
    clean: bool,
    level: int,
    will: tuple[str, bytes] | None,
    user: str | None,
    password: bytes | None,
) -> None:
    none = b"\x00" if level == codec.V5 else b""
    flags = (
        clean << 1 | (will is not None) << 2 | (user is not None) << 7 | (password is not None) << 6
    )
    body = text("MQTT") + bytes((level, flags)) + keep_alive_s.to_bytes(2) + none + text(client_id)
    if will is not None:
        body += none + text(will[0]) + len(will[1]).to_bytes(2) + will[1]
    if user is not None:
        body += text(user)
    if password is not None:
        body += len(password).to_bytes(2) + password
    assert codec.read_connect(body) == codec.Connect(
        level, client_id, keep_alive_s, clean_start=clean
    )
    with pytest.raises(PacketError):
        codec.read_connect(body + b"\0")


@given(st.sampled_from(list(ReasonCode)), TEXTS, st.integers(1, 65_535), LEVELS)
def test_an_acknowledgement_is_one_packet_of_bounded_length(
    reason: ReasonCode, why: str, packet_id: int, level: int
) -> None:
    packet = replies.puback(level, packet_id, reason, why=why * 20)
    ((kind, flags, body),) = PacketReader(MOST).feed(packet)
    assert (kind, flags) == (PacketType.PUBACK, 0)
    assert body[:2] == packet_id.to_bytes(2)
    assert len(packet) <= 211
    if level == codec.V311 or reason is ReasonCode.SUCCESS:
        assert len(body) == 2
    else:
        assert body[2] == reason
        properties = codec._Reader(body[3:]).properties()
        assert (why * 20).startswith(str(properties.get(0x1F, "")))


@given(st.sampled_from(list(ReasonCode)), LEVELS, st.integers(0, 65_535), TEXTS)
def test_an_answer_to_connect_is_one_packet(
    reason: ReasonCode, level: int, keep_alive_s: int, client_id: str
) -> None:
    packet = replies.connack(
        level,
        reason,
        receive_maximum=512,
        max_packet=16_384,
        keep_alive_s=keep_alive_s,
        client_id=client_id,
    )
    ((kind, _, body),) = PacketReader(MOST).feed(packet)
    assert kind == PacketType.CONNACK
    assert body[0] == 0
    if level == codec.V311:
        assert body[1] in range(6)
        assert (body[1] == 0) == (reason is ReasonCode.SUCCESS)
    else:
        assert body[1] == reason


@given(st.lists(TEXTS, min_size=1, max_size=5), LEVELS, st.booleans(), st.integers(1, 65_535))
def test_a_subscription_is_read_back(
    filters: list[str], level: int, unsubscribe: bool, packet_id: int
) -> None:
    body = packet_id.to_bytes(2) + (b"\x00" if level == codec.V5 else b"")
    for one in filters:
        body += text(one) + (b"" if unsubscribe else b"\x01")
    assert codec.read_subscribe(body, level, unsubscribe) == codec.Subscribe(packet_id, filters)
