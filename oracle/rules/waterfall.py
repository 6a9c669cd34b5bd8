"""A model of RevenueSplit, written from its decision records (0006 and 0023) and nothing else. Pure.

Rules that this module keeps:

- A tier's entitlement is a pure function of the period's running totals. A distribution adds the difference to the
  tier's debt and pays what the cash allows, tier by tier. The residual recipient takes what is left.
- An account may be in a tier more than once; its debts in the tier are one debt, under whatever terms.
- A tier first pays what it owes from before, the oldest debt first, to those too whom the terms no longer name.
- A pool is its investors and their weights: its debts and its rest are theirs under every terms that have them.
- A period is a day or a month, whichever terms hold on its days.
- Paid + carried = received, to the minor unit, after every step.

Auditors recompute every split with it; tests hold it and the contract against each other, call by call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from counterfoil.chain.abi.enums import Basis, Period, Tier
from counterfoil.chain.address import NOBODY

POOL = NOBODY
"""The account of an allocation to the investors' pool."""
Creditor = tuple[Tier, str | int]
"""A tier, and an account or the number of a pool of investors."""


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
    investors: tuple[tuple[str, int], ...]

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
            tuple((i["account"], i["weight"]) for i in found["investors"]),
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
class InvestorPool:
    """A pool of investors; each has received its share of *paid*, rounded down."""

    paid: int = 0
    given: Counter[int] = field(default_factory=Counter)

    @property
    def carried(self) -> int:
        return self.paid - self.given.total()


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
    """To whom something is owed, the oldest debt first."""
    claimable: Counter[str] = field(default_factory=Counter)
    withdrawn: Counter[str] = field(default_factory=Counter)
    pools: dict[int, InvestorPool] = field(default_factory=dict)
    distributed: int = 0
    last_date: int = 0
    last_version: int = 0

    @property
    def carried(self) -> int:
        return sum(pool.carried for pool in self.pools.values())

    def set_terms(self, terms: SplitTerms) -> None:
        newest = self.terms[-1].effective_from if self.terms else 0
        if terms.effective_from <= max(newest, self.last_date):
            raise SplitRefused("TermsRetroactive")
        is_other = bool(self.terms) and self.terms[-1].by_month != terms.by_month
        if is_other and terms.effective_from % 100 != 1:
            raise SplitRefused("TermsInvalid")
        self.terms.append(terms)

    def pool_of(self, version: int) -> int:
        """The number of the version's pool: that of the first version with the same investors and weights."""
        wanted = self.terms[version - 1].investors
        return next(n for n, t in enumerate(self.terms, start=1) if t.investors == wanted)

    def version_on(self, date: int) -> int:
        held = [n for n, t in enumerate(self.terms, start=1) if t.effective_from <= date]
        if not held:
            raise SplitRefused("NoTermsOn")
        return held[-1]

    def distribute(self, sold: SoldBatch) -> dict[tuple[Tier, str], int]:
        """Distribute the batch; return the amount of each (tier, account)."""
        if sold.batch in self.batches:
            raise SplitRefused("AlreadyDistributed")
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
        credited = self._credited(paid)
        credited[Tier.RESIDUAL, terms.residual] += cash
        for (_, account), amount in credited.items():
            self.claimable[account] += amount
        self.batches.add(sold.batch)
        self.collected -= sold.gross
        self.distributed += sold.gross
        self.last_date = max(self.last_date, sold.end)
        self.last_version = max(self.last_version, version)
        return {key: amount for key, amount in credited.items() if amount}

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
    ) -> dict[Tier, list[tuple[str | int, int]]]:
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
        more: dict[Tier, list[tuple[str | int, int]]] = {tier: [] for tier in Tier}
        more[Tier.REFUND].append((terms.refund, sold.refunds))
        more[Tier.TAX].append((terms.tax, sold.tax))
        for (tier, account, after), earlier in zip(totals.due(terms), before, strict=True):
            to = self.pool_of(version) if account == POOL and tier == Tier.ALLOCATION else account
            more[tier].append((to, after - earlier))
        return more

    def _pay(
        self, cash: int, costs: Counter[str], more: Mapping[Tier, Sequence[tuple[str | int, int]]]
    ) -> tuple[Counter[Creditor], int]:
        """Pay tier by tier as far as *cash* goes; return what each creditor got, and what is left."""
        paid: Counter[Creditor] = Counter()

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
        late = [c for c in paid if self.owed[c] > 0 and c not in self.debtors]
        self.debtors = [c for c in self.debtors if self.owed[c] > 0] + late
        return paid, cash

    def _credited(self, paid: Counter[Creditor]) -> Counter[tuple[Tier, str]]:
        """What each account gets of what was paid; a pool gives its investors their shares."""
        credited: Counter[tuple[Tier, str]] = Counter()
        for (tier, to), amount in paid.items():
            if isinstance(to, str):
                credited[tier, to] += amount
                continue
            investors = self.terms[to - 1].investors
            pool = self.pools.setdefault(to, InvestorPool())
            pool.paid += amount
            weights = sum(weight for _, weight in investors)
            for number, (account, weight) in enumerate(investors):
                share = floor(Fraction(pool.paid * weight, weights))
                credited[tier, account] += share - pool.given[number]
                pool.given[number] = share
        return credited

    def settle_carried(self, version: int) -> Counter[str]:
        """Pay out what the pool of an ended version still carries, by largest remainder; return each account's amount.

        A later payment to the pool starts a new one.
        """
        given: Counter[str] = Counter()
        if not 0 < version < self.last_version or self.pool_of(version) == self.pool_of(
            self.last_version
        ):
            raise SplitRefused("VersionStillInForce")
        number = self.pool_of(version)
        pool = self.pools.get(number, InvestorPool())
        if not pool.carried:
            return given
        investors = self.terms[number - 1].investors
        weights = sum(weight for _, weight in investors)
        exact = [Fraction(pool.paid * weight, weights) for _, weight in investors]
        by_remainder = sorted(range(len(exact)), key=lambda n: (floor(exact[n]) - exact[n], n))
        for place in by_remainder[: pool.carried]:
            given[investors[place][0]] += 1
        self.claimable.update(given)
        self.pools[number] = InvestorPool()
        return given

    def withdraw(self, account: str) -> int:
        amount = self.claimable[account]
        if not amount:
            raise SplitRefused("NothingToWithdraw")
        self.claimable[account] = 0
        self.withdrawn[account] += amount
        return amount
