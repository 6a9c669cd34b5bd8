"""RevenueSplit and its model: the same calls, the same credited, debts, rests and refusals, to the minor unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support_evm import ADMIN, NOW_S, Evm

from counterfoil.chain.abi.enums import Basis, Tier
from counterfoil.chain.errors import ContractReverted
from counterfoil.oracle.rules.waterfall import (
    POOL,
    Allocation,
    SoldBatch,
    SplitRefused,
    SplitTerms,
    Waterfall,
)

PROJECT, OTHER = b"\1" * 32, b"\2" * 32
ACCOUNTS = tuple("0x" + f"{n:040x}" for n in range(0x1001, 0x1009))
GOODS = (bytes(32), b"\3" * 32, b"\4" * 32)
DAYS = (20260130, 20260131, 20260201, 20260202, 20260203, 20260301)
DECADE = NOW_S + 400_000_000

accounts = st.sampled_from(ACCOUNTS)
points = st.sampled_from((0, 1, 333, 1_000, 2_500, 10_000))
small = st.sampled_from((0, 1, 7, 100, 999, 50_000))


@st.composite
def allocations(draw: st.DrawFn) -> Allocation:
    basis = draw(st.sampled_from(Basis))
    value = draw(
        points if basis in (Basis.NET_BASIS_POINTS, Basis.REMAINDER_BASIS_POINTS) else small
    )
    minimum = draw(small)
    cap = draw(st.sampled_from((0, 0, minimum or 1, minimum + 500)))
    return Allocation(
        account=draw(st.one_of(accounts, st.just(POOL))),
        basis=basis,
        value=value,
        minimum=minimum,
        cap=cap,
    )


terms_drawn = st.builds(
    SplitTerms,
    effective_from=st.sampled_from((20260101, *DAYS)),
    by_month=st.booleans(),
    refund=accounts,
    tax=accounts,
    fee=accounts,
    sweep=accounts,
    residual=accounts,
    fee_bp=points,
    sweep_bp=points,
    sweep_cap=small,
    goods=st.lists(
        st.tuples(st.sampled_from(GOODS), accounts, small), max_size=3, unique_by=lambda g: g[0]
    ).map(tuple),
    allocations=st.lists(allocations(), max_size=4).map(tuple),
    investors=st.lists(st.tuples(accounts, st.integers(1, 7)), min_size=1, max_size=4).map(tuple),
)
money = st.one_of(st.integers(0, 20), st.integers(0, 100_000))
units_drawn = st.lists(
    st.tuples(st.sampled_from(GOODS), st.integers(0, 50)), max_size=3, unique_by=lambda u: u[0]
).map(tuple)


def terms_argument(t: SplitTerms) -> tuple[Any, ...]:
    return (
        t.effective_from,
        int(t.by_month),
        t.refund,
        t.tax,
        t.fee,
        t.sweep,
        t.residual,
        (t.fee_bp, t.sweep_bp, t.sweep_cap),
        [(goods, supplier, 0, cost) for goods, supplier, cost in t.goods],
        [(a.account, int(a.basis), a.value, a.minimum, a.cap) for a in t.allocations],
        list(t.investors),
    )


class SplitMachine(RuleBasedStateMachine):
    """Both sides of every call."""

    @initialize(terms=terms_drawn)
    def deploy(self, terms: SplitTerms) -> None:
        self.evm, self.model = Evm(), Waterfall()
        self.minted, self.count = 0, 0
        self.frozen: set[str] = set()
        for account in ACCOUNTS:
            self.evm.send("ParticipantRegistry", "admit", account, 1, bytes(32))
            self.evm.send("ParticipantRegistry", "certify", account, DECADE, bytes(32))
        for project in (PROJECT, OTHER):
            self.evm.send("DepositToken", "openCollection", project)
            self.evm.send("RevenueSplit", "openProject", project, self.evm.at["DepositToken"])
        self.evm.anchor_head(10)
        # Another project's money, which must never be touched.
        other = self.evm.ask("DepositToken", "collectionOf", OTHER)
        self.evm.send("DepositToken", "mint", other, 10**9, b"\xff" * 32)
        self.set_terms(terms)

    def both(self, model: Callable[[], Any], call: Callable[[], Any]) -> Any:
        """What both sides answer; or both refuse, for the same reason."""
        try:
            expected = model()
        except SplitRefused as refused:
            with pytest.raises(ContractReverted, match=rf"^{refused}\("):
                call()
            return None
        call()
        return expected

    @rule(terms=terms_drawn)
    def set_terms(self, terms: SplitTerms) -> None:
        self.both(
            lambda: self.model.set_terms(terms),
            lambda: self.evm.send("RevenueSplit", "setTerms", PROJECT, terms_argument(terms)),
        )

    @rule(amount=st.integers(1, 100_000))
    def pay_in(self, amount: int) -> None:
        self.minted += 1
        account = self.evm.ask("DepositToken", "collectionOf", PROJECT)
        self.evm.send("DepositToken", "mint", account, amount, self.minted.to_bytes(32, "big"))
        self.model.collected += amount

    @rule(
        start=st.sampled_from(DAYS),
        longer=st.sampled_from((0, 0, 0, 1, -1)),
        gross=money,
        refunds=st.one_of(st.just(0), money),
        tax=st.one_of(st.just(0), money),
        units=units_drawn,
        is_funded=st.sampled_from((True, True, True, False)),
    )
    def distribute(
        self,
        start: int,
        longer: int,
        gross: int,
        refunds: int,
        tax: int,
        units: tuple[tuple[bytes, int], ...],
        is_funded: bool,
    ) -> None:
        if is_funded and gross > self.model.collected:
            self.pay_in(gross - self.model.collected)
        end = DAYS[max(0, min(DAYS.index(start) + longer, len(DAYS) - 1))]
        self.count += 1
        batch = self.count.to_bytes(32, "big")
        self.share_out(SoldBatch(batch, start, end, gross, refunds, tax, units))

    @rule(which=st.integers(0, 50))
    def distribute_again(self, which: int) -> None:
        done = sorted(self.model.batches)
        if done:
            self.share_out(
                SoldBatch(
                    batch=done[which % len(done)],
                    start=DAYS[0],
                    end=DAYS[0],
                    gross=1,
                    refunds=0,
                    tax=0,
                    units=(),
                )
            )

    def share_out(self, sold: SoldBatch) -> None:
        d = (
            PROJECT,
            sold.batch,
            sold.start,
            sold.end,
            sold.gross,
            sold.refunds,
            sold.tax,
            10,
            b"\5" * 32,
            list(sold.units),
        )
        try:
            preview, carried = self.evm.ask("RevenueSplit", "preview", d)
        except ContractReverted:
            preview, carried = None, 0
        credited = self.both(
            lambda: self.model.distribute(sold),
            lambda: self.evm.send("RevenueSplit", "distribute", d),
        )
        if credited is not None:
            shown: dict[tuple[Tier, str], int] = {}
            for tier, account, amount in preview:
                key = (Tier(tier), account)
                shown[key] = shown.get(key, 0) + amount
            assert shown == credited
            assert carried == self.model.carried

    @rule(version=st.integers(0, 4))
    def settle_carried(self, version: int) -> None:
        self.both(
            lambda: self.model.settle_carried(version),
            lambda: self.evm.send("RevenueSplit", "settleCarried", PROJECT, version),
        )

    @rule(account=accounts)
    def withdraw(self, account: str) -> None:
        token = self.evm.at["DepositToken"]
        if account in self.frozen and self.model.claimable[account]:
            with pytest.raises(ContractReverted, match="HolderNotAccepted"):
                self.evm.send("RevenueSplit", "withdrawFor", token, account)
            return
        self.both(
            lambda: self.model.withdraw(account),
            lambda: self.evm.send("RevenueSplit", "withdrawFor", token, account),
        )

    @rule(account=accounts)
    def freeze_or_unfreeze(self, account: str) -> None:
        if account in self.frozen:
            self.frozen.remove(account)
            self.evm.send("ParticipantRegistry", "unfreeze", account)
        else:
            self.frozen.add(account)
            self.evm.send("ParticipantRegistry", "freeze", account, bytes(32))

    @rule(thief=st.sampled_from((ADMIN, ACCOUNTS[0])))
    def only_the_split_collects(self, thief: str) -> None:
        with pytest.raises(ContractReverted, match="NotTheSplit"):
            self.evm.send("DepositToken", "collect", PROJECT, 1, sender=thief)

    @invariant()
    def both_sides_agree(self) -> None:
        ask, token = self.evm.ask, self.evm.at["DepositToken"]
        for account in ACCOUNTS:
            assert ask("RevenueSplit", "claimable", token, account) == self.model.claimable[account]
            assert ask("DepositToken", "balanceOf", account) == self.model.withdrawn[account]
        for (tier, to), amount in self.model.owed.items():
            pool = isinstance(to, int)
            said = ("owedToPool", PROJECT, to) if pool else ("owed", PROJECT, tier, to)
            assert ask("RevenueSplit", *said) == amount
        for version in range(1, len(self.model.terms) + 1):
            pool = self.model.pool_of(version)
            assert ask("RevenueSplit", "poolOf", PROJECT, version) == pool
        assert ask("RevenueSplit", "carried", PROJECT) == self.model.carried
        assert ask("RevenueSplit", "distributed", PROJECT) == self.model.distributed

    @invariant()
    def paid_and_carried_are_what_was_received(self) -> None:
        ask, model = self.evm.ask, self.model
        held = model.claimable.total() + model.carried
        assert held + model.withdrawn.total() == model.distributed
        assert ask("DepositToken", "balanceOf", self.evm.at["RevenueSplit"]) == held
        collection = ask("DepositToken", "collectionOf", PROJECT)
        assert ask("DepositToken", "balanceOf", collection) == model.collected
        other = ask("DepositToken", "collectionOf", OTHER)
        assert ask("DepositToken", "balanceOf", other) == 10**9
        supply = model.collected + model.distributed + 10**9
        assert ask("DepositToken", "totalSupply") == ask("DepositToken", "attested") == supply


def test_a_sale_that_comes_after_its_version_was_settled_is_shared_out() -> None:
    machine = SplitMachine()
    pool = Allocation(POOL, Basis.REMAINDER_BASIS_POINTS, 10_000)
    payer, one, two = ACCOUNTS[:3]

    def terms(day: int) -> SplitTerms:
        shares = ((one, 1), (two, 1))
        return SplitTerms(day, False, *[payer] * 5, 0, 0, 0, (), (pool,), shares)

    machine.deploy(terms(DAYS[0]))
    machine.set_terms(terms(DAYS[2]))
    for day in (DAYS[0], DAYS[2]):
        machine.distribute(day, 0, 1, 0, 0, (), is_funded=True)
    machine.settle_carried(1)
    assert machine.model.claimable[one] == 1, "the odd unit goes to the first among equals"
    machine.distribute(DAYS[0], 0, 1, 0, 0, (), is_funded=True)
    machine.distribute(DAYS[0], 0, 2, 0, 0, (), is_funded=True)
    machine.settle_carried(1)
    machine.both_sides_agree()
    machine.paid_and_carried_are_what_was_received()
    assert machine.model.claimable[one] + machine.model.claimable[two] == 4


TestSplitMachine = SplitMachine.TestCase
TestSplitMachine.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
