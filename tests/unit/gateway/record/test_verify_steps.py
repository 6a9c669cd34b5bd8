"""Each numbered step of verification, in a record in which only that step fails."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from support_record import (
    DEVICE,
    OTHER_DEVICE,
    SALE,
    chain,
    first_record,
    key_ring,
    next_record,
    private_key,
    tip_of,
)

from counterfoil.gateway import errors
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import Alarm, MeterInterval, Refund, Status
from counterfoil.gateway.record.chain_check import (
    Accepted,
    Duplicate,
    NumberUsed,
    check_chain,
    check_used_number,
)
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.record import Clock, Counters, EpochLink
from counterfoil.gateway.record.signed_record import (
    SignedRecord,
    decode,
    encode_payload,
    encode_protected,
    sign_record,
)
from counterfoil.gateway.record.verification import (
    DeviceKey,
    KeyStatus,
    verify_signature,
    verify_signatures,
)

KEY = private_key()
GOOD = sign_record(first_record(), KEY)


def signed(raw: bytes) -> SignedRecord:
    return verify_signature(raw, DEVICE, key_ring())


def resigned(payload: object, protected: object | None = None) -> bytes:
    """A message with any payload or header, truly signed: only its content is wrong."""
    header = cose.split_sign1(GOOD).protected if protected is None else protected
    return cose.sign1(
        header if isinstance(header, bytes) else cbor2.dumps(header),
        payload if isinstance(payload, bytes) else cbor2.dumps(payload),
        KEY,
    )


def fields() -> dict[int, object]:
    decoded = cbor2.loads(cose.split_sign1(GOOD).payload)
    assert isinstance(decoded, dict)
    return decoded


def test_all_steps_pass_on_a_chain() -> None:
    tip = None
    for raw in chain(
        [
            SALE,
            Refund(amount_minor=350, currency="USD", refunded_epoch=1, refunded_sequence=1),
            Status("idle"),
            Alarm("door_open"),
            SALE,
        ]
    ):
        outcome = check_chain(verify_signature(raw, DEVICE, key_ring()), tip)
        assert isinstance(outcome, Accepted)
        tip = outcome.tip
    assert tip is not None
    assert tip.counters == Counters(3, 350, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        GOOD[:-1],
        GOOD + b"\x00",
        GOOD[1:],
        b"\xd2\x9f" + GOOD[2:] + b"\xff",
        GOOD.replace(b"\xa0", b"\xbf\xff", 1),
        b"\xd2\x84\x59\x00" + GOOD[3:],
    ],
)
def test_step_1_bytes_of_another_shape_are_refused(raw: bytes) -> None:
    with pytest.raises(errors.MalformedEnvelopeError) as refusal:
        signed(raw)
    assert (refusal.value.step, refusal.value.code) == (1, "record.envelope_malformed")


def test_step_1_a_record_over_8_kib_is_refused() -> None:
    with pytest.raises(errors.RecordTooLargeError):
        signed(resigned(cose.split_sign1(GOOD).payload + bytes(8192)))


def test_step_1_another_version_is_refused_by_name() -> None:
    with pytest.raises(errors.UnsupportedVersionError):
        signed(resigned(fields() | {1: 2}))


def test_step_1_a_payload_that_does_not_open_with_its_position_is_refused() -> None:
    without_epoch = {key: value for key, value in fields().items() if key != 2}
    with pytest.raises(errors.MalformedEnvelopeError):
        signed(resigned(without_epoch))


@pytest.mark.parametrize(
    "change",
    [
        {1: -35},
        {4: b"short"},
        {15: {1: DEVICE}},
        {15: {1: "not a urn", 2: "sales"}},
        {15: {1: DEVICE, 2: "Sales!"}},
        {15: {1: DEVICE, 2: "sales", 6: 0}},
        {16: "more"},
    ],
)
def test_step_2_another_header_is_refused(change: dict[int, object]) -> None:
    header = {1: -7, 4: PublicKey.of(KEY).kid, 15: {1: DEVICE, 2: "sales"}} | change
    with pytest.raises(errors.HeaderError) as refusal:
        signed(resigned(fields(), header))
    assert (refusal.value.step, refusal.value.code) == (2, "record.header_malformed")


def test_step_2_a_header_in_another_order_is_refused() -> None:
    header = {4: PublicKey.of(KEY).kid, 1: -7, 15: {1: DEVICE, 2: "sales"}}
    with pytest.raises(errors.HeaderError):
        signed(resigned(fields(), header))


def test_step_3_a_record_of_another_device_is_refused() -> None:
    raw = sign_record(first_record(device=OTHER_DEVICE), KEY)
    ring = {**key_ring(DEVICE), **key_ring(OTHER_DEVICE)}
    assert verify_signature(raw, OTHER_DEVICE, ring).iss == OTHER_DEVICE
    assert verify_signature(raw, None, ring).iss == OTHER_DEVICE
    with pytest.raises(errors.IssuerMismatchError) as refusal:
        verify_signature(raw, DEVICE, ring)
    assert (refusal.value.step, refusal.value.code) == (3, "record.issuer_mismatch")


def test_step_4_a_record_without_a_registered_key_is_refused() -> None:
    with pytest.raises(errors.KeyUnknownError) as refusal:
        verify_signature(GOOD, DEVICE, {})
    assert (refusal.value.step, refusal.value.code) == (4, "record.key_unknown")


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (DeviceKey(DEVICE, 1, PublicKey.of(KEY), from_sequence=2), errors.SequenceOutsideKeyError),
        (DeviceKey(DEVICE, 1, PublicKey.of(KEY), until_sequence=0), errors.SequenceOutsideKeyError),
        (
            DeviceKey(
                DEVICE,
                epoch=1,
                key=PublicKey.of(KEY),
                from_sequence=1,
                until_sequence=0,
                status=KeyStatus.REVOKED,
            ),
            errors.KeyRevokedError,
        ),
    ],
)
def test_step_4_a_number_outside_its_key_is_refused(
    key: DeviceKey, error: type[errors.RecordError]
) -> None:
    with pytest.raises(error) as refusal:
        verify_signature(GOOD, DEVICE, {(DEVICE, 1): key})
    assert refusal.value.step == 4


def test_step_4_records_up_to_the_revocation_still_count() -> None:
    key = DeviceKey(
        DEVICE,
        epoch=1,
        key=PublicKey.of(KEY),
        from_sequence=1,
        until_sequence=1,
        status=KeyStatus.REVOKED,
    )
    assert verify_signature(GOOD, DEVICE, {(DEVICE, 1): key}).record == first_record()


def test_step_5_the_name_of_another_key_is_refused() -> None:
    header = encode_protected(DEVICE, "sales", PublicKey.of(private_key(2)).kid)
    with pytest.raises(errors.KeyIdMismatchError) as refusal:
        signed(resigned(fields(), header))
    assert (refusal.value.step, refusal.value.code) == (5, "record.key_id_mismatch")


def test_step_6_another_signature_is_refused() -> None:
    last = GOOD[-1] ^ 1
    with pytest.raises(errors.SignatureInvalidError) as refusal:
        signed(GOOD[:-1] + bytes((last,)))
    assert (refusal.value.step, refusal.value.code) == (6, "record.signature_invalid")


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32])
def test_step_6_numbers_outside_the_group_are_refused(signature: bytes) -> None:
    with pytest.raises(errors.SignatureInvalidError):
        signed(GOOD[:-64] + signature)


def test_step_6_a_registered_point_off_the_curve_is_refused() -> None:
    off = PublicKey(bytes(31) + b"\x01", bytes(31) + b"\x01")
    header = encode_protected(DEVICE, "sales", off.kid)
    with pytest.raises(errors.SignatureInvalidError):
        verify_signature(
            resigned(fields(), header), DEVICE, {(DEVICE, 1): DeviceKey(DEVICE, 1, off)}
        )


def test_step_6_both_forms_of_s_are_taken() -> None:
    s = int.from_bytes(GOOD[-32:], "big")
    assert s <= cose.P256_ORDER // 2
    high = GOOD[:-32] + (cose.P256_ORDER - s).to_bytes(32, "big")
    assert signed(high).payload_digest == signed(GOOD).payload_digest


@pytest.mark.parametrize(
    "change",
    [
        {5: -1},
        {5: 1.5},
        {5: True},
        {6: 4},
        {6: True},
        {4: bytes(31)},
        {8: 99},
        {8: 2},
        {9: {1: 350, 2: "usd", 3: "card"}},
        {9: {1: 3.5, 2: "USD", 3: "card"}},
        {9: {1: 350, 2: "USD", 3: "card", 9: "unknown"}},
        {9: {1: 350, 2: "USD", 3: "card", 5: [["x", 1, 350, "A1", 0]]}},
        {9: {1: 350, 2: "USD", 3: "card", 4: "line\nbreak"}},
        {9: [350, "USD", "card"]},
        {10: {1: 1, 2: 350}},
        {10: {1: 1, 2: 350, 3: 0, 4: 0}},
        {11: [1]},
        {11: [1, bytes(31)]},
        {12: [1, 1]},
        {13: 0},
        {"text": 0},
    ],
)
def test_step_7_a_payload_out_of_range_is_refused(change: dict[object, object]) -> None:
    with pytest.raises(errors.MalformedPayloadError) as refusal:
        signed(resigned({**fields(), **change}))
    assert (refusal.value.step, refusal.value.code) == (7, "record.payload_malformed")


PAYLOAD = cose.split_sign1(GOOD).payload


@pytest.mark.parametrize(
    "payload",
    [
        PAYLOAD + b"\x00",
        PAYLOAD[:-1],
        b"\xab" + PAYLOAD[1:] + PAYLOAD[-2:],
        PAYLOAD.replace(b"\x06\x02", b"\x06\x18\x02", 1),
        PAYLOAD.replace(b"\x06\x02", b"\x06\xc2\x41\x02", 1),
        PAYLOAD.replace(b"\x63USD", b"\x7f\x63USD\xff", 1),
        b"\xbf" + PAYLOAD[1:] + b"\xff",
    ],
)
def test_step_7_or_1_other_encodings_of_the_same_are_refused(payload: bytes) -> None:
    assert payload != PAYLOAD
    with pytest.raises((errors.MalformedPayloadError, errors.MalformedEnvelopeError)):
        signed(resigned(payload))


def test_step_8_a_gap_is_refused() -> None:
    first = first_record()
    third = replace(next_record(tip_of(first)), sequence=3)
    with pytest.raises(errors.SequenceGapError) as refusal:
        check_chain(signed(sign_record(third, KEY)), tip_of(first))
    assert (refusal.value.step, refusal.value.code) == (8, "record.sequence_gap")
    assert refusal.value.expected == (1, 2)


def test_step_8_a_chain_that_begins_late_is_refused() -> None:
    second = next_record(tip_of(first_record()))
    with pytest.raises(errors.SequenceGapError):
        check_chain(signed(sign_record(second, KEY)), None)


def test_step_8_a_duplicate_at_the_tip_and_behind_it_is_recognised() -> None:
    first = first_record()
    tip = tip_of(first)
    assert isinstance(check_chain(signed(GOOD), tip), Duplicate)
    assert isinstance(check_chain(signed(GOOD), tip_of(next_record(tip))), NumberUsed)
    assert isinstance(check_used_number(signed(GOOD), tip.payload_digest), Duplicate)


def test_step_8_a_second_payload_under_a_used_number_is_equivocation() -> None:
    other = signed(sign_record(replace(first_record(), time_ms=1), KEY))
    with pytest.raises(errors.EquivocationError) as refusal:
        check_chain(other, tip_of(first_record()))
    assert (refusal.value.step, refusal.value.code) == (8, "record.equivocation")
    with pytest.raises(errors.EquivocationError):
        check_used_number(other, decode(GOOD).payload_digest)


def test_step_8_a_closed_epoch_cannot_be_continued() -> None:
    tip = tip_of(first_record())
    late = signed(sign_record(next_record(tip), KEY))
    assert isinstance(check_chain(late, tip._replace(epoch=2)), NumberUsed)
    with pytest.raises(errors.EpochClosedError) as refusal:
        check_used_number(late, None)
    assert (refusal.value.step, refusal.value.code) == (8, "record.epoch_closed")


def test_step_9_another_previous_payload_is_refused() -> None:
    tip = tip_of(first_record())
    forked = replace(next_record(tip), prev=Digest(b"\x01" * 32))
    with pytest.raises(errors.PreviousDigestError) as refusal:
        check_chain(signed(sign_record(forked, KEY)), tip)
    assert (refusal.value.step, refusal.value.code) == (9, "record.previous_mismatch")


def test_step_9_the_first_record_follows_nothing() -> None:
    with pytest.raises(errors.PreviousDigestError):
        check_chain(
            signed(sign_record(replace(first_record(), prev=Digest(b"\x01" * 32)), KEY)), None
        )


def test_step_10_a_new_epoch_links_to_the_last_record_of_the_old() -> None:
    second_key = private_key(2)
    ring = key_ring(DEVICE, KEY, second_key)
    tip = tip_of(first_record())
    good = replace(next_record(tip), epoch=2, sequence=1, link=EpochLink(1, 1))
    outcome = check_chain(verify_signature(sign_record(good, second_key), DEVICE, ring), tip)
    assert isinstance(outcome, Accepted)
    assert (outcome.tip.epoch, outcome.tip.sequence) == (2, 1)
    bad = sign_record(replace(good, link=EpochLink(1, 2)), second_key)
    with pytest.raises(errors.EpochLinkError) as refusal:
        check_chain(verify_signature(bad, DEVICE, ring), tip)
    assert (refusal.value.step, refusal.value.code) == (10, "record.epoch_link_mismatch")


@pytest.mark.parametrize(
    "counters", [Counters(1, 700, 0), Counters(2, 699, 0), Counters(2, 700, 1), Counters(3, 700, 0)]
)
def test_step_11_counters_that_do_not_follow_are_refused(counters: Counters) -> None:
    tip = tip_of(first_record())
    wrong = replace(next_record(tip), counters=counters)
    with pytest.raises(errors.CountersError) as refusal:
        check_chain(signed(sign_record(wrong, KEY)), tip)
    assert (refusal.value.step, refusal.value.code) == (11, "record.counters_inconsistent")


def test_step_11_a_register_that_jumps_is_refused() -> None:
    tip = tip_of(first_record(MeterInterval(start_ms=0, end_ms=1, energy_wh=5, register_wh=1_000)))
    follows = next_record(tip, MeterInterval(start_ms=1, end_ms=2, energy_wh=5, register_wh=1_005))
    assert isinstance(check_chain(signed(sign_record(follows, KEY)), tip), Accepted)
    jumps = replace(
        next_record(tip, MeterInterval(start_ms=1, end_ms=2, energy_wh=5, register_wh=1_006)),
        counters=Counters(0, 0, 1_006),
    )
    with pytest.raises(errors.CountersError):
        check_chain(signed(sign_record(jumps, KEY)), tip)


def test_step_11_a_first_record_takes_the_register_where_it_stands() -> None:
    first = replace(
        first_record(Status("running")), counters=Counters(0, 0, 9_000), clock=Clock.UNKNOWN
    )
    assert encode_payload(first)
    assert isinstance(check_chain(signed(sign_record(first, KEY)), None), Accepted)


def test_a_batch_gives_each_record_its_own_answer() -> None:
    broken = GOOD[:-1] + bytes((GOOD[-1] ^ 1,))
    answers = verify_signatures(
        [(GOOD, DEVICE), (broken, DEVICE), (b"", DEVICE), (GOOD, OTHER_DEVICE), (GOOD, None)],
        key_ring(),
    )
    codes = [getattr(answer, "code", "accepted") for answer in answers]
    assert codes == [
        "accepted",
        "record.signature_invalid",
        "record.envelope_malformed",
        "record.issuer_mismatch",
        "accepted",
    ]
