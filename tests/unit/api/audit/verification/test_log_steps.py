"""Steps 4, 5 and 8 to 10, each check alone: what it finds when only its rule is broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from support_bundles import bundle_of, world_of
from support_world import DEVICES, World

from counterfoil.api.audit.verification.bundle import Bundle, KeyFact
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.log_steps import (
    check_heads,
    check_inclusion,
    check_state,
    key_ring,
    signed_records,
)
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import KeyStatus

DEVICE = DEVICES[0]
_Told = list[str]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(days=4)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    """Three days, with four heads."""
    made = bundle_of(world, days=3)
    assert len(made.heads) == 4
    return made


def told(errors: Iterable[AuditError]) -> _Told:
    return [error.detail for error in errors]


def signed(bundle: Bundle) -> list[tuple[str, SignedRecord]]:
    return signed_records(bundle, key_ring(bundle)[0])[0]


# ---- keys


def rings(bundle: Bundle, *keys: KeyFact) -> _Told:
    return told(key_ring(replace(bundle, registry=keys))[1])


def test_epochs_are_in_their_order_without_a_hole(bundle: Bundle) -> None:
    (key,) = bundle.registry
    ring, errors = key_ring(replace(bundle, registry=(key, key._replace(epoch=2))))
    assert (len(ring), errors) == (2, [])
    assert rings(bundle, key._replace(epoch=2)) == ["epoch 1 was to come"]
    assert rings(bundle, key, key) == ["epoch 2 was to come"]
    assert rings(bundle, key, key._replace(epoch=3)) == ["epoch 2 was to come"]


def test_a_revoked_key_is_closed_and_its_flag_is_one_or_none(bundle: Bundle) -> None:
    (key,) = bundle.registry
    said = ["a revoked key is closed at a sequence"]
    assert rings(bundle, key._replace(revoked=1)) == said
    assert rings(bundle, key._replace(revoked=2, until_sequence=5)) == said
    closed = key._replace(revoked=1, until_sequence=5)
    ring, errors = key_ring(replace(bundle, registry=(closed,)))
    assert errors == []
    assert [one.status for one in ring.values()] == [KeyStatus.REVOKED]
    assert [one.status for one in key_ring(bundle)[0].values()] == [KeyStatus.ACTIVE]


def test_a_point_that_is_no_key_is_named(bundle: Bundle) -> None:
    (key,) = bundle.registry
    ring, errors = key_ring(replace(bundle, registry=(key._replace(x=b"\1" * 31),)))
    assert (ring, [error.where for error in errors]) == ({}, ["registry epoch 1"])


def test_a_record_that_does_not_verify_is_named_and_left_out(bundle: Bundle) -> None:
    entry = bundle.records[1]
    forged = entry._replace(raw=entry.raw[:-1] + bytes([entry.raw[-1] ^ 1]))
    changed = replace(bundle, records=(bundle.records[0], forged, *bundle.records[2:]))
    good, errors = signed_records(changed, key_ring(bundle)[0])
    assert [error.where for error in errors] == [f"records[1] (log index {entry.log_index})"]
    assert len(good) == len(bundle.records) - 1
    assert str(good[0][0]) == "records[0] (log index 0), epoch 1 sequence 1, a sale of 1.50 USD"


# ---- inclusion


def inclusion(bundle: Bundle, **change: Any) -> _Told:
    return told(check_inclusion(replace(bundle, **change)))


def test_a_file_without_heads_includes_nothing(bundle: Bundle) -> None:
    assert inclusion(bundle) == []
    assert inclusion(bundle, heads=()) == ["there is no head"]


def test_there_are_as_many_proofs_as_records(bundle: Bundle) -> None:
    count = len(bundle.records)
    said = f"{count - 1} proofs for {count} records"
    assert inclusion(bundle, inclusion=bundle.inclusion[:-1]) == [said]
    more = (*bundle.inclusion, bundle.inclusion[-1])
    said = f"{count + 1} proofs for {count} records"
    assert inclusion(bundle, inclusion=more) == [said]


def test_the_records_stand_in_the_logs_order_each_once(bundle: Bundle) -> None:
    rows, proofs = bundle.records, bundle.inclusion
    said = "the log's order is another"
    swapped = inclusion(
        bundle,
        records=(rows[1], rows[0], *rows[2:]),
        inclusion=(proofs[1], proofs[0], *proofs[2:]),
    )
    assert swapped == [said]
    twice = inclusion(bundle, records=(rows[0], *rows), inclusion=(proofs[0], *proofs))
    assert twice == [said]


def test_each_record_is_at_its_index_under_the_last_head(bundle: Bundle) -> None:
    rows = bundle.records
    moved = rows[-1]._replace(log_index=rows[-1].log_index + 1)
    assert len(inclusion(bundle, records=(*rows[:-1], moved))) == 1
    assert len(inclusion(bundle, heads=bundle.heads[:-1])) > 0


# ---- heads


def heads(bundle: Bundle, **change: Any) -> _Told:
    return told(check_heads(replace(bundle, **change)))


def test_there_is_a_proof_between_each_two_heads(bundle: Bundle) -> None:
    assert heads(bundle) == []
    fewer, more = bundle.consistency[:-1], (*bundle.consistency, ())
    assert heads(bundle, consistency=fewer) == ["2 proofs between 4 heads"]
    assert heads(bundle, consistency=more) == ["4 proofs between 4 heads"]
    assert heads(bundle, heads=bundle.heads[:1]) == ["3 proofs between 1 heads"]


def test_each_head_is_larger_than_the_one_before(bundle: Bundle) -> None:
    first, second, *_ = bundle.heads
    for pair in ((first, first), (second, first)):
        found = heads(bundle, heads=pair, consistency=((),))
        assert found == ["the log does not grow"]


def test_each_head_is_the_beginning_of_the_next(bundle: Bundle) -> None:
    first, *rest = bundle.heads
    other = first._replace(root=b"\1" * 32)
    assert len(heads(bundle, heads=(other, *rest))) == 1


# ---- state


def state(bundle: Bundle, records: int | None = None, **change: Any) -> _Told:
    rows = signed(bundle)[:records]
    return told(check_state(replace(bundle, **change), rows))


def slot_of(bundle: Bundle, world: World, before: int) -> Bundle:
    """*bundle* under the head of the days before: its slot there is of fewer records."""
    earlier = World()
    earlier.sell(days=4 - before)
    number, slot, path = earlier.state.inclusion_proof(DEVICE)
    assert bundle.state is not None
    fact = bundle.state._replace(
        number=number,
        slots=len(earlier.state),
        epoch=slot.epoch,
        sequence=slot.sequence,
        payload_digest=slot.payload_digest,
        path=path,
    )
    head = bundle.heads[-1]._replace(state=earlier.state.root())
    return replace(bundle, state=fact, heads=(*bundle.heads[:-1], head))


def test_the_slot_is_under_the_last_heads_state(bundle: Bundle) -> None:
    assert state(bundle) == []
    missing = ["there is no slot, or no head"]
    assert state(bundle, state=None) == missing
    assert state(bundle, heads=()) == missing
    slot = bundle.state
    assert slot is not None
    for change in (
        {"number": slot.number + 1},
        {"slots": slot.slots + 1},
        {"epoch": 2},
        {"sequence": 99},
        {"payload_digest": bytes(32)},
        {"path": ()},
    ):
        (found,) = state(bundle, state=slot._replace(**change))
        assert "not under the head's state" in found, change


def test_no_record_lies_behind_the_end_that_the_head_states(bundle: Bundle, world: World) -> None:
    earlier = slot_of(bundle, world, before=1)
    assert earlier.state is not None
    last = earlier.state.sequence
    assert state(earlier, last) == []
    assert state(earlier, 0) == []
    behind = "it lies behind the end of the chain that the head states"
    assert state(earlier, last + 1) == [behind]


def test_the_newest_record_is_the_one_that_the_head_states(bundle: Bundle) -> None:
    """The same number with another payload: a second record of the machine's own key."""
    rows = signed(bundle)
    slot = bundle.state
    assert slot is not None
    where, last = rows[-1]
    twin = last._replace(record=replace(last.record, sequence=slot.sequence))
    assert twin.payload_digest != slot.payload_digest
    found = told(check_state(bundle, [*rows[:-1], (where, twin)]))
    assert found == ["the head states another payload under this number"]
    same = twin._replace(payload_digest=Digest(slot.payload_digest))
    assert check_state(bundle, [*rows[:-1], (where, same)]) == []


def test_numbers_behind_the_end_of_their_key_are_anchored_and_taken_back(bundle: Bundle) -> None:
    (key,) = bundle.registry
    assert bundle.state is not None
    last = bundle.state.sequence
    closed = key._replace(revoked=1, until_sequence=last)
    assert state(bundle, registry=(closed,)) == []
    assert state(bundle, registry=(closed._replace(epoch=2, until_sequence=1),)) == []
    ended = closed._replace(until_sequence=last - 1)
    said = f"its numbers {last} to {last} are anchored, and were taken back since"
    assert state(bundle, registry=(ended,)) == [said]
    assert told(check_state(replace(bundle, registry=(ended,)), [])) == [said]
