"""For any record: it is read back; for any change of its bytes: it is not accepted."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from support_record import DEVICE, START_MS, key_ring, private_key

from counterfoil.gateway.errors import MalformedPayloadError, ReceiptError, RecordError
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import (
    Alarm,
    Body,
    DailyClosing,
    Location,
    MeterInterval,
    Refund,
    Sale,
    Status,
)
from counterfoil.gateway.record.cbor import MAX_INTEGER
from counterfoil.gateway.record.downlink import decode_message
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.ranges import MAX_TIME_MS
from counterfoil.gateway.record.record import Clock, Counters, EpochLink, GossipedHead, Record
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import (
    decode,
    decode_payload,
    encode_payload,
    sign_record,
)
from counterfoil.gateway.record.verification import verify_signature

naturals = st.integers(0, MAX_INTEGER)
words = st.from_regex(r"[a-z0-9][a-z0-9_.-]{0,31}", fullmatch=True)
currencies = st.from_regex(r"[A-Z]{3}", fullmatch=True)
digests = st.binary(min_size=32, max_size=32).map(Digest)
times = st.integers(0, MAX_TIME_MS)


def texts(longest: int) -> st.SearchStrategy[str]:
    characters = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))
    return st.text(characters, min_size=1, max_size=longest)


lines = st.builds(SaleLine, texts(20), naturals, naturals, st.none() | texts(16))
bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(
        Sale,
        naturals,
        currencies,
        words,
        st.none() | texts(128),
        st.lists(lines, max_size=30).map(tuple),
        st.none() | words,
    ),
    st.builds(
        Refund,
        naturals,
        currencies,
        st.integers(1, 2**32 - 1),
        st.integers(1, MAX_INTEGER),
        st.none() | texts(256),
        st.none() | texts(128),
    ),
    st.builds(
        lambda start, length, energy, before, reactive: MeterInterval(
            start_ms=start,
            end_ms=start + length,
            energy_wh=energy,
            register_wh=before + energy,
            reactive_varh=reactive,
        ),
        st.integers(0, MAX_TIME_MS // 2),
        st.integers(1, MAX_TIME_MS // 2),
        st.integers(0, 2**62),
        st.integers(0, 2**62 - 1),
        st.none() | st.integers(-MAX_INTEGER, MAX_INTEGER),
    ),
    st.builds(
        Status,
        st.sampled_from(["running", "idle", "fault", "out_of_service"]),
        st.none() | texts(99),
    ),
    st.builds(
        Location,
        st.integers(-900_000_000, 900_000_000),
        st.integers(-1_800_000_000, 1_800_000_000),
        st.none() | st.integers(0, 40_000_000),
    ),
    st.builds(Alarm, words, st.none() | texts(256)),
    st.builds(
        DailyClosing,
        st.dates().filter(lambda day: day.year >= 1970).map(lambda day: int(f"{day:%Y%m%d}")),
        naturals,
        st.integers(-MAX_INTEGER, MAX_INTEGER),
        currencies,
        naturals,
    ),
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    epoch, sequence = draw(st.integers(1, 2**32 - 1)), draw(st.integers(1, MAX_INTEGER))
    if draw(st.booleans()):
        sequence = 1
    link = None
    if epoch > 1 and sequence == 1:
        link = EpochLink(draw(st.integers(1, epoch - 1)), draw(st.integers(1, MAX_INTEGER)))
    return Record(
        DEVICE,
        stream=draw(words),
        epoch=epoch,
        sequence=sequence,
        prev=draw(digests),
        time_ms=draw(times),
        clock=draw(st.sampled_from(Clock)),
        uptime_ms=draw(naturals),
        body=draw(bodies),
        counters=Counters(
            draw(naturals), draw(st.integers(-MAX_INTEGER, MAX_INTEGER)), draw(naturals)
        ),
        head=draw(st.none() | st.builds(GossipedHead, naturals, digests)),
        link=link,
    )


@given(records())
def test_what_is_encoded_is_read_back_and_is_deterministic(record: Record) -> None:
    payload = encode_payload(record)
    assert decode_payload(payload, record.device, record.stream) == record
    assert cbor2.dumps(cbor2.loads(payload), canonical=True) == payload


@settings(max_examples=50)
@given(records())
def test_what_is_signed_is_read_back(record: Record) -> None:
    signed = decode(sign_record(record, private_key()))
    assert signed.record == record
    assert (signed.iss, signed.sub) == (DEVICE, record.stream)


@given(records(), st.data())
def test_whatever_payload_is_read_re_encodes_to_the_same_bytes(
    record: Record, data: st.DataObject
) -> None:
    """The schema's readers agree with cbor2 about what is deterministic, on mutated payloads."""
    payload = bytearray(encode_payload(record))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(payload) - 1))
        action = data.draw(st.sampled_from(["flip", "insert", "delete"]))
        if action == "flip":
            payload[at] = data.draw(st.integers(0, 255))
        elif action == "insert":
            payload.insert(at, data.draw(st.integers(0, 255)))
        elif len(payload) > 1:
            del payload[at]
    try:
        read = decode_payload(bytes(payload), DEVICE, record.stream)
    except MalformedPayloadError:
        return
    assert encode_payload(read) == bytes(payload)
    # What was read without the constructors' checks passes them, and can be changed as little.
    assert replace(read, body=replace(read.body), counters=replace(read.counters)) == read
    with pytest.raises(FrozenInstanceError):
        read.time_ms = 0  # type: ignore[misc]


scalars = st.integers(0, 2**256 - 1).flatmap(
    lambda top: st.integers(0, 256).map(lambda bits: (top >> bits).to_bytes(32, "big"))
)


@given(
    st.binary(min_size=64, max_size=64) | st.lists(scalars, min_size=2, max_size=2).map(b"".join)
)
def test_signatures_are_given_to_the_library_in_the_form_that_it_makes(signature: bytes) -> None:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    assert cose.encode_der(signature) == encode_dss_signature(r, s)


EXAMPLE = sign_record(
    Record(
        DEVICE,
        stream="sales",
        epoch=1,
        sequence=1,
        prev=Digest(bytes(32)),
        time_ms=START_MS,
        clock=Clock.SYNCHRONISED,
        uptime_ms=1_000,
        body=Sale(
            amount_minor=350,
            currency="USD",
            payment_method="card",
            payment_reference="ref-1234567",
            lines=(
                SaleLine(commodity="04012345678901", quantity=1, unit_price_minor=350, slot="A1"),
            ),
        ),
        counters=Counters(1, 350, 0),
    ),
    private_key(),
)


def test_a_change_of_any_byte_never_verifies() -> None:
    for at in range(len(EXAMPLE)):
        for bit in (0x01, 0x80):
            changed = EXAMPLE[:at] + bytes((EXAMPLE[at] ^ bit,)) + EXAMPLE[at + 1 :]
            try:
                verify_signature(changed, DEVICE, key_ring())
            except RecordError:
                continue
            raise AssertionError(f"a change at byte {at} was accepted")


@given(st.binary(max_size=400))
def test_noise_raises_only_our_errors(noise: bytes) -> None:
    for raw in (noise, b"\xd2\x84" + noise, EXAMPLE[:140] + noise, cose.encode_bstr(noise)):
        for read in (decode, decode_message):
            try:
                read(raw)
            except (RecordError, ReceiptError):
                continue


cbor_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(-2, 14), inner),
    max_leaves=12,
)


@given(cbor_values)
def test_other_cbor_in_place_of_a_payload_is_refused(value: Any) -> None:
    with pytest.raises(MalformedPayloadError):
        decode_payload(cbor2.dumps(value), DEVICE, "sales")
