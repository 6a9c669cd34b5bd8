"""What a reader remembers of earlier records (headers, a sale's lines) never changes what the next one says."""

from __future__ import annotations

import cbor2
import pytest
from support_record import DEVICE, first_record, key_ring, private_key

from counterfoil.gateway import errors
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import decode, sign_record
from counterfoil.gateway.record.verification import verify_signature

KEY = private_key()
LINES = (
    SaleLine(commodity="04012345678901", quantity=1, unit_price_minor=350, slot="A1"),
    SaleLine("water", 24, 300),
)
SALE = Sale(
    amount_minor=7_550,
    currency="USD",
    payment_method="card",
    payment_reference="psp-1",
    lines=LINES,
    commodity_scheme="own",
)
GOOD = sign_record(first_record(SALE), KEY)


def test_a_header_with_any_byte_changed_is_not_taken_for_the_one_before() -> None:
    assert verify_signature(GOOD, DEVICE, key_ring()).record.device == DEVICE
    parts = cose.split_sign1(GOOD)
    for at in range(len(parts.protected)):
        other = bytearray(parts.protected)
        other[at] ^= 1
        with pytest.raises(errors.RecordError):
            verify_signature(GOOD.replace(parts.protected, bytes(other)), None, key_ring())
        assert verify_signature(GOOD, DEVICE, key_ring()).record.device == DEVICE


@pytest.mark.parametrize(
    "line", [["04012345678901", 2, 350, "A1"], ["04012345678901", 1, 351, "A1"], ["water", 24, 30]]
)
def test_a_line_that_differs_from_one_before_is_read_as_it_stands(line: list[object]) -> None:
    assert decode(GOOD).record.body == SALE
    fields = cbor2.loads(cose.split_sign1(GOOD).payload)
    fields[9][5] = [line]
    other = decode(cose.sign1(cose.split_sign1(GOOD).protected, cbor2.dumps(fields), KEY))
    assert other.record.body.lines == (SaleLine(*line),)  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize(
    ("short", "long"),
    [
        (b"\x6e04012345678901\x01", b"\x6e04012345678901\x18\x01"),
        (b"\x6e04012345678901\x01", b"\x78\x0e04012345678901\x01"),
        (b"\x01\x19\x01\x5e", b"\x01\x1a\x00\x00\x01\x5e"),
        (b"\x62A1", b"\x78\x02A1"),
        (b"\x65water\x18\x18", b"\x65water\x19\x00\x18"),
        (b"\x65water\x18\x18", b"\x65water\xf9\x4e\x00"),
    ],
)
def test_a_line_known_in_its_shortest_form_is_refused_in_a_longer_one(
    short: bytes, long: bytes
) -> None:
    assert decode(GOOD).record.body == SALE
    parts = cose.split_sign1(GOOD)
    assert parts.payload.count(short) == 1
    with pytest.raises(errors.MalformedPayloadError):
        decode(cose.sign1(parts.protected, parts.payload.replace(short, long), KEY))


@pytest.mark.parametrize("head", [0x18, 0x19, 0x1A, 0x1B])
def test_a_number_of_any_length_is_refused_when_a_shorter_form_holds_it(head: int) -> None:
    parts = cose.split_sign1(GOOD)
    width = 1 << head - 0x18
    smallest = {0x18: 24, 0x19: 0x100, 0x1A: 0x1_0000, 0x1B: 0x1_0000_0000}[head]
    old = b"\x05" + cbor2.dumps(decode(GOOD).record.time_ms)
    assert parts.payload.count(old) == 1

    def timed(value: int) -> bytes:
        new = bytes((5, head)) + value.to_bytes(width, "big")
        return cose.sign1(parts.protected, parts.payload.replace(old, new), KEY)

    assert decode(timed(smallest)).record.time_ms == smallest
    with pytest.raises(errors.MalformedPayloadError):
        decode(timed(smallest - 1))
