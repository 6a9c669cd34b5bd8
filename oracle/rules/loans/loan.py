"""One loan of a credit line as in CreditLine.sol: what accrues, what is owed, and what a repayment pays.

Rules that this module keeps:

- Interest and penalty are numerators over ``denominator(convention)``. They are not rounded while they accrue; the
  amounts owed are rounded down.
- Penalty accrues on overdue principal only, from the day after its instalment's date.
- An instalment is met once principal and interest paid come to all that is due up to it: what was paid ahead counts.
  After the last date everything is due.
- A repayment goes to what is due, the oldest instalment first, and then to the rest; what is due at one time is paid in
  the terms' order. None goes beyond what is owed, so paid = used. So who has paid what is due is current.
- A sweep is shared among loans by the dates of their instalments, what is due before what is not.
- A written-off amount accrues nothing more, and may still be paid.

Amounts are minor units, dates YYYYMMDD of the business calendar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from counterfoil.chain.abi.enums import Convention, Debt, LoanState
from counterfoil.fault import Code
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.rules.business_date import days_between
from counterfoil.oracle.rules.loans.instalments import Instalment
from counterfoil.oracle.rules.loans.interest import PPM, accrued, denominator


class LoanNotAllowed(OracleError):
    """The loan's state or its date does not allow it."""

    code = Code("loan.not_allowed")
    to_do = "Look at the loan's state and dates; the detail says which does not allow it."


@dataclass(frozen=True)
class LoanTerms:
    """The terms of a line that a loan's arithmetic needs."""

    rate_ppm: int
    penalty_ppm: int
    convention: Convention
    grace_days: int
    default_days: int
    order: tuple[Debt, ...] = (Debt.COSTS, Debt.PENALTY, Debt.INTEREST, Debt.PRINCIPAL)
    costs_ppm: int = PPM
    """Most costs of a loan, in parts per million of what was drawn."""


@dataclass(frozen=True)
class Owed:
    """Amounts owed on a date; *due* is the part payable by then, *missed* the number of missed instalments."""

    costs: int
    penalty: int
    interest: int
    principal: int
    due: int
    missed: int

    @property
    def total(self) -> int:
        return self.costs + self.penalty + self.interest + self.principal


@dataclass(frozen=True)
class Repaid:
    """What one repayment paid, by kind of debt."""

    costs: int
    penalty: int
    interest: int
    principal: int

    @property
    def total(self) -> int:
        return self.costs + self.penalty + self.interest + self.principal


@dataclass(frozen=True)
class Loan:
    """A loan's accounts, accrued to *accrued_to*; every change returns a new object."""

    terms: LoanTerms
    instalments: tuple[Instalment, ...]
    drawn: int
    accrued_to: int
    state: LoanState = LoanState.CURRENT
    repaid: int = 0
    written_off: int = 0
    costs: int = 0
    costs_paid: int = 0
    interest: int = 0
    """Numerator of all interest accrued so far."""
    interest_paid: int = 0
    penalty: int = 0
    """Numerator of all penalty accrued so far."""
    penalty_paid: int = 0
    interest_at: tuple[int, ...] = ()
    """For each instalment reached so far: the interest due with it and those before."""

    @property
    def principal_due(self) -> int:
        """Principal of the instalments whose date has been reached."""
        return sum(row.principal_minor for row in self.instalments[: len(self.interest_at)])

    def accrue(self, today: int) -> Loan:
        """The accounts on *today* if nothing is paid until then; unchanged when *today* is not later."""
        loan = self
        while loan.accrued_to < today:
            passed = len(loan.interest_at)
            following = self.instalments[passed : passed + 1]
            meets = bool(following) and following[0].date <= today
            loan = loan._accrue_between(following[0].date if meets else today)
            if meets:
                posted = loan.interest // denominator(self.terms.convention)
                loan = replace(loan, interest_at=(*loan.interest_at, posted))
        return loan

    def owed(self, date: int) -> Owed:
        """What is owed on *date*, if nothing is paid until then."""
        then = self.accrue(date)
        whole = denominator(self.terms.convention)
        all_of_it = Owed(
            costs=self.costs - self.costs_paid,
            penalty=then.penalty // whole - self.penalty_paid,
            interest=then.interest // whole - self.interest_paid,
            principal=self.drawn - self.repaid,
            due=0,
            missed=then._standing(date)[1],
        )
        if then._is_past_its_last_date:
            return replace(all_of_it, due=all_of_it.total)
        due = all_of_it.costs + all_of_it.penalty
        if then.interest_at:
            wanted = then.principal_due + then.interest_at[-1]
            due += max(0, wanted - self.repaid - self.interest_paid)
        return replace(all_of_it, due=due)

    def poke(self, today: int) -> tuple[Loan, int]:
        """The loan accrued to *today*, with its state as of then, and the number of instalments missed in a row.

        A loan that is written off, repaid or recovered keeps its state.
        """
        loan = self.accrue(today)
        if self.state is LoanState.WRITTEN_OFF or self.state >= LoanState.RECOVERED:
            return loan, 0
        state, missed = loan._standing(today)
        return replace(loan, state=state), missed

    def repay(self, amount: int, today: int) -> tuple[Loan, Repaid]:
        """Repay *amount*, at most what is owed, what is due first; raises LoanNotAllowed when nothing is owed."""
        loan, _ = self.poke(today)
        owed = loan.owed(loan.accrued_to)
        if amount <= 0 or not owed.total:
            raise LoanNotAllowed("nothing is owed" if amount > 0 else f"{amount} is no amount")
        used = Repaid(*loan._allocate(owed, amount))
        is_written_off = loan.state is LoanState.WRITTEN_OFF
        loan = replace(
            loan,
            costs_paid=loan.costs_paid + used.costs,
            penalty_paid=loan.penalty_paid + used.penalty,
            interest_paid=loan.interest_paid + used.interest,
            repaid=loan.repaid + used.principal,
            written_off=loan.written_off - used.principal if is_written_off else 0,
        )
        if used.total == owed.total:
            ended = LoanState.RECOVERED if is_written_off else LoanState.REPAID
            return replace(loan, state=ended), used
        return loan.poke(today)[0], used

    def needs(self) -> list[tuple[int, int]]:
        """Date and amount: what must still be paid by each date, together with what comes before it.

        The loan is accrued to today. Interest still to accrue is not among it; the last amount is all that is owed.
        """
        owed = self.owed(self.accrued_to)
        passed, last = len(self.interest_at), len(self.instalments) - 1
        accrued_now = self.interest // denominator(self.terms.convention)
        found, principal = [], 0
        for number, row in enumerate(self.instalments):
            principal += row.principal_minor
            interest = self.interest_at[number] if number < passed else accrued_now
            missing = max(0, principal + interest - self.repaid - self.interest_paid)
            amount = owed.total if number == last else owed.costs + owed.penalty + missing
            if number >= passed or number == last or missing:
                found.append((row.date, amount))
        if owed.due and found and found[0][0] > self.accrued_to:
            found.insert(0, (self.accrued_to, owed.costs + owed.penalty))
        return found

    def add_costs(self, amount: int, today: int) -> Loan:
        """Add costs of recovery to a late loan; raises LoanNotAllowed when it is not late."""
        loan, _ = self.poke(today)
        late = (LoanState.DELINQUENT, LoanState.DEFAULT, LoanState.WRITTEN_OFF)
        if loan.state not in late:
            raise LoanNotAllowed(f"the loan is {loan.state.name}")
        return replace(loan, costs=loan.costs + amount)

    def write_off(self, today: int) -> Loan:
        """Write off the outstanding principal of a loan in default; raises LoanNotAllowed when it is not in default."""
        loan, _ = self.poke(today)
        if loan.state is not LoanState.DEFAULT:
            raise LoanNotAllowed(f"the loan is {loan.state.name}")
        return replace(loan, state=LoanState.WRITTEN_OFF, written_off=loan.drawn - loan.repaid)

    def _accrue_between(self, to: int) -> Loan:
        """Accrue interest and penalty up to *to*; no instalment falls before it."""
        if self.state is LoanState.WRITTEN_OFF:
            return replace(self, accrued_to=to)
        terms, start = self.terms, self.accrued_to
        overdue = max(0, self.principal_due - self.repaid)
        interest = accrued(
            terms.convention,
            principal_minor=self.drawn - self.repaid,
            rate_ppm=terms.rate_ppm,
            start=start,
            end=to,
        )
        penalty = accrued(
            terms.convention,
            principal_minor=overdue,
            rate_ppm=terms.penalty_ppm,
            start=start,
            end=to,
        )
        return replace(
            self, accrued_to=to, interest=self.interest + interest, penalty=self.penalty + penalty
        )

    @property
    def _is_past_its_last_date(self) -> bool:
        return len(self.interest_at) == len(self.instalments)

    @property
    def _is_paid(self) -> bool:
        """Whether an accrued loan owes nothing."""
        whole = denominator(self.terms.convention)
        return (
            self.drawn == self.repaid
            and self.costs == self.costs_paid
            and self.interest // whole == self.interest_paid
            and self.penalty // whole == self.penalty_paid
        )

    def _allocate(self, owed: Owed, amount: int) -> list[int]:
        """By kind of debt, what *amount* is used for on an accrued loan that owes *owed*."""
        left = [owed.costs, owed.penalty, owed.interest, owed.principal]
        used = [0, 0, 0, 0]

        def use(due: list[int], amount: int) -> int:
            for debt in self.terms.order:
                part = min(due[debt], amount)
                left[debt] -= part
                used[debt] += part
                amount -= part
            return amount

        if not self._is_past_its_last_date:
            principal = 0
            for row, interest in zip(self.instalments, self.interest_at, strict=False):
                principal += row.principal_minor
                for_interest = self.interest_paid + used[Debt.INTEREST]
                repaid = self.repaid + used[Debt.PRINCIPAL]
                missing = max(0, principal + interest - for_interest - repaid)
                if missing:
                    due_interest = min(missing, max(0, interest - for_interest))
                    amount = use([*left[:2], due_interest, missing - due_interest], amount)
            amount = use([*left[:2], 0, 0], amount)
        use(list(left), amount)
        return used

    def _standing(self, today: int) -> tuple[LoanState, int]:
        """An accrued loan's state by its instalments: one is met once all up to it is paid."""
        state, missed, principal = LoanState.CURRENT, 0, 0
        for number, (row, interest) in enumerate(
            zip(self.instalments, self.interest_at, strict=False), start=1
        ):
            principal += row.principal_minor
            late = days_between(row.date, today)
            is_met = self.repaid + self.interest_paid >= principal + interest
            if number == len(self.instalments):
                is_met = self._is_paid
            if is_met or not late:
                continue
            if state is LoanState.CURRENT:
                if late > self.terms.default_days:
                    state = LoanState.DEFAULT
                else:
                    is_in_grace = late <= self.terms.grace_days
                    state = LoanState.GRACE if is_in_grace else LoanState.DELINQUENT
            missed += late > self.terms.grace_days
        return state, missed


def share(loans: Sequence[Loan], amount: int) -> list[int]:
    """For each of *loans*, accrued to today and the oldest first, its part of *amount*.

    Together *amount*, or all that is owed. Instalments get it by their dates, whichever loan they belong to; the older
    loan's first on one date.
    """
    steps = sorted(
        (date, number, needed) for number, loan in enumerate(loans) for date, needed in loan.needs()
    )
    parts = [0] * len(loans)
    for _, number, needed in steps:
        given = min(amount, max(0, needed - parts[number]))
        parts[number] += given
        amount -= given
    return parts
