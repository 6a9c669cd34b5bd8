"""What the split's contract itself may do wrong, each alone: all proofs hold, and the file says what the chain says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import support_blocks
from support_blocks import ACCOUNTS, event
from support_world import DAY_MS, DEVICES, FIRST_MS, World, verify

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.gateway.record.identity import on_chain_id

DEVICE = DEVICES[0]


@pytest.fixture(autouse=True)
def honest(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    monkeypatch.undo()


def made(world: World | None = None) -> tuple[World, Bundle]:
    if world is None:
        world = World()
        world.sell(days=4)
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + 3 * DAY_MS)
    return world, collect(world.store().engine, None, facts)


def told(world: World, bundle: Bundle) -> list[tuple[str, str]]:
    return [(one.where, one.detail) for one in verify(encode(bundle), world.root).findings]


def lying(monkeypatch: pytest.MonkeyPatch, name: str, number: int, **change: Any) -> None:
    """The *number*th event *name* of the split says *change*."""
    seen: list[str] = []

    def lie(contract: str, kind: str, **values: Any) -> list[Any]:
        seen.append(kind)
        is_it = kind == name and seen.count(name) == number
        return event(contract, kind, **(values | change if is_it else values))

    monkeypatch.setattr(support_blocks, "event", lie)


def test_a_version_that_was_not_in_force_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, "Distributed", 2, version=1)
    world, bundle = made()
    rows = list(bundle.distributions)
    rows[1] = rows[1]._replace(version=1)
    found = told(world, replace(bundle, distributions=tuple(rows)))
    assert found == [("distributions[1] (20220830)", "paid by version 1, and 2 was in force")]


def test_terms_of_another_hash_or_version_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, "TermsSet", 2, termsHash=b"\1" * 32)
    world, bundle = made()
    said = ("terms[1] (version 2)", "not the terms whose hash was set on chain")
    assert told(world, bundle) == [said]
    monkeypatch.undo()
    lying(monkeypatch, "TermsSet", 2, version=3)
    world, bundle = made()
    later = bundle.terms[1]._replace(version=3)
    found = told(world, replace(bundle, terms=(bundle.terms[0], later)))
    assert ("terms[1] (version 3)", "version 2 was to come") in found


def test_terms_that_do_not_decode_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world, bundle = made()
    cut = bundle.terms[1]._replace(encoded=bundle.terms[1].encoded[:-32])
    found = told(world, replace(bundle, terms=(bundle.terms[0], cut)))
    assert any(detail.startswith("no terms") for _, detail in found)


def test_a_call_of_another_batch_leaves_what_was_sold_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The event's batch is another than the call's, in the transaction that is given for it."""
    other = b"\7" * 32
    seen: list[str] = []

    def lie(contract: str, kind: str, **values: Any) -> list[Any]:
        seen.append(kind)
        if kind in ("Distributed", "Credited") and seen.count("Distributed") == 2:
            values["batch"] = other
        return event(contract, kind, **values)

    monkeypatch.setattr(support_blocks, "event", lie)
    world, bundle = made()
    rows = list(bundle.distributions)
    rows[1] = rows[1]._replace(batch=other)
    found = told(world, replace(bundle, distributions=tuple(rows)))
    said = "its transaction calls something else: what was sold is not known"
    assert ("distributions[1] (20220830)", said) in found


def test_a_distribution_that_nothing_called_leaves_what_was_sold_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its events stand in a transaction that calls no function known here."""
    honest_mine = support_blocks.PaperChain.mine

    def mine(self: Any, number: int, contract: str, data: bytes, logs: Any) -> Any:
        data = b"\1" * 36 if number == 2_050 else data
        return honest_mine(self, number=number, contract=contract, data=data, logs=logs)

    monkeypatch.setattr(support_blocks.PaperChain, "mine", mine)
    world, bundle = made()
    said = "its transaction calls something else: what was sold is not known"
    assert ("distributions[1] (20220830)", said) in told(world, bundle)


def test_money_that_is_credited_and_not_distributed_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A credit under another batch, in the transaction of a distribution."""
    other = b"\7" * 32
    lying(monkeypatch, "Credited", 1, batch=other)
    world, bundle = made()
    found = told(world, bundle)
    said = (f"batch 0x{other.hex()}", "credited, and not distributed")
    assert said in found


def test_another_projects_events_are_not_this_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction of a distribution credits another project too: its money is not counted here."""
    hilltop = bytes(on_chain_id("hilltop"))
    honest_mine = support_blocks.PaperChain.mine

    def mine(self: Any, number: int, contract: str, data: bytes, logs: Any) -> Any:
        if number == 2_050:
            batch = {"project": hilltop, "batch": b"\7" * 32}
            credit = event(
                "RevenueSplit", "Credited", tier=0, account=ACCOUNTS["a"], amount=9, **batch
            )
            logs = [credit, *logs]
        return honest_mine(self, number=number, contract=contract, data=data, logs=logs)

    monkeypatch.setattr(support_blocks.PaperChain, "mine", mine)
    world, bundle = made()
    assert told(world, bundle) == []


def test_a_head_that_the_file_does_not_show_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The distribution names a head between two of the file's."""
    honest_distribute = support_blocks.PaperMoney.distribute

    def distribute(self: Any, block: int, facts: Any, head_size: int) -> None:
        honest_distribute(self, block, facts, head_size + (block == 2_050))

    monkeypatch.setattr(support_blocks.PaperMoney, "distribute", distribute)
    world, bundle = made()
    head = bundle.distributions[1].head_size
    found = told(world, bundle)
    assert found == [
        ("distributions[1] (20220830)", f"it names the head of {head}, which is not here")
    ]


def test_the_amounts_of_a_take_and_of_an_end_are_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, field in (("PoolTaken", "amount"), ("PoolEnded", "paid")):
        world, bundle = made()
        place = next(
            n
            for n, take in enumerate(bundle.takes)
            if (take.account == bytes(20)) == (field == "paid")
        )
        amount = bundle.takes[place].amount
        lying(monkeypatch, name, 1, **{field: amount + 1})
        world, bundle = made()
        rows = list(bundle.takes)
        rows[place] = rows[place]._replace(amount=amount + 1)
        found = told(world, replace(bundle, takes=tuple(rows)))
        assert [detail for _, detail in found] == [
            f"{amount + 1} on chain, by its list {amount}"
        ], name
        monkeypatch.undo()


def test_a_take_in_another_block_than_stated_is_named() -> None:
    world, bundle = made()
    for change in ({"block_number": 2_041}, {"block_hash": b"\1" * 32}):
        rows = (bundle.takes[0]._replace(**change), *bundle.takes[1:])
        found = told(world, replace(bundle, takes=rows))
        assert any(
            where.startswith("takes[0]") and "its transaction is in block 2040" in detail
            for where, detail in found
        ), change


def test_a_split_at_no_address_has_no_pools() -> None:
    world, bundle = made()
    scope = bundle.scope._replace(revenue_split="")
    nowhere = replace(bundle, scope=scope)

    def unaddressed(bundle: Bundle) -> list[str]:
        findings = verify(encode(bundle), world.root).findings
        return [one.code for one in findings if one.where == "scope" and "split" in one.code]

    assert unaddressed(nowhere) == ["split.mismatch"]
    assert unaddressed(replace(nowhere, pools=())) == []
