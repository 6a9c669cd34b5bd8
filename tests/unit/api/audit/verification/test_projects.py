"""A file's project is the device's by its assignments on chain; no other project's distributions pass for its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from support_blocks import ADDRESSES, PaperChain, assign, event
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.assignment_steps import (
    _SHOWN,
    check_project,
    named,
    projects_text,
)
from counterfoil.api.audit.verification.bundle import AssignmentFact, Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.steps import verify
from counterfoil.gateway.record.identity import device_hash, on_chain_id
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.oracle.rules.figures import NO_PROJECT
from counterfoil.oracle.rules.project_history import Assignment, ProjectHistory

DEVICE = DEVICES[0]
_Moves = Sequence[tuple[int, str]]


def sold_in(moves: _Moves) -> tuple[World, Bundle]:
    """Two days of a device that was assigned in these blocks; all was shared out in ``lakeside``."""
    world = World()
    world.sell(days=4)
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + 2 * DAY_MS)
    facts = replace(
        facts,
        assignments=[
            assign(world.chain, block=block, device=device_hash(DEVICE), project=project)
            for block, project in moves
        ],
    )
    return world, collect(world.store().engine, None, facts)


def found(world: World, bundle: Bundle) -> list[AuditError]:
    return verify(encode(bundle), world.root, addresses=ADDRESSES).findings


def codes(moves: _Moves) -> set[str]:
    return {finding.code for finding in found(*sold_in(moves))}


def test_the_devices_project_is_told_with_its_block_and_time() -> None:
    world, bundle = sold_in([(800, "lakeside")])
    report = verify(encode(bundle), world.root, addresses=ADDRESSES)
    assert report.findings == []
    assert report.steps[11].checked.startswith(
        "anchored in blocks: 4 heads, of 8 in block 1000 at 2022-08-30 00:00:00Z to 30 in block 1003 "
        "at 2022-09-02 00:00:00Z; the device was in lakeside since block 800, 2022-08-28 00:13:20Z"
    )


def test_many_assignments_are_counted_and_named_by_what_is_known_of_them() -> None:
    """The file's own project has a name, any other one its id on chain; no project is said to be none."""
    moves = [(800 + n, ("lakeside", "hilltop", "")[n % 3]) for n in range(_SHOWN + 2)]
    _, bundle = sold_in(moves)
    history = ProjectHistory(
        [Assignment(n, n, bytes(on_chain_id(p)) if p else NO_PROJECT) for n, p in moves]
    )
    said = str(projects_text(bundle, history))
    hilltop = on_chain_id("hilltop").hex()
    assert said.startswith("in lakeside since block 800, 1970-01-01 00:00:00Z, then project 0x")
    assert f"then project 0x{hilltop} since block 801" in said
    assert "then no project since block 802" in said
    assert said.endswith(", then 2 more")
    few = ProjectHistory(history.assignments[:_SHOWN])
    assert "more" not in str(projects_text(bundle, few))


def test_no_project_is_named_as_none() -> None:
    assert str(named(NO_PROJECT)) == "no project"
    assert str(named(b"\1" * 32)) == "project 0x" + "01" * 32


def test_a_file_of_no_project_has_the_id_of_none() -> None:
    """And it states none, whatever the device was in: its sales are named elsewhere."""
    _, bundle = sold_in([(800, "hilltop")])
    scope = bundle.scope._replace(project="")
    assert scope.project_id == NO_PROJECT
    assert list(check_project(replace(bundle, scope=scope), history_of(800, "hilltop"))) == []
    assert [e.code for e in check_project(bundle, history_of(800, "hilltop"))] == [
        "proposal.project_differs"
    ]


def history_of(block: int, project: str) -> ProjectHistory:
    return ProjectHistory([Assignment(block, 0, bytes(on_chain_id(project)))])


def test_a_date_before_the_period_is_none_of_its_dates() -> None:
    _, bundle = sold_in([(800, "lakeside")])
    scope = bundle.scope
    dates = [business_date(FIRST_MS + day * DAY_MS) for day in range(-1, 3)]
    assert [scope.has_date(date) for date in dates] == [False, True, True, False]


def test_other_events_of_the_registry_are_no_assignments() -> None:
    """That a key of the device's was closed names the device and no project."""
    world, bundle = sold_in([(800, "lakeside")])
    closed = event(
        "DeviceRegistry", "KeyClosed", device=device_hash(DEVICE), epoch=1, untilSequence=900
    )
    place = world.chain.mine(number=2_700, contract="DeviceRegistry", data=b"closed", logs=[closed])
    more = AssignmentFact(bytes(on_chain_id("lakeside")), 2_700, *place)
    stated = replace(bundle, assignments=(*bundle.assignments, more))
    stated = replace(stated, blocks=tuple(world.chain.prove(stated.on_chain())))
    details = [finding.detail for finding in found(world, stated)]
    assert details == ["no receipt under the blocks' headers holds it"]


@pytest.mark.parametrize("project", ["", "hilltop"])
def test_another_projects_distributions_are_not_the_devices(project: str) -> None:
    world, bundle = sold_in([(800, project)])
    findings = found(world, bundle)
    (stated,) = [f for f in findings if f.where == "scope"]
    assert stated.code == "proposal.project_differs"
    assert "lakeside is stated, and the device was in" in stated.detail
    assert sum("its machine was there" in f.detail for f in findings) == 10


def test_an_assignment_after_the_sales_heads_takes_none_of_them() -> None:
    """For one block, or for good: what was signed and anchored before stays the other project's."""
    assert codes([(800, "lakeside"), (2_500, "hilltop"), (2_501, "lakeside")]) == set()
    assert codes([(800, "hilltop"), (2_001, "lakeside"), (2_002, "hilltop")]) == {
        "proposal.project_differs",
        "split.facts_mismatch",
    }


def test_an_assignment_between_a_sale_and_its_head_leaves_it_in_doubt() -> None:
    """Block 960 is of the first day's evening, block 1000 has the head that its distribution names."""
    assert codes([(800, "hilltop"), (960, "lakeside")]) == {"split.project_in_doubt"}
    assert codes([(800, "lakeside"), (960, "hilltop"), (961, "lakeside")]) == {
        "split.project_in_doubt"
    }


def test_sales_of_another_project_are_named_with_their_sum() -> None:
    world, bundle = sold_in([(800, "hilltop"), (960, "lakeside")])
    bundle = replace(bundle, distributions=bundle.distributions[1:])
    findings = [f for f in found(world, bundle) if f.code == "split.sales_not_shown"]
    (named,) = findings
    hilltop = on_chain_id("hilltop").hex()
    assert named.detail == (
        "4 sales of 12.00 USD, 0 refunds, from record 0 on: made in "
        f"project 0x{hilltop}, whose distributions are not here"
    )
    assert verify(encode(bundle), world.root, addresses=ADDRESSES).open == [], (
        "a node has no answer to that"
    )


def test_an_assignment_that_is_left_out_or_made_up_is_found() -> None:
    moves = [(800, "lakeside"), (960, "hilltop"), (961, "lakeside")]
    world, bundle = sold_in(moves)
    rows = bundle.assignments
    other = rows[1]._replace(project=bytes(on_chain_id("elsewhere")))
    for changed, words in (
        (rows[1:], "left out"),
        (rows[:1], "left out"),
        ((), "left out"),
        ((rows[0], other, rows[2]), "is stated, project 0x"),
        ((rows[0], rows[1], rows[1]), "its transaction is in block 961"),
        ((rows[0], rows[2], rows[1]), "its transaction is in block"),
        ((rows[0]._replace(block_hash=bytes(32)), *rows[1:]), "its transaction is in block 800"),
        ((*rows, rows[2]), "no receipt"),
    ):
        findings = found(world, replace(bundle, assignments=tuple(changed)))
        assert any(words in f.detail for f in findings), words
        assert any(not f.unverifiable for f in findings)
    for kept in (rows[1:], ()):
        fewer = replace(bundle, assignments=kept)
        fewer = replace(fewer, blocks=tuple(world.chain.prove(fewer.on_chain())))
        details = {f.detail for f in found(world, fewer)}
        assert "the device's registration is left out" in details


def test_another_devices_assignments_are_not_this_ones() -> None:
    world, bundle = sold_in([(800, "lakeside")])
    row = assign(world.chain, block=700, device=device_hash(DEVICES[1]), project="lakeside")
    bundle = replace(bundle, assignments=(row,))
    bundle = replace(bundle, blocks=tuple(world.chain.prove(bundle.on_chain())))
    findings = found(world, bundle)
    assert "bundle.assignment_mismatch" in {f.code for f in findings}


def test_two_assignments_in_one_transaction_must_both_be_stated() -> None:
    world, bundle = sold_in([(800, "lakeside")])
    row = both_in_one(world.chain)
    bundle = replace(bundle, assignments=(*bundle.assignments, row))
    bundle = replace(bundle, blocks=tuple(world.chain.prove(bundle.on_chain())))
    findings = found(world, bundle)
    assert [f.code for f in findings] == ["bundle.assignment_mismatch"]
    assert findings[0].detail.endswith(": left out")


def both_in_one(chain: PaperChain) -> AssignmentFact:
    from support_blocks import ACCOUNTS, event

    people = {"owner": ACCOUNTS["operator"], "operator": ACCOUNTS["operator"]}
    logs = [
        event(
            "DeviceRegistry",
            "DeviceAssigned",
            device=device_hash(DEVICE),
            project=bytes(on_chain_id(project)),
            **people,
        )
        for project in ("lakeside", "hilltop")
    ]
    place = chain.mine(number=2_600, contract="DeviceRegistry", data=b"both", logs=logs)
    return AssignmentFact(bytes(on_chain_id("lakeside")), 2_600, *place)
