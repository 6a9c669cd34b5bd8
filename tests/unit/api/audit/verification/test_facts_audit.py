"""Which sales a distribution shared out, each check alone: its facts against its call, and against the records."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support_bundles import bundle_of
from support_world import DEVICES, FIRST_MS, World

from counterfoil.api.audit.verification.assignment_steps import read_assignments
from counterfoil.api.audit.verification.bundle import Bundle, DistributionFact
from counterfoil.api.audit.verification.bundle_blocks import prove_all
from counterfoil.api.audit.verification.facts_audit import FactsAudit
from counterfoil.api.audit.verification.said import Part
from counterfoil.gateway.record.bodies import Refund, Status
from counterfoil.gateway.record.signed_record import decode
from counterfoil.oracle.rules.facts import Facts, decode_facts, names_of
from counterfoil.oracle.rules.project_history import Assignment, ProjectHistory

DEVICE = DEVICES[0]
OTHERWISE = "its facts are not those that its call names"


@pytest.fixture(scope="module")
def world() -> World:
    """Three days of two machines; on the first day one gave money back, and told its state."""
    world = World()
    for device in DEVICES[:2]:
        world.add(device, Refund(100, "USD", 1, 1), FIRST_MS + 3_600_000)
        world.add(device, Status("idle"), FIRST_MS + 3_700_000)
    world.sell(days=4)
    return world


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return bundle_of(world, days=3)


def audit(bundle: Bundle, history: ProjectHistory | None = None) -> FactsAudit:
    known = {entry.log_index: decode(entry.raw) for entry in bundle.records}
    mine = history or read_assignments(bundle, prove_all(bundle)[0])[0]
    return FactsAudit(bundle, records=known, history=mine)


def facts_of(fact: DistributionFact) -> Facts:
    return decode_facts(fact.content)


def called(fact: DistributionFact, facts: Facts) -> DistributionFact:
    """*fact* as it would be if these *facts* had been called: every sum is theirs."""
    content = facts.encode()
    digest, batch = names_of(content)
    return fact._replace(
        content=content,
        facts=digest,
        batch=batch,
        gross=facts.gross_minor,
        refunds=facts.refunds_minor,
    )


def told(
    bundle: Bundle, fact: DistributionFact, history: ProjectHistory | None = None
) -> list[str]:
    return [error.detail for error in audit(bundle, history).check(Part("here"), fact)]


def test_the_facts_are_those_whose_hash_and_batch_were_called(bundle: Bundle) -> None:
    fact = bundle.distributions[0]
    assert told(bundle, fact) == []
    assert told(bundle, fact._replace(facts=bytes(32))) == [OTHERWISE]
    assert told(bundle, fact._replace(batch=bytes(32))) == [OTHERWISE]
    found = told(bundle, fact._replace(content=b"\x80"))
    assert found[0] == OTHERWISE
    assert found[1].startswith("no facts")
    assert len(found) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"project": bytes(32)},
        {"period_start": 20220828},
        {"period_end": 20220830},
    ],
)
def test_they_are_of_the_distributions_project_and_day(
    bundle: Bundle, change: dict[str, Any]
) -> None:
    fact = bundle.distributions[0]
    found = told(bundle, fact._replace(**change))
    assert "they are of lakeside, 20220829" in found


def test_their_day_is_the_distributions(bundle: Bundle) -> None:
    fact = bundle.distributions[0]
    facts = replace(facts_of(fact), business_date=20220830)
    found = told(bundle, called(fact, facts))
    assert found[0] == "they are of lakeside, 20220830"
    moved = called(fact, facts)._replace(period_start=20220830, period_end=20220830)
    assert set(told(bundle, moved)) == {f"record {n} is of 20220829" for n in (4, 6, 8, 10)}


@pytest.mark.parametrize("change", [{"gross": 1}, {"refunds": 1}])
def test_they_come_to_the_distributions_sums(bundle: Bundle, change: dict[str, int]) -> None:
    fact = bundle.distributions[0]
    facts = facts_of(fact)
    said = f"they come to {facts.gross_minor} and refunds of {facts.refunds_minor}"
    assert told(bundle, fact._replace(**change)) == [said]


def test_their_units_are_the_distributions(bundle: Bundle) -> None:
    fact = bundle.distributions[0]
    said = ["other goods were sold by its facts"]
    first, *rest = fact.units
    assert told(bundle, fact._replace(units=rest)) == said
    assert told(bundle, fact._replace(units=[*fact.units, first])) == said
    more = first._replace(sold=first.sold + 1)
    assert told(bundle, fact._replace(units=[more, *rest])) == said
    other = first._replace(goods=bytes(32))
    assert told(bundle, fact._replace(units=[other, *rest])) == said
    assert told(bundle, fact._replace(units=[*rest, first])) == [], "in whatever order"


def test_each_record_is_under_the_head_that_the_distribution_names(bundle: Bundle) -> None:
    fact = bundle.distributions[0]
    last = facts_of(fact).entries[-1][0]
    assert told(bundle, fact._replace(head_size=last + 1)) == []
    said = [f"record {last} is not under its head"]
    assert told(bundle, fact._replace(head_size=last)) == said


def test_each_record_is_shared_out_once(bundle: Bundle) -> None:
    first = bundle.distributions[0]
    one = audit(bundle)
    assert list(one.check(Part("first"), first)) == []
    entries = facts_of(first).entries
    again = [error.detail for error in one.check(Part("second"), first)]
    assert again == [f"record {index} was shared out in first" for index, *_ in entries]


def test_each_record_is_the_sale_or_the_refund_of_that_amount(bundle: Bundle) -> None:
    """A refund is no sale of the same amount, nor a sale a refund; a machine's state is neither."""
    fact = bundle.distributions[0]
    facts = facts_of(fact)
    refunded = replace(facts, entries=((0, True, 100), *facts.entries))
    assert told(bundle, called(fact, refunded)) == []
    for entry, index in (((0, False, 100), 0), ((0, True, 101), 0), ((1, False, 0), 1)):
        changed = replace(facts, entries=(entry, *facts.entries))
        assert told(bundle, called(fact, changed)) == [f"record {index} says otherwise"], entry
    (index, _, amount), *rest = facts.entries
    for entry in ((index, True, amount), (index, False, amount + 1)):
        changed = replace(facts, entries=(entry, *rest))
        assert told(bundle, called(fact, changed)) == [f"record {index} says otherwise"], entry


def test_a_record_is_the_projects_in_which_its_machine_was(bundle: Bundle) -> None:
    fact = bundle.distributions[0]
    mine = bytes(fact.project)
    rows = [index for index, *_ in facts_of(fact).entries if index in audit(bundle)._records]

    def history(*moves: tuple[int, int, bytes]) -> ProjectHistory:
        return ProjectHistory([Assignment(block, ms, project) for block, ms, project in moves])

    other = b"\7" * 32
    never = told(bundle, fact, history((800, 0, other)))
    assert len(never) == len(rows)
    assert never[0] == f"record {rows[0]} is of project 0x{other.hex()}: its machine was there"
    moved = history((800, 0, other), (960, FIRST_MS + 20 * 3_600_000, mine))
    (doubt,) = told(bundle, fact, moved)
    assert doubt.startswith(f"4 records, from {rows[0]} on: the machine was in two projects")
    unknown = fact._replace(head_size=fact.head_size + 1)
    assert told(bundle, unknown, history((800, 0, other))) == [], "named by the missing head"
    assert told(bundle, fact, ProjectHistory(())) == [], "named by the missing registration"


def test_what_no_distribution_shared_out_is_named_with_its_sum(bundle: Bundle) -> None:
    """Sales and refunds of the period, by the project in which they were made; nothing else."""
    one = audit(bundle)
    for fact in bundle.distributions[:2]:
        list(one.check(Part("here"), fact))
    errors, open_ = one.not_shown()
    assert [error.detail for error in errors] == [
        "4 sales of 12.00 USD, 1 refund of 1.00 USD, from record 0 on: in no distribution that is here"
    ]
    assert open_ == errors
    counts = {figure.key: (figure.count, figure.sums) for figure in one.figures}
    assert counts["left.sales"] == (4, "12.00 USD")
    assert counts["left.refunds"] == (1, "1.00 USD")
    assert counts["shared_out.sales"][0] == 8
    assert str(one.checked).startswith("shared out of these records: 8 sales of ")
    assert "(and 8 records of other machines, not here)" in str(one.checked)
    elsewhere = audit(bundle, ProjectHistory([Assignment(800, 0, b"\7" * 32)]))
    errors, open_ = elsewhere.not_shown()
    assert "whose distributions are not here" in errors[0].detail
    assert (len(errors), open_) == (1, [])
    nobody = audit(bundle, ProjectHistory(()))
    assert len(nobody.not_shown()[1]) == 1


def test_where_all_was_shared_out_nothing_is_left(bundle: Bundle) -> None:
    """What is no sale and no refund is nothing that could be shared out."""
    first, *rest = bundle.distributions
    facts = facts_of(first)
    refunded = replace(facts, entries=((0, True, 100), *facts.entries))
    one = audit(bundle)
    for fact in (called(first, refunded), *rest):
        assert list(one.check(Part("here"), fact)) == []
    assert 1 in one._records, "a machine's state in the period"
    assert one.not_shown() == ([], [])
