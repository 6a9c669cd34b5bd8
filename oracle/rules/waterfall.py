"""A model of RevenueSplit, written from its decision records (0006, 0023 and 0024) and nothing else. Pure.

Rules that this module keeps:

- A tier's entitlement is a pure function of the period's running totals. A distribution adds the difference to the
  tier's debt and pays what the cash allows, tier by tier. The residual recipient takes what is left.
- An account may be in a tier more than once; its debts in the tier are one debt, under whatever terms.
- A tier first pays what it owes from before, the oldest debt first, to those too whom the terms no longer name. A
  distribution looks at the 64 oldest debts; the others wait for a place, in their order.
- A pool has an account, which is credited like any other; what its investors take is ``investor_pool``'s.
- A period is a day or a month, whichever terms hold on its days.
- Credited = received, to the minor unit, after every step.

Auditors recompute every split with it; tests hold it and the contract against each other, call by call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from counterfoil.chain.abi.enums import Basis, Period, Tier
from counterfoil.oracle.rules.facts import MOST_UNITS
from counterfoil.oracle.rules.investor_pool import InvestorPool, Investors

MOST_DEBTORS = 64
"""The oldest debts at which a distribution looks."""
Creditor = tuple[Tier, str]
"""A tier and an account."""


class SplitRefused(Exception):
    """The contract would revert; the text is the contract's name of the error."""


@dataclass(frozen=True)
class Allocation:
    """One line below the senior tiers."""

    account: str
    basis: Basis
    value: int
    minimum: int = 0
    cap: int = 0


@dataclass(frozen=True)
class SplitTerms:
    """One version of a project's waterfall."""

    effective_from: int
    by_month: bool
    refund: str
    tax: str
    fee: str
    sweep: str
    residual: str
    fee_bp: int
    sweep_bp: int
    sweep_cap: int
    goods: tuple[tuple[bytes, str, int], ...]
    """(goods, supplier, cost of a unit); 32 zero bytes for all other goods."""
    allocations: tuple[Allocation, ...]

    @property
    def accounts(self) -> set[str]:
        """Every account that they name."""
        named = {self.refund, self.tax, self.fee, self.sweep, self.residual}
        return named | {g[1] for g in self.goods} | {a.account for a in self.allocations}

    @classmethod
    def on_chain(cls, found: Mapping[str, Any]) -> SplitTerms:
        """The terms in the struct that ``RevenueSplit.termsOf`` returns."""
        senior = found["senior"]
        return cls(
            found["effectiveFrom"],
            found["period"] == Period.MONTH,
            found["refundAccount"],
            found["taxAccount"],
            found["feeAccount"],
            found["sweepAccount"],
            found["residualAccount"],
            senior["feeBasisPoints"],
            senior["sweepBasisPoints"],
            senior["sweepCap"],
            tuple((g["goods"], g["supplier"], g["unitCost"]) for g in found["goods"]),
            tuple(
                Allocation(
                    account=a["account"],
                    basis=Basis(a["basis"]),
                    value=a["value"],
                    minimum=a["minimum"],
                    cap=a["cap"],
                )
                for a in found["allocations"]
            ),
        )


@dataclass(frozen=True)
class SoldBatch:
    """One batch of facts: what a distribution shares out; amounts in minor units, dates YYYYMMDD."""

    batch: bytes
    start: int
    end: int
    gross: int
    refunds: int
    tax: int
    units: tuple[tuple[bytes, int], ...]


@dataclass
class PeriodTotals:
    """A period's running totals."""

    gross: int = 0
    refunds: int = 0
    tax: int = 0
    goods_cost: int = 0
    units: int = 0

    def due(self, terms: SplitTerms) -> list[tuple[Tier, str, int]]:
        """The entitlements by these totals, below the goods: (tier, account, amount)."""
        net = max(0, self.gross - self.refunds - self.tax)
        fee = net * terms.fee_bp // 10_000
        rest = max(0, net - self.goods_cost - fee)
        sweep = rest * terms.sweep_bp // 10_000
        if terms.sweep_cap:
            sweep = min(sweep, terms.sweep_cap)
        rest -= sweep
        lines = [(Tier.FEE, terms.fee, fee), (Tier.SWEEP, terms.sweep, sweep)]
        for a in terms.allocations:
            amount = {
                Basis.FIXED: a.value,
                Basis.PER_UNIT: a.value * self.units,
                Basis.NET_BASIS_POINTS: net * a.value // 10_000,
                Basis.REMAINDER_BASIS_POINTS: rest * a.value // 10_000,
            }[a.basis]
            amount = max(amount, a.minimum)
            if a.cap:
                amount = min(amount, a.cap)
            rest = max(0, rest - amount)
            lines.append((Tier.ALLOCATION, a.account, amount))
        return lines


@dataclass
class Waterfall:
    """One project's terms, totals, debts and credits; every amount in minor units."""

    collected: int = 0
    """In the collection account."""
    terms: list[SplitTerms] = field(default_factory=list)
    batches: set[bytes] = field(default_factory=set)
    totals: dict[int, PeriodTotals] = field(default_factory=dict)
    """By day (YYYYMMDD) or month (YYYYMM)."""
    owed: Counter[Creditor] = field(default_factory=Counter)
    debtors: list[Creditor] = field(default_factory=list)
    """To whom something is owed, the oldest debt first; at most ``MOST_DEBTORS``."""
    waiting: list[Creditor] = field(default_factory=list)
    """Who has found no place there."""
    claimable: Counter[str] = field(default_factory=Counter)
    withdrawn: Counter[str] = field(default_factory=Counter)
    pools: dict[str, InvestorPool] = field(default_factory=dict)
    """By account; each has all its investors."""
    distributed: int = 0
    last_date: int = 0
    last_version: int = 0

    def set_terms(self, terms: SplitTerms) -> None:
        newest = self.terms[-1].effective_from if self.terms else 0
        if terms.effective_from <= max(newest, self.last_date):
            raise SplitRefused("TermsRetroactive")
        is_other = bool(self.terms) and self.terms[-1].by_month != terms.by_month
        if is_other and terms.effective_from % 100 != 1:
            raise SplitRefused("TermsInvalid")
        self.terms.append(terms)

    def add_pool(self, account: str, investors: Investors) -> None:
        """All the investors of the pool *account* were added."""
        self.pools[account] = InvestorPool(investors, self.claimable[account])

    def version_on(self, date: int) -> int:
        held = [n for n, t in enumerate(self.terms, start=1) if t.effective_from <= date]
        if not held:
            raise SplitRefused("NoTermsOn")
        return held[-1]

    def distribute(self, sold: SoldBatch) -> dict[tuple[Tier, str], int]:
        """Distribute the batch; return the amount of each (tier, account)."""
        if sold.batch in self.batches:
            raise SplitRefused("AlreadyDistributed")
        if len(sold.units) > MOST_UNITS:
            raise SplitRefused("TooManyUnits")
        version = self.version_on(sold.start)
        terms = self.terms[version - 1]
        scale = 100 if terms.by_month else 1
        is_one = sold.end >= sold.start and sold.end // scale == sold.start // scale
        if not is_one or self.version_on(sold.end) != version:
            raise SplitRefused("PeriodInvalid")
        costs = self._goods(terms, sold)
        if sold.gross > self.collected:
            raise SplitRefused("ERC20InsufficientBalance")
        more = self._more_due(version, sold, key=sold.start // scale, goods_cost=costs.total())
        paid, cash = self._pay(sold.gross, costs, more)
        paid[Tier.RESIDUAL, terms.residual] += cash
        for (_, account), amount in paid.items():
            self.claimable[account] += amount
            if account in self.pools:
                self.pools[account].paid += amount
        self.batches.add(sold.batch)
        self.collected -= sold.gross
        self.distributed += sold.gross
        self.last_date = max(self.last_date, sold.end)
        self.last_version = max(self.last_version, version)
        return {key: amount for key, amount in paid.items() if amount}

    def _goods(self, terms: SplitTerms, sold: SoldBatch) -> Counter[str]:
        priced = {goods: (supplier, cost) for goods, supplier, cost in terms.goods}
        costs: Counter[str] = Counter()
        for goods, count in sold.units:
            line = priced.get(goods, priced.get(bytes(32)))
            if line is None:
                raise SplitRefused("GoodsUnknown")
            costs[line[0]] += line[1] * count
        return costs

    def _more_due(
        self, version: int, sold: SoldBatch, key: int, goods_cost: int
    ) -> dict[Tier, list[tuple[str, int]]]:
        """Count the batch in its period; return by tier what is due in addition, but for the goods."""
        terms = self.terms[version - 1]
        is_first = key not in self.totals
        totals = self.totals.setdefault(key, PeriodTotals())
        before = [0] * (2 + len(terms.allocations))
        if not is_first:
            before = [amount for _, _, amount in totals.due(terms)]
        totals.gross += sold.gross
        totals.refunds += sold.refunds
        totals.tax += sold.tax
        totals.goods_cost += goods_cost
        totals.units += sum(count for _, count in sold.units)
        more: dict[Tier, list[tuple[str, int]]] = {tier: [] for tier in Tier}
        more[Tier.REFUND].append((terms.refund, sold.refunds))
        more[Tier.TAX].append((terms.tax, sold.tax))
        for (tier, account, after), earlier in zip(totals.due(terms), before, strict=True):
            more[tier].append((account, after - earlier))
        return more

    def _pay(
        self, cash: int, costs: Counter[str], more: Mapping[Tier, Sequence[tuple[str, int]]]
    ) -> tuple[Counter[Creditor], int]:
        """Pay tier by tier as far as *cash* goes; return what each creditor got, and what is left."""
        paid: Counter[Creditor] = Counter()
        before = Counter(self.owed)

        def pay(creditor: Creditor, amount: int = 0) -> None:
            nonlocal cash
            self.owed[creditor] += amount
            now = min(cash, max(0, self.owed[creditor]))
            self.owed[creditor] -= now
            cash -= now
            paid[creditor] += now

        for tier in Tier:
            for creditor in self.debtors:
                if creditor[0] == tier:
                    pay(creditor)
            if tier == Tier.GOODS:
                for supplier, cost in costs.items():
                    self.owed[tier, supplier] += cost
                    paid[tier, supplier] += 0
                for creditor in [c for c in paid if c[0] == tier]:
                    pay(creditor)
            for to, amount in more[tier]:
                pay((tier, to), amount)
        self._keep_debts([c for c in paid if self.owed[c] > 0 and before[c] <= 0])
        return paid, cash

    def _keep_debts(self, new: Sequence[Creditor]) -> None:
        self.debtors = [c for c in self.debtors if self.owed[c] > 0]
        looked_at = 0
        while len(self.debtors) < MOST_DEBTORS and looked_at < min(MOST_DEBTORS, len(self.waiting)):
            if self.owed[self.waiting[looked_at]] > 0:
                self.debtors.append(self.waiting[looked_at])
            looked_at += 1
        del self.waiting[:looked_at]
        for creditor in new:
            if len(self.debtors) < MOST_DEBTORS and not self.waiting:
                self.debtors.append(creditor)
            else:
                self.waiting.append(creditor)

    def take_pool(self, pool: str, account: str) -> int:
        """Pay the investor all that it can take of the pool by one call."""
        if pool not in self.pools:
            raise SplitRefused("PoolIncomplete")
        try:
            amount = self.pools[pool].take(account)
        except KeyError:
            raise SplitRefused("NotAnInvestor") from None
        if amount is None:
            raise SplitRefused("NothingToWithdraw")
        self.claimable[pool] -= amount
        self.withdrawn[account] += amount
        return amount

    def end_pool(self, pool: str) -> int:
        """End the run of a pool that the last distribution's terms do not name; return what was ever paid to it."""
        if pool not in self.pools:
            raise SplitRefused("PoolIncomplete")
        if not self.last_version or pool in self.terms[self.last_version - 1].accounts:
            raise SplitRefused("PoolStillInForce")
        if not self.pools[pool].end():
            raise SplitRefused("NothingToWithdraw")
        return self.pools[pool].paid

    def withdraw(self, account: str) -> int:
        if account in self.pools:
            raise SplitRefused("AccountIsPool")
        amount = self.claimable[account]
        if not amount:
            raise SplitRefused("NothingToWithdraw")
        self.claimable[account] = 0
        self.withdrawn[account] += amount
        return amount
