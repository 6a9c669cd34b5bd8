"""A payload or a header in which one thing only is wrong is refused, and the last value in range is taken."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from support_record import DEVICE, SALE, first_record, next_record, private_key, tip_of

from counterfoil.gateway.errors import (
    HeaderError,
    MalformedEnvelopeError,
    MalformedPayloadError,
    RecordTooLargeError,
)
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.ranges import MAX_EPOCH, MAX_TIME_MS
from counterfoil.gateway.record.record import EpochLink, GossipedHead, Record
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import (
    MAX_RECORD_BYTES,
    decode,
    decode_payload,
    encode_payload,
    encode_protected,
    sign_record,
)

KEY = private_key()
KID = PublicKey.of(KEY).kid
SECOND = next_record(tip_of(first_record()))
"""In the middle of its epoch."""
LINKED = replace(
    SECOND, epoch=2, sequence=1, head=GossipedHead(2, Digest(bytes(32))), link=EpochLink(1, 1)
)
"""With every field that a payload can have."""


def fields(record: Record, **change: object) -> bytes:
    """The payload of *record* with other values; ``f3`` is its field 3."""
    changed = {int(name[1:]): value for name, value in change.items()}
    return cbor2.dumps(cbor2.loads(encode_payload(record)) | changed)


def read(payload: bytes) -> Record:
    return decode_payload(payload, DEVICE, "sales")


@pytest.mark.parametrize("record", [SECOND, LINKED])
@pytest.mark.parametrize("form", [b"\x8a", b"\xca", b"\x4a", b"\x0a", b"\xea"])
def test_a_payload_that_is_no_map_is_no_envelope(record: Record, form: bytes) -> None:
    payload = form + encode_payload(record)[1:]
    message = cose.sign1(encode_protected(DEVICE, "sales", KID), payload, KEY)
    with pytest.raises(MalformedEnvelopeError, match="no map"):
        decode(message)
    with pytest.raises(MalformedPayloadError, match="no map"):
        read(payload)


@pytest.mark.parametrize("pairs", [0, 9, 10, 11, 13, 14])
def test_a_payload_has_as_many_keys_as_it_says(pairs: int) -> None:
    payload = encode_payload(LINKED)
    assert payload[0] == 0xAC
    assert read(payload) == LINKED
    with pytest.raises(MalformedPayloadError):
        read(bytes((0xA0 | pairs,)) + payload[1:])


@pytest.mark.parametrize("opening", [b"\x0a\xa2", b"\x0a\xa4", b"\x0a\x83", b"\x0b\xa3"])
def test_the_counters_are_key_10_and_a_map_of_three(opening: bytes) -> None:
    payload = encode_payload(SECOND)
    assert payload.count(b"\x0a\xa3\x01\x02") == 1
    assert read(payload) == SECOND
    with pytest.raises(MalformedPayloadError, match="no counters"):
        read(payload.replace(b"\x0a\xa3\x01\x02", opening + b"\x01\x02"))


@pytest.mark.parametrize(
    "payload",
    [
        fields(SECOND, f2=0),
        fields(SECOND, f2=MAX_EPOCH + 1),
        fields(SECOND, f3=0),
        fields(SECOND, f2=2, f3=1),
        fields(SECOND, f5=MAX_TIME_MS + 1),
        fields(SECOND, f6=4),
        fields(SECOND, f8=99),
        fields(SECOND, f10={1: 2, 2: -(2**63), 3: 0}),
        fields(SECOND, f12=[1, 1]),
        fields(LINKED, f12=[2, 1]),
        fields(SECOND, f1=2),
        b"",
    ],
)
def test_a_value_beside_its_range_is_refused(payload: bytes) -> None:
    assert read(encode_payload(SECOND)) == SECOND
    assert read(encode_payload(LINKED)) == LINKED
    with pytest.raises(MalformedPayloadError):
        read(payload)


def test_the_last_values_in_range_are_taken() -> None:
    last = replace(SECOND, epoch=MAX_EPOCH, time_ms=MAX_TIME_MS)
    assert read(encode_payload(last)) == last
    owing = fields(SECOND, f10={1: 2, 2: -(2**63) + 1, 3: 0})
    assert read(owing).counters.amount_minor == -(2**63) + 1


HEADER = encode_protected(DEVICE, "sales", KID)


@pytest.mark.parametrize(
    "header",
    [
        HEADER + b"\x00",
        b"\xa4" + HEADER[1:],
        HEADER.replace(b"\x01\x26\x04", b"\x01\x27\x04", 1),
        HEADER.replace(b"\x01\x26\x04", b"\x01\x26\x05", 1),
        HEADER.replace(b"\x0f\xa2\x01", b"\x0f\xa3\x01", 1),
        HEADER.replace(b"\x0f\xa2\x01", b"\x0e\xa2\x01", 1),
        HEADER.replace(b"\x0f\xa2\x01", b"\x0f\xa2\x03", 1),
    ],
    ids=["longer", "four entries", "algorithm", "key id", "three claims", "claims", "issuer"],
)
def test_a_header_with_one_other_byte_is_refused(header: bytes) -> None:
    assert header != HEADER
    assert decode(sign_record(SECOND, KEY)).record == SECOND
    with pytest.raises(HeaderError):
        decode(cose.sign1(header, encode_payload(SECOND), KEY))


@pytest.mark.parametrize("stream", ["", "Sales", "a" * 33, "sales!"])
def test_no_header_is_made_for_a_stream_that_is_no_word(stream: str) -> None:
    assert decode(sign_record(SECOND, KEY)).sub == "sales"
    with pytest.raises(MalformedPayloadError, match="stream"):
        sign_record(replace(SECOND, stream=stream), KEY)


def test_a_record_may_be_just_8_kib_long() -> None:
    lines = (SaleLine(commodity="é" * 64, quantity=1, unit_price_minor=1),) * 59

    def signed(reference: int) -> bytes:
        body = replace(SALE, lines=lines, payment_reference="r" * reference)
        return sign_record(first_record(body), KEY)

    longest = 24 + MAX_RECORD_BYTES - len(signed(24))
    assert 24 < longest < 128
    assert len(signed(longest)) == len(decode(signed(longest)).raw) == MAX_RECORD_BYTES
    with pytest.raises(RecordTooLargeError):
        signed(longest + 1)
