"""RevenueSplit and its model: the same calls, the same credited, debts, shares and refusals, to the minor unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support_evm import ADMIN, NOW_S, Evm

from counterfoil.chain.abi.enums import Basis, Tier
from counterfoil.chain.errors import ContractReverted
from counterfoil.oracle.rules.collection_account import collection_account
from counterfoil.oracle.rules.investor_pool import PoolList
from counterfoil.oracle.rules.waterfall import (
    MOST_DEBTORS,
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

LISTS = tuple(
    PoolList.of(investors, piece=2)
    for investors in (
        [(ACCOUNTS[0], 1), (ACCOUNTS[1], 1)],
        [(ACCOUNTS[2], 7), (ACCOUNTS[0], 1), (ACCOUNTS[3], 3), (ACCOUNTS[4], 2), (ACCOUNTS[5], 4)],
        [(ACCOUNTS[6], 2**64 - 10), (ACCOUNTS[7], 1), (ACCOUNTS[1], 5)],
    )
)
SPLIT = Evm().at["RevenueSplit"]
POOLS = tuple(one.account(SPLIT, PROJECT).lower() for one in LISTS)

accounts = st.sampled_from(ACCOUNTS)
anybody = st.sampled_from(ACCOUNTS + POOLS)
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
        account=draw(anybody),
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
    residual=anybody,
    fee_bp=points,
    sweep_bp=points,
    sweep_cap=small,
    goods=st.lists(
        st.tuples(st.sampled_from(GOODS), accounts, small), max_size=3, unique_by=lambda g: g[0]
    ).map(tuple),
    allocations=st.lists(allocations(), max_size=4).map(tuple),
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
    )


class SplitMachine(RuleBasedStateMachine):
    """Both sides of every call."""

    @initialize(terms=terms_drawn)
    def deploy(self, terms: SplitTerms) -> None:
        self.evm, self.model = Evm(), Waterfall()
        self.minted, self.count = 0, 0
        self.frozen: set[str] = set()
        assert self.evm.at["RevenueSplit"] == SPLIT
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
        for pool, one in zip(POOLS, LISTS, strict=True):
            assert self.evm.ask("RevenueSplit", "poolOf", PROJECT, one.name) == pool
            for arguments in one.calls(PROJECT, one.name):
                self.evm.send("RevenueSplit", "addInvestors", *arguments)
            assert self.evm.ask("RevenueSplit", "nextInvestors", PROJECT, one.name) == bytes(32)
            self.model.add_pool(pool, one.investors)
        self.eager = {
            pool: dict.fromkeys(dict(one.investors), 0)
            for pool, one in zip(POOLS, LISTS, strict=True)
        }
        """What the distributions would have credited to each investor, floor by floor."""
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
            preview = self.evm.ask("RevenueSplit", "preview", d)
        except ContractReverted:
            preview = None
        before = {pool: one.paid for pool, one in self.model.pools.items()}
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
            assert sum(credited.values()) == sold.gross
            self.credit_eagerly(before)

    def credit_eagerly(self, before: dict[str, int]) -> None:
        """Credit each investor the difference of its floors, the ended runs apart."""
        for name, pool in self.model.pools.items():
            start = pool.ends[-1] if pool.ends else 0
            for account, weight in pool.investors:
                floors = [(n - start) * weight // pool.weights for n in (before[name], pool.paid)]
                self.eager[name][account] += floors[1] - floors[0]

    @rule(pool=anybody)
    def end_pool(self, pool: str) -> None:
        had = {name: one.earned for name, one in self.model.pools.items()}
        ended = self.both(
            lambda: self.model.end_pool(pool),
            lambda: self.evm.send("RevenueSplit", "endPool", pool),
        )
        if ended is not None:
            eager = self.eager[pool]
            more = {account: had[pool](account) - n for account, n in eager.items()}
            assert all(n in range(len(self.model.pools[pool].ends) + 1) for n in more.values())
            self.eager[pool] = {account: had[pool](account) for account in eager}
            assert sum(self.eager[pool].values()) == ended

    @rule(pool=st.sampled_from(POOLS), account=accounts)
    def take_pool(self, pool: str, account: str) -> None:
        is_investor = account in dict(self.model.pools[pool].investors)
        if account in self.frozen and is_investor and self.model.pools[pool].claimable(account):
            with pytest.raises(ContractReverted, match="HolderNotAccepted"):
                self.evm.send("RevenueSplit", "takePool", pool, account)
            return
        self.both(
            lambda: self.model.take_pool(pool, account),
            lambda: self.evm.send("RevenueSplit", "takePool", pool, account),
        )

    @rule(account=anybody)
    def withdraw(self, account: str) -> None:
        token = self.evm.at["DepositToken"]
        if account in self.frozen and self.model.claimable[account]:
            with pytest.raises(ContractReverted, match="HolderNotAccepted"):
                self.evm.send("RevenueSplit", "withdraw", token, account)
            return
        self.both(
            lambda: self.model.withdraw(account),
            lambda: self.evm.send("RevenueSplit", "withdraw", token, account),
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
            assert ask("RevenueSplit", "owed", PROJECT, tier, to) == amount
        for name, pool in self.model.pools.items():
            assert ask("RevenueSplit", "claimable", token, name) == self.model.claimable[name]
            assert ask("RevenueSplit", "takenOf", name) == pool.taken.total()
            for account, _ in pool.investors:
                left = pool.claimable(account)
                assert ask("RevenueSplit", "claimableOfPool", name, account) == left
                assert left + pool.taken[account] == self.eager[name][account]
            to_take = sum(pool.claimable(account) for account, _ in pool.investors)
            assert pool.taken.total() + to_take + pool.carried == pool.paid
            assert 0 <= pool.carried < len(pool.investors)
        assert ask("RevenueSplit", "distributed", PROJECT) == self.model.distributed

    @invariant()
    def credited_is_what_was_received(self) -> None:
        ask, model = self.evm.ask, self.model
        held = model.claimable.total()
        assert held + model.withdrawn.total() == model.distributed
        assert ask("DepositToken", "balanceOf", self.evm.at["RevenueSplit"]) == held
        collection = ask("DepositToken", "collectionOf", PROJECT)
        assert ask("DepositToken", "balanceOf", collection) == model.collected
        other = ask("DepositToken", "collectionOf", OTHER)
        assert ask("DepositToken", "balanceOf", other) == 10**9
        token = self.evm.at["DepositToken"]
        derived = [collection_account(token, project) for project in (PROJECT, OTHER)]
        assert derived == [collection, other], "nobody needs to be asked for it"
        supply = model.collected + model.distributed + 10**9
        assert ask("DepositToken", "totalSupply") == ask("DepositToken", "attested") == supply


def test_a_sale_that_comes_after_a_pool_was_ended_begins_a_run() -> None:
    machine = SplitMachine()
    payer, one, two = ACCOUNTS[2], ACCOUNTS[0], ACCOUNTS[1]
    pool = POOLS[0]

    def terms(day: int, account: str) -> SplitTerms:
        share = Allocation(account, Basis.REMAINDER_BASIS_POINTS, 10_000)
        return SplitTerms(day, False, *[payer] * 5, 0, 0, 0, (), (share,))

    machine.deploy(terms(DAYS[0], pool))
    machine.set_terms(terms(DAYS[2], payer))
    for day in (DAYS[0], DAYS[2]):
        machine.distribute(day, 0, 1, 0, 0, (), is_funded=True)
    assert machine.model.pools[pool].carried == 1
    machine.end_pool(pool)
    assert machine.model.pools[pool].claimable(two) == 1, "the odd unit is the second's"
    machine.take_pool(pool, two)
    machine.distribute(DAYS[0], 0, 1, 0, 0, (), is_funded=True)
    machine.distribute(DAYS[0], 0, 2, 0, 0, (), is_funded=True)
    machine.end_pool(pool)
    machine.both_sides_agree()
    machine.credited_is_what_was_received()
    earned = machine.model.pools[pool].earned
    assert (earned(one), earned(two)) == (1, 3)


CROWD = tuple("0x" + f"{n:040x}" for n in range(0x5001, 0x5001 + 150))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    crowds=st.lists(st.tuples(st.integers(0, 149), st.integers(1, 120)), min_size=3, max_size=3),
    sales=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from((0, 0, 1, 99, 700, 4_000))),
        min_size=4,
        max_size=12,
    ),
)
def test_more_debts_than_a_distribution_looks_at_wait_in_their_order(
    crowds: list[tuple[int, int]], sales: list[tuple[int, int]]
) -> None:
    """Each day's terms owe a crowd of their own more than there is; some stand in two of them."""

    def terms(number: int) -> SplitTerms:
        first, count = crowds[number]
        named = [CROWD[(first + n) % len(CROWD)] for n in range(count)]
        lines = tuple(Allocation(a, Basis.FIXED, 10 + n % 3) for n, a in enumerate(named))
        return SplitTerms(DAYS[number], False, *[ACCOUNTS[0]] * 5, 0, 0, 0, (), lines)

    machine = SplitMachine()
    machine.deploy(terms(0))
    machine.set_terms(terms(1))
    machine.set_terms(terms(2))
    for number, gross in sales:
        machine.distribute(DAYS[number], 0, gross, 0, 0, (), is_funded=True)
        machine.both_sides_agree()
        for account in CROWD:
            token, credited = machine.evm.at["DepositToken"], machine.model.claimable[account]
            assert machine.evm.ask("RevenueSplit", "claimable", token, account) == credited
    assert len(machine.model.debtors) <= MOST_DEBTORS
    # All that is owed is paid in the end, whoever waited.
    for number in (0, 1, 2):
        for _ in range(4):
            machine.distribute(DAYS[number], 0, 100_000, 0, 0, (), is_funded=True)
    assert [c for c, amount in machine.model.owed.items() if amount > 0] == []
    machine.both_sides_agree()


TestSplitMachine = SplitMachine.TestCase
TestSplitMachine.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
