"""Which call settles a record, by the log alone: what is in it, what its machine's slot or another record refutes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from support_bundles import bundle_of, one_machine, world_of
from support_world import DEVICES, FIRST_MS, World

from counterfoil.api.audit.verification.bundle import HeadFact
from counterfoil.api.audit.verification.dispute import (
    Dispute,
    NothingSettlesIt,
    from_bundle,
    from_log,
)
from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import Status
from counterfoil.gateway.record.signed_record import decode, sign_record

DEVICE = DEVICES[0]


@pytest.fixture(scope="module")
def world() -> World:
    """Two machines' sales of two days."""
    return world_of(days=2)


def head_of(world: World) -> HeadFields:
    return HeadFields(
        root=world.tree.root(),
        state=world.state.root(),
        figures=bytes(32),
        annex=bytes(32),
        size=world.tree.size,
        previousSize=0,
    )


def raws(world: World) -> list[bytes]:
    return [one.raw for one in world.records]


def settled(world: World, record: bytes, entries: Iterable[bytes] | None = None) -> Dispute:
    """What settles *record* by *world*'s log, in which other *entries* may stand."""
    rows = raws(world) if entries is None else entries
    return from_log(record, rows, world.tree.read, head_of(world))


def unsettled(world: World, record: bytes, entries: Iterable[bytes] | None = None) -> str:
    with pytest.raises(NothingSettlesIt) as raised:
        settled(world, record, entries)
    return str(raised.value)


def proof_of(world: World, index: int) -> tuple[int, HeadFields, Sequence[bytes]]:
    return index, head_of(world), world.tree.inclusion_proof(index)


def twin(raw: bytes) -> bytes:
    """The same record with the other form of s."""
    s = int.from_bytes(raw[-32:])
    return raw[:-32] + (cose.P256_ORDER - s).to_bytes(32)


def further(world: World, count: int) -> list[bytes]:
    """The next *count* records of the first machine, which the log does not hold."""
    longer = World()
    longer.sell(days=2)
    assert longer.records == world.records
    return [longer.add(DEVICE, Status("idle"), FIRST_MS).raw for _ in range(count)]


# ---- by a bundle


def test_a_bundles_record_is_confirmed_by_its_proof_under_the_last_head() -> None:
    world = one_machine(days=2)
    bundle = bundle_of(world, days=2)
    asked: list[HeadFact] = []

    def find(head: HeadFact) -> HeadFields:
        asked.append(head)
        return head_of(world)

    for place, entry in enumerate(bundle.records):
        proof = (entry.log_index, head_of(world), list(bundle.inclusion[place]))
        found = from_bundle(bundle, entry.log_index, find)
        assert found == Dispute("confirm", (entry.raw, proof))
    assert set(asked) == {bundle.heads[-1]}


def test_a_record_that_a_bundle_does_not_prove_is_not_settled_by_it() -> None:
    world = one_machine(days=2)
    bundle = bundle_of(world, days=2)
    beyond = bundle.records[-1].log_index + 1
    for made, index in (
        (bundle, beyond),
        (replace(bundle, heads=()), 0),
        (replace(bundle, inclusion=()), 0),
    ):
        with pytest.raises(
            NothingSettlesIt, match=f"the bundle has no record {index} with a proof"
        ):
            from_bundle(made, index, lambda _: head_of(world))
    with pytest.raises(NothingSettlesIt, match="the chain does not have the bundle's last head"):
        from_bundle(bundle, 0, lambda _: None)


# ---- by the log


def test_what_is_in_the_log_is_confirmed(world: World) -> None:
    for index, raw in enumerate(raws(world)):
        assert settled(world, raw) == Dispute("confirm", (raw, proof_of(world, index)))


def test_the_other_form_of_a_signature_is_confirmed_by_the_one_that_the_log_has(
    world: World,
) -> None:
    raw = raws(world)[2]
    assert settled(world, twin(raw)) == Dispute("confirm", (raw, proof_of(world, 2)))


@pytest.mark.parametrize("place", [-64, -1])
def test_a_payload_under_another_signature_is_not_settled(world: World, place: int) -> None:
    """Neither r nor s may be another one."""
    changed = bytearray(twin(raws(world)[2]))
    changed[place] ^= 1
    assert unsettled(world, bytes(changed)) == "the log has this payload under another signature"


def test_another_record_of_its_number_displaces_it(world: World) -> None:
    for index in (0, 3, len(world.records) - 1):
        mine = world.records[index]
        other = replace(mine.record, body=Status("idle"))
        forked = sign_record(other, world.keys[other.device])
        found = settled(world, forked)
        assert found == Dispute("displace", (forked, mine.raw, proof_of(world, index)))


def test_a_number_behind_the_end_of_the_machines_chain_is_refuted_by_its_slot(world: World) -> None:
    number, slot, path = world.state.inclusion_proof(DEVICE)
    ends = (number, len(world.state), slot.epoch, slot.sequence, slot.payload_digest, path)
    for later in further(world, 2):
        found = settled(world, later)
        assert found == Dispute("refute", (later, (head_of(world), *ends)))


def test_an_entry_that_is_no_record_is_passed_over(world: World) -> None:
    """And what follows it still counts."""
    (later,) = further(world, 1)
    entries = [b"\1", *raws(world)]
    number, slot, path = world.state.inclusion_proof(DEVICE)
    position = (head_of(world), number, len(world.state), slot.epoch, slot.sequence)
    found = settled(world, later, entries)
    assert found == Dispute("refute", (later, (*position, slot.payload_digest, path)))


def test_a_number_that_the_log_lacks_within_the_chain_is_not_settled(world: World) -> None:
    """A log that has the machine's later records, or its last one alone, and not this one."""
    rows = raws(world)
    mine = [one.raw for one in world.records if one.record.device == DEVICE]
    said = "the machine's chain goes on behind it, and lacks its number"
    for lost in mine[:-1]:
        assert unsettled(world, lost, [raw for raw in rows if raw != lost]) == said


def test_a_machine_without_a_record_in_the_log_has_no_slot_to_tell(world: World) -> None:
    stranger = World(devices=DEVICES[2:3])
    raw = stranger.add(DEVICES[2], Status("idle"), FIRST_MS).raw
    said = "the log has no record of this machine, so no slot speaks of it"
    assert unsettled(world, raw) == said


def test_a_record_of_another_machine_or_number_is_not_the_other_one(world: World) -> None:
    """Both machines have a number 1: each is confirmed by its own."""
    first = [n for n, one in enumerate(world.records) if one.record.sequence == 1]
    assert len(first) == len(world.devices)
    for index in first:
        raw = raws(world)[index]
        assert decode(twin(raw)).record.sequence == 1
        assert settled(world, twin(raw)).arguments == (raw, proof_of(world, index))
