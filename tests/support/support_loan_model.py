"""A credit line around the loans of the product's own model: limit, freeze, and which loans are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from counterfoil.chain.abi.enums import LoanState, Plan
from counterfoil.oracle.rules.loans.instalments import Instalment, has_form
from counterfoil.oracle.rules.loans.interest import PPM
from counterfoil.oracle.rules.loans.loan import Loan, LoanTerms, share

FREEZE_AFTER = 3
MAX_LOANS = 32
ACTIVE, FROZEN = 3, 4


class Refused(Exception):
    """The model's word for a revert; its text is the contract's name of the error."""


@dataclass
class LineModel:
    """One line, as CreditLine.sol keeps it."""

    terms: LoanTerms
    limit: int
    valid: tuple[int, int]
    today: int
    state: int = ACTIVE
    principal: int = 0
    loans: dict[int, Loan] = field(default_factory=dict)
    open: list[int] = field(default_factory=list)
    """Ids of the loans that are not at their end, oldest first."""
    received: int = 0
    """What the lender has got back."""
    _ids: count[int] = field(default_factory=lambda: count(1))

    def draw(self, amount: int, plan: Plan, rows: Sequence[Instalment]) -> int:
        before = (self.state, dict(self.loans))
        for loan in reversed(self.open):
            self.poke(loan)
        try:
            self._may_draw(amount, plan, rows)
        except Refused:
            self.state, self.loans = before
            raise
        number = next(self._ids)
        self.loans[number] = Loan(
            self.terms, instalments=tuple(rows), drawn=amount, accrued_to=self.today
        )
        self.open.append(number)
        self.principal += amount
        return number

    def _may_draw(self, amount: int, plan: Plan, rows: Sequence[Instalment]) -> None:
        if self.state != ACTIVE:
            raise Refused("LineStateNotAllowed")
        if not self.valid[0] <= self.today <= self.valid[1]:
            raise Refused("LineNotValidOn")
        if self.principal + amount > self.limit or len(self.open) == MAX_LOANS:
            raise Refused("LimitExceeded")
        terms = self.terms
        if not has_form(
            plan,
            principal_minor=amount,
            drawn_on=self.today,
            rows=rows,
            convention=terms.convention,
            rate_ppm=terms.rate_ppm,
        ):
            raise Refused("PlanInvalid")

    def poke(self, number: int) -> None:
        loan, missed = self.loans[number].poke(self.today)
        self.loans[number] = loan
        stops = missed >= FREEZE_AFTER or loan.state is LoanState.DEFAULT
        if stops and self.state == ACTIVE:
            self.state = FROZEN

    def repay(self, number: int, amount: int) -> int:
        if not self.loans[number].owed(self.today).total:
            raise Refused("NothingOwed")
        if not amount:
            raise Refused("AmountZero")
        self.poke(number)
        was_written_off = self.loans[number].state is LoanState.WRITTEN_OFF
        loan, used = self.loans[number].repay(amount, self.today)
        self.loans[number] = loan
        if not was_written_off:
            self.principal -= used.principal
        if loan.state in (LoanState.REPAID, LoanState.RECOVERED):
            self.open.remove(number)
        self.received += used.total
        return used.total

    def sweep(self, amount: int) -> int:
        """Use *amount* for the open loans by the dates of their instalments; what is left goes back."""
        numbers = list(self.open)
        for number in numbers:
            self.poke(number)
        parts = share([self.loans[number] for number in numbers], amount)
        for number, part in zip(numbers, parts, strict=True):
            if part:
                self.repay(number, part)
        return amount - sum(parts)

    def add_costs(self, number: int, amount: int) -> None:
        late = (LoanState.DELINQUENT, LoanState.DEFAULT, LoanState.WRITTEN_OFF)
        if self.loans[number].poke(self.today)[0].state not in late:
            raise Refused("LoanStateNotAllowed")
        loan = self.loans[number]
        if loan.costs + amount > loan.drawn * loan.terms.costs_ppm // PPM:
            raise Refused("CostsTooHigh")
        self.poke(number)
        self.loans[number] = self.loans[number].add_costs(amount, self.today)

    def write_off(self, number: int) -> None:
        if self.loans[number].poke(self.today)[0].state is not LoanState.DEFAULT:
            raise Refused("LoanStateNotAllowed")
        self.poke(number)
        self.loans[number] = self.loans[number].write_off(self.today)
        self.principal -= self.loans[number].written_off

    def lift_freeze(self) -> None:
        if self.state != FROZEN:
            raise Refused("LineStateNotAllowed")
        self.state = ACTIVE
