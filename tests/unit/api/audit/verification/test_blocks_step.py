"""Steps 11 and 12, each check alone: which transactions the blocks prove, and that every head was anchored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from support_blocks import ACCOUNTS, ADDRESSES, PaperChain, assign, event
from support_bundles import bundle_of, world_of
from support_world import DAY_MS, DEVICES, FIRST_MS, World, verify

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.assignment_steps import read_assignments
from counterfoil.api.audit.verification.bundle import BlockFact, Bundle
from counterfoil.api.audit.verification.bundle_blocks import (
    block_times,
    check_anchored,
    newest_block,
    prove_all,
)
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.gateway.record.identity import device_hash

DEVICE = DEVICES[0]
NONE: dict[str, str] = {}


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(days=4)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_of(world, days=3)


def told(errors: Iterable[AuditError]) -> list[tuple[str, str]]:
    return [(error.where, error.detail) for error in errors]


def blocks(bundle: Bundle, **change: Any) -> list[tuple[str, str]]:
    return told(prove_all(replace(bundle, **change))[2])


def anchored(
    bundle: Bundle, addresses: Mapping[str, str] = NONE, **change: Any
) -> list[tuple[str, str]]:
    """What is wrong with the heads of a changed file, whose blocks prove what the true one's prove."""
    proven, _, _ = prove_all(bundle)
    return told(check_anchored(replace(bundle, **change), proven, addresses))


def test_the_blocks_are_in_their_order_each_once(bundle: Bundle) -> None:
    assert blocks(bundle) == []
    first, second, *rest = bundle.blocks
    said = "the blocks are not in their order"
    assert blocks(bundle, blocks=(second, first, *rest)) == [("blocks[1] (block 800)", said)]
    twice = (first, first._replace(transactions=()), second, *rest)
    assert blocks(bundle, blocks=twice)[0] == ("blocks[1] (block 800)", said)


def test_a_block_that_proves_nothing_does_not_vouch_for_the_others(
    bundle: Bundle, world: World
) -> None:
    """Its hash would be the newest one, true beside any node, and the other blocks a chain that somebody made up."""
    true = PaperChain()
    true.mine(9_000, "RecordAnchor", b"", [])
    header = true.blocks[9_000][0]
    foreign = replace(bundle, blocks=(*bundle.blocks, BlockFact(header, ())))
    place = f"blocks[{len(bundle.blocks)}] (block 9000)"
    assert blocks(foreign) == [(place, "no transaction of it is here")]
    report = verify(encode(foreign), world.root, addresses=ADDRESSES)
    assert [one.code for one in report.findings] == ["block.proof_invalid"]


def test_a_header_or_a_transaction_that_proves_nothing_is_named(bundle: Bundle) -> None:
    first, *rest = bundle.blocks
    broken = replace(bundle, blocks=(first._replace(header=b"\1"), *rest))
    ((where, detail),) = blocks(broken)
    assert (where, "header" in detail) == ("blocks[0]", True)
    assert 800 not in block_times(broken)
    assert newest_block(broken) == newest_block(bundle)
    (row,) = first.transactions
    bare = first._replace(transactions=[row._replace(receipt=())])
    ((where, detail),) = blocks(bundle, blocks=(bare, *rest))
    assert where == f"blocks[0] (block 800), transaction {row.number}"
    assert "does not lead" in detail


def test_every_transaction_is_named_by_the_file_and_proved_once(bundle: Bundle) -> None:
    said = "nothing in the bundle names it"
    assert [d for _, d in blocks(bundle, heads=bundle.heads[1:])] == [said]
    first, *rest = bundle.blocks
    twice = first._replace(transactions=[*first.transactions, *first.transactions])
    assert [d for _, d in blocks(bundle, blocks=(twice, *rest))] == [said]


def test_a_file_without_blocks_was_made_without_a_node(bundle: Bundle) -> None:
    assert [where for where, _ in blocks(bundle, blocks=())] == ["blocks"]
    empty = dict.fromkeys(("heads", "assignments", "terms", "distributions", "takes"), ())
    assert blocks(bundle, blocks=(), **empty) == []
    assert anchored(bundle, blocks=()) == []


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("RecordAnchor", "record_anchor"),
        ("DeviceRegistry", "device_registry"),
        ("RevenueSplit", "revenue_split"),
    ],
)
def test_each_contract_is_where_the_auditor_has_it(bundle: Bundle, name: str, field: str) -> None:
    assert anchored(bundle, ADDRESSES) == []
    mine = {**ADDRESSES, name: ACCOUNTS["site"]}
    said = ("scope", f"{name} is at {ACCOUNTS['site']}, not at {ADDRESSES[name]}")
    assert anchored(bundle, mine) == [said]
    assert anchored(bundle, mine, blocks=()) == [said], "an address is stated without a block too"
    scope = bundle.scope._replace(**{field: ""})
    nowhere = ("scope", f"{name} is at {ADDRESSES[name]}, not at none")
    assert nowhere in anchored(bundle, ADDRESSES, scope=scope)
    assert anchored(bundle, ADDRESSES, scope=scope, blocks=()) == []
    others = {key: value for key, value in mine.items() if key != name}
    assert anchored(bundle, others) == []


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"block_number": 7}, "its transaction is in block 1000"),
        ({"block_hash": bytes(32)}, "its transaction is in block 1000"),
        ({"root": bytes(32)}, "anchored with another root or state"),
        ({"state": bytes(32)}, "anchored with another root or state"),
        ({"size": 9}, f"{ADDRESSES['RecordAnchor']} anchored no such head there"),
        ({"transaction_hash": bytes(32)}, "no block here holds its transaction"),
    ],
)
def test_each_head_is_the_one_that_was_anchored_in_its_block(
    bundle: Bundle, change: dict[str, Any], detail: str
) -> None:
    head = bundle.heads[0]._replace(**change)
    ((where, said),) = anchored(bundle, heads=(head, *bundle.heads[1:]))
    assert where == f"heads[0] (size {head.size})"
    assert said.startswith(detail)


def test_a_head_of_another_contract_is_not_anchored(bundle: Bundle) -> None:
    scope = bundle.scope._replace(record_anchor=ACCOUNTS["site"])
    found = anchored(bundle, scope=scope)
    assert [d for _, d in found] == [f"{ACCOUNTS['site']} anchored no such head there"] * 4
    scope = bundle.scope._replace(record_anchor="")
    assert anchored(bundle, scope=scope)[0][1] == "no contract anchored no such head there"


def test_an_event_that_does_not_decode_anchors_nothing(bundle: Bundle) -> None:
    """A contract at the anchor's address that leaves half an event."""
    world = World()
    world.sell(days=1)
    head = world.heads[0]
    log = event(
        "RecordAnchor",
        "HeadAnchored",
        index=0,
        size=head.size,
        root=head.root,
        state=head.state,
        figures=bytes(32),
        annex=bytes(32),
        previousSize=0,
    )
    logs = [[log[0], log[1], log[2][:-1]]]
    place = world.chain.mine(number=1_000, contract="RecordAnchor", data=b"anchor", logs=logs)
    made = replace(
        bundle,
        heads=(head._replace(block_hash=place[0], transaction_hash=place[1]),),
        blocks=tuple(world.chain.prove({1_000: [place[1]]})),
    )
    proven, _, _ = prove_all(made)
    ((where, detail),) = told(check_anchored(made, proven, NONE))
    assert (where, detail[:8]) == (f"heads[0] (size {head.size})", "no event")


def test_an_assignment_of_another_device_is_not_this_ones() -> None:
    """Its event stands in a transaction that a head of this file was anchored in as well."""
    world = World()
    world.sell(days=1)
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + DAY_MS)
    other = assign(world.chain, block=850, device=device_hash(DEVICES[1]), project="hilltop")
    moved = assign(world.chain, block=860, device=device_hash(DEVICE), project="lakeside")
    facts = replace(facts, assignments=[*facts.assignments, other, moved])
    made = collect(world.store().engine, None, facts)
    proven, _, wrong = prove_all(made)
    assert wrong == []
    history, errors = read_assignments(made, proven)
    assert [one.block for one in history.assignments] == [800, 860]
    assert told(errors)[-1] == ("assignments[2]", "no receipt under the blocks' headers holds it")


def test_an_assignment_that_does_not_decode_is_named() -> None:
    """A contract at the registry's address that leaves half an event: what it says of the device is not known."""
    world = World()
    world.sell(days=1)
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + DAY_MS)
    people = {"owner": ACCOUNTS["operator"], "operator": ACCOUNTS["operator"]}
    moved = event(
        "DeviceRegistry",
        "DeviceAssigned",
        device=device_hash(DEVICE),
        project=bytes(32),
        **people,
    )
    logs = [[moved[0], moved[1][:-1], moved[2]]]
    place = world.chain.mine(number=860, contract="DeviceRegistry", data=b"assign", logs=logs)
    stated = facts.assignments[0]._replace(
        block_number=860, block_hash=place[0], transaction_hash=place[1]
    )
    made = collect(
        world.store().engine, None, replace(facts, assignments=[*facts.assignments, stated])
    )
    proven, _, wrong = prove_all(made)
    assert wrong == []
    history, errors = read_assignments(made, proven)
    assert [one.block for one in history.assignments] == [800]
    assert told(errors)[0][0] == f"transaction 0x{place[1].hex()}"
    assert told(errors)[0][1].startswith("no event")
    assert told(errors)[1:] == [("assignments[1]", "no receipt under the blocks' headers holds it")]
