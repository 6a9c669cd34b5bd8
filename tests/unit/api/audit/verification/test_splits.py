"""The split's arithmetic in a bundle: every payout is made again from the terms, and what differs is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from support_blocks import ACCOUNTS, ADDRESSES
from support_bundles import world_of
from support_world import DAY_MS, DEVICES, FIRST_MS, World, verify

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle, CreditFact, DistributionFact
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.chain.abi.enums import Tier
from counterfoil.gateway.record.bodies import Sale, Status
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.oracle.rules.waterfall import Waterfall

DEVICE = DEVICES[0]


def sold_world() -> World:
    return world_of(days=4)


def made(world: World) -> Bundle:
    """Three days: two versions of the terms; of the pools was taken, and the first one was ended between."""
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + 3 * DAY_MS)
    return collect(world.store().engine, None, facts)


@pytest.fixture(scope="module")
def world() -> World:
    return sold_world()


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return made(world)


def found(bundle: Bundle, world: World) -> list[AuditError]:
    return verify(encode(bundle), world.root).findings


def changed(bundle: Bundle, number: int, **fields: Any) -> Bundle:
    rows: list[DistributionFact] = list(bundle.distributions)
    rows[number] = rows[number]._replace(**fields)
    return replace(bundle, distributions=tuple(rows))


def test_all_payouts_are_made_again(bundle: Bundle, world: World) -> None:
    report = verify(encode(bundle), world.root)
    assert (report.verdict, report.findings) == ("valid", [])
    assert [d.version for d in bundle.distributions] == [1, 2, 2]
    assert [take.account == bytes(20) for take in bundle.takes] == [False, True, False, False]
    inside = [r.record for r in world.records if r.record.device == DEVICE][:-4]
    total = sum(r.body.amount_minor for r in inside if isinstance(r.body, Sale))
    assert report.steps[12].checked == (
        "3 distributions made again to the minor unit, 3 of the period; takes of pools made again: 4; "
        f"shared out of these records: {len(inside)} sales of {total // 100}.{total % 100:02} USD, 0 refunds "
        "(and 12 records of other machines, not here); in no distribution here: 0 sales, 0 refunds"
    )


def payout(number: int, by: int) -> Callable[[Sequence[CreditFact]], list[CreditFact]]:
    def change(rows: Sequence[CreditFact]) -> list[CreditFact]:
        row = rows[number]
        return [*rows[:number], row._replace(amount=row.amount + by), *rows[number + 1 :]]

    return change


def test_changed_value_of_a_distribution_is_named(bundle: Bundle, world: World) -> None:
    row = bundle.distributions[1]
    units = [row.units[0]._replace(sold=row.units[0].sold + 1), *row.units[1:]]
    supplier = "0x" + row.credits[1].account.hex()
    tiers = [row.credits[0]._replace(tier=3), *row.credits[1:]]
    for fields, words in (
        ({"units": units}, "other units are stated"),
        ({"credits": payout(1, 1)(row.credits)}, f"goods {supplier}: "),
        ({"credits": tiers}, "fee 0x"),
        ({"credits": row.credits[1:]}, "tax 0x"),
        ({"gross": row.gross + 1}, "gross "),
        ({"refunds": 1}, "refunds 1 is stated, 0 on chain"),
        ({"tax": row.tax - 1}, "tax "),
        ({"version": 1}, "version 1 is stated, 2 on chain"),
        ({"period_end": row.period_end + 1}, "periodEnd "),
        ({"project": bytes(32)}, f"project 0x{'00' * 32} is stated, "),
        ({"facts": bytes(32)}, "facts 0x"),
        ({"block_hash": bytes(32)}, "its transaction is in block 2050"),
        ({"block_number": 1}, "its transaction is in block 2050"),
        ({"head_size": row.head_size + 1}, "headSize "),
    ):
        findings = found(changed(bundle, 1, **fields), world)
        assert any(words in f.detail for f in findings), (words, findings)
        assert {f.where for f in findings} == {"distributions[1] (20220830)"}, words


def test_another_day_than_was_called_is_named(bundle: Bundle, world: World) -> None:
    findings = found(changed(bundle, 1, period_start=20220829), world)
    said = "periodStart 20220829 is stated, 20220830 on chain"
    assert said in {f.detail for f in findings if f.where == "distributions[1] (20220829)"}


def test_a_distribution_without_terms_is_refused_by_them(bundle: Bundle, world: World) -> None:
    findings = found(replace(bundle, terms=()), world)
    for place, date in enumerate((20220829, 20220830, 20220831)):
        said = [f.detail for f in findings if f.where == f"distributions[{place}] ({date})"]
        assert said == ["by the terms it is refused: NoTermsOn"]


def test_changed_terms_are_named(bundle: Bundle, world: World) -> None:
    encoded = bytearray(bundle.terms[0].encoded)
    at = encoded.index(bytes.fromhex(ACCOUNTS["site"][2:]))
    encoded[at] ^= 1
    first = bundle.terms[0]._replace(encoded=bytes(encoded))
    findings = found(replace(bundle, terms=(first, bundle.terms[1])), world)
    assert findings[0].code == "split.terms_mismatch"
    assert findings[0].where == "terms[0] (version 1)"
    assert any("by the terms" in f.detail for f in findings), "another account should have got it"


def test_what_is_left_out_of_the_history_is_found(bundle: Bundle, world: World) -> None:
    for part, code in (
        ("terms", "split.terms_mismatch"),
        ("distributions", "split.mismatch"),
        ("takes", "split.mismatch"),
    ):
        rows = getattr(bundle, part)
        findings = found(replace(bundle, **{part: rows[1:]}), world)
        assert code in {f.code for f in findings}, part
        assert "block.proof_invalid" in {f.code for f in findings}, "its proof is left over"


def test_row_that_is_stated_twice_is_found(bundle: Bundle, world: World) -> None:
    """A false row before the true one must not hide behind it."""
    row = bundle.distributions[1]
    false = row._replace(credits=payout(0, 9)(row.credits))
    for part, rows in (
        ("distributions", (*bundle.distributions[:1], false, *bundle.distributions[1:])),
        ("terms", (bundle.terms[0], *bundle.terms)),
    ):
        findings = found(replace(bundle, **{part: rows}), world)
        assert [f.detail for f in findings] == ["stated twice"], part
        assert findings[0].where.startswith(part)


def test_proof_that_is_left_out_is_found(bundle: Bundle, world: World) -> None:
    findings = found(replace(bundle, blocks=bundle.blocks[:-1]), world)
    assert [(f.code, f.where) for f in findings] == [
        ("split.mismatch", "distributions[2]"),
        ("split.sales_not_shown", "records"),
    ]
    assert "no receipt" in findings[0].detail


def test_take_that_is_stated_twice_is_found(bundle: Bundle, world: World) -> None:
    findings = found(replace(bundle, takes=(bundle.takes[0], *bundle.takes)), world)
    assert [f.where for f in findings] == ["takes[1]"]


def test_take_that_is_stated_otherwise_is_named(bundle: Bundle, world: World) -> None:
    for number, row in enumerate(bundle.takes):
        other = row._replace(amount=row.amount + 1)
        rows = (*bundle.takes[:number], other, *bundle.takes[number + 1 :])
        (finding,) = found(replace(bundle, takes=rows), world)
        assert finding.where.startswith(f"takes[{number}] (of pool 0x")
        assert finding.detail == f"{row.amount + 1} is stated, {row.amount} on chain"


def test_pool_of_other_investors_is_named(bundle: Bundle, world: World) -> None:
    pool = bundle.pools[0]
    more = pool.pieces[1][0]._replace(weight=pool.pieces[1][0].weight + 1)
    other = pool._replace(pieces=(pool.pieces[0], (more,)))
    findings = found(replace(bundle, pools=(other, *bundle.pools[1:])), world)
    assert findings[0].where == "pools[0]"
    assert any("PoolIncomplete" in f.detail for f in findings), "nothing can be taken of it"
    assert found(replace(bundle, pools=()), world), (
        "and without its list what was taken is not proved"
    )


@pytest.mark.parametrize("by", [1, -1])
def test_chain_that_paid_an_investor_otherwise_than_its_share_is_found(
    by: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All proofs hold: only the floors, made again from what was paid to the pool, tell."""
    world = sold_world()
    honest = Waterfall.take_pool
    calls: list[str] = []

    def take_pool(self: Waterfall, pool: str, account: str) -> int:
        calls.append(account)
        return honest(self, pool, account) + (by if len(calls) == 1 else 0)

    monkeypatch.setattr(Waterfall, "take_pool", take_pool)
    bundle = made(world)
    (finding,) = found(bundle, world)
    assert (finding.code, finding.where[:8]) == ("split.mismatch", "takes[0]")
    stated = bundle.takes[0].amount
    assert finding.detail == f"{stated} on chain, by its list {stated - by}"


def lying(monkeypatch: pytest.MonkeyPatch, tier: Tier, day: int) -> None:
    """The split itself takes a minor unit of *tier*'s and gives it to the residual recipient, on that day."""
    honest = Waterfall.distribute
    days: list[int] = []

    def distribute(self: Waterfall, sold: Any) -> Any:
        paid = honest(self, sold)
        days.append(sold.start)
        if len(days) <= 3 and sold.start == day:
            key = next(k for k in paid if k[0] == tier)
            paid[key] -= 1
            residual = next(k for k in paid if k[0] == Tier.RESIDUAL)
            paid[residual] += 1
        return paid

    monkeypatch.setattr(Waterfall, "distribute", distribute)


@pytest.mark.parametrize("tier", [Tier.TAX, Tier.GOODS, Tier.FEE, Tier.ALLOCATION])
def test_chain_that_paid_otherwise_than_its_terms_is_found(
    tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All proofs hold, and a sum is still true: only making the payouts again tells."""
    world = sold_world()
    lying(monkeypatch, tier, 20220830)
    bundle = made(world)
    findings = found(bundle, world)
    assert {f.where for f in findings} == {"distributions[1] (20220830)"}
    assert {f.code for f in findings} == {"split.mismatch"}
    assert any(f.detail.startswith(tier.name.lower()) for f in findings)
    assert any(f.detail.startswith("residual") for f in findings)


def test_facts_that_say_otherwise_than_the_records_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The quorum called a distribution whose facts change one sale of this machine."""
    world = sold_world()
    honest = World.facts_of
    index = next(n for n, r in enumerate(world.records) if r.record.device == DEVICE)

    def facts_of(self: World, day: int) -> Any:
        facts = honest(self, day)
        entries = tuple((i, r, a + 5 * (i == index)) for i, r, a in facts.entries)
        return replace(facts, entries=entries)

    monkeypatch.setattr(World, "facts_of", facts_of)
    findings = found(made(world), world)
    assert [(f.code, f.where, f.detail) for f in findings] == [
        ("split.facts_mismatch", "distributions[0] (20220829)", f"record {index} says otherwise")
    ]


def test_sale_in_another_currency_than_the_others_is_found() -> None:
    """Its amount is another currency's minor units."""
    world = World()
    for number, currency in enumerate(("USD", "JPY", "USD")):
        line = SaleLine("Water", 1, 500)
        sale = Sale(amount_minor=500, currency=currency, payment_method="cash", lines=(line,))
        world.add(DEVICE, sale, FIRST_MS + number * 3_600_000)
    world.anchor(1_000)
    for number in range(2):
        world.add(DEVICE, Status("idle"), FIRST_MS + DAY_MS + number)
    world.anchor(1_001)
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + DAY_MS)
    facts = replace(facts, terms=facts.terms[:1], distributions=facts.distributions[:1], takes=())
    findings = found(collect(world.store().engine, None, facts), world)
    assert [(f.code, f.where, f.detail) for f in findings] == [
        (
            "split.facts_mismatch",
            "distributions[0] (20220829)",
            "record 1 is in JPY, the ones before in USD",
        )
    ]


def test_sale_that_is_shared_out_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    world = sold_world()
    honest = World.facts_of
    first = honest(world, 0).entries[0]

    def facts_of(self: World, day: int) -> Any:
        facts = honest(self, day)
        return replace(facts, entries=(first, *facts.entries)) if day == 1 else facts

    monkeypatch.setattr(World, "facts_of", facts_of)
    findings = found(made(world), world)
    assert [f.code for f in findings] == ["split.facts_mismatch"] * 2
    assert "was shared out in distributions[0]" in findings[0].detail
    assert findings[1].detail == "record 0 is of 20220829"


def test_other_or_absent_facts_are_told(bundle: Bundle, world: World) -> None:
    other = bundle.distributions[0].content
    (finding,) = found(changed(bundle, 1, content=other), world)[:1]
    assert (finding.code, finding.where) == ("split.facts_mismatch", "distributions[1] (20220830)")
    report = verify(encode(changed(bundle, 1, content=b"")), world.root)
    assert [f.code for f in report.findings] == ["split.facts_missing", "split.sales_not_shown"]
    assert report.verdict == "unverifiable"


def test_contracts_elsewhere_than_in_the_auditors_own_file_are_found(
    bundle: Bundle, world: World
) -> None:
    data = encode(bundle)
    assert verify(data, world.root, addresses=ADDRESSES).verdict == "valid"
    other = {**ADDRESSES, "RevenueSplit": ACCOUNTS["site"]}
    (finding,) = verify(data, world.root, addresses=other).findings
    assert (finding.code, finding.where) == ("bundle.address_mismatch", "scope")
    scope = bundle.scope._replace(record_anchor=ACCOUNTS["site"])
    codes = {f.code for f in found(replace(bundle, scope=scope), world)}
    assert codes == {"head.not_anchored", "bundle.address_mismatch"}
