"""A loan on chain and in Python: the same dates, interest, instalments, debts and refusals, to the minor unit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support_loan_evm import BORROWER, LENDER, LoanEvm
from support_loan_model import FROZEN, LineModel, Refused

from counterfoil.chain.abi.enums import Convention, Debt, LoanState, Plan
from counterfoil.chain.errors import ContractReverted
from counterfoil.oracle.rules.business_date import add_months, is_valid
from counterfoil.oracle.rules.loans.instalments import (
    Instalment,
    PlanNotPossible,
    has_form,
    instalments,
)
from counterfoil.oracle.rules.loans.interest import PPM, accrued, basis, denominator
from counterfoil.oracle.rules.loans.loan import LoanTerms

FIRST, LAST = 19700102, 99991231
ABUNDANT = 10**30
_SLOW = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)

dates = st.dates(date(1970, 1, 3), date(9999, 12, 30)).map(lambda day: int(day.strftime("%Y%m%d")))
recent = st.dates(date(2023, 12, 1), date(2029, 3, 1)).map(lambda day: int(day.strftime("%Y%m%d")))
conventions = st.sampled_from(Convention)
plans = st.sampled_from(Plan)
rates = st.sampled_from((0, 1, 43_500, 108_000, 360_000, PPM))


def later(today: int, days: int) -> int:
    day = date(today // 10_000, today // 100 % 100, today % 100) + timedelta(days)
    return int(day.strftime("%Y%m%d"))


@cache
def counted() -> tuple[LoanEvm, dict[Convention, int]]:
    """A chain on which one loan of each convention earns 1 a unit of time: its interest is the time since the draw."""
    evm, loans = LoanEvm(FIRST), {}
    for convention in Convention:
        terms = LoanTerms(1, 0, convention, grace_days=0, default_days=0)
        principal = denominator(convention)
        line = evm.open_line(terms, principal, (FIRST, LAST))
        order = evm.order(principal, FIRST)
        rows = [Instalment(LAST, principal)]
        loans[convention] = evm.draw(line, order, principal, Plan.BULLET, rows)
    return evm, loans


@given(convention=conventions, days=st.tuples(dates, dates, dates))
@_SLOW
def test_time_is_counted_alike_and_adds_up(
    convention: Convention, days: tuple[int, int, int]
) -> None:
    evm, loans = counted()
    a, b, c = sorted(days)
    since = {day: evm.owed(loans[convention], day)[2] for day in days}
    for start, end in ((a, b), (b, c), (a, c)):
        assert since[end] - since[start] == accrued(
            convention, principal_minor=1, rate_ppm=1, start=start, end=end
        )
    assert accrued(convention, principal_minor=7, rate_ppm=5, start=a, end=c) == (
        accrued(convention, principal_minor=7, rate_ppm=5, start=a, end=b)
        + accrued(convention, principal_minor=7, rate_ppm=5, start=b, end=c)
    )
    assert since[c] == accrued(convention, principal_minor=1, rate_ppm=1, start=FIRST, end=c)


def test_a_year_is_a_year() -> None:
    evm, loans = counted()
    for convention in (Convention.THIRTY_E_360, Convention.ACT_ACT_ISDA):
        whole = evm.owed(loans[convention], 20260102)[2] - evm.owed(loans[convention], 20250102)[2]
        assert whole == basis(convention)


@given(number=st.one_of(st.integers(0, 2**32 - 1), st.integers(19700100, 19721301)))
@_SLOW
def test_a_number_is_a_date_on_both_sides_or_on_neither(number: int) -> None:
    evm, _ = counted()
    with evm.undone():
        if is_valid(number) and number > FIRST:
            evm.advance(number)
            return
        reason = "DateNotForward" if is_valid(number) else "DateInvalid"
        with pytest.raises(ContractReverted, match=rf"^{reason}\("):
            evm.advance(number)


@st.composite
def drawn(draw: st.DrawFn) -> tuple[LoanTerms, Plan, int, int, list[int]]:
    """Terms, a plan, an amount, the day of the draw and dates after it."""
    terms = LoanTerms(
        rate_ppm=draw(rates),
        penalty_ppm=0,
        convention=draw(conventions),
        grace_days=0,
        default_days=0,
    )
    plan = draw(plans)
    amount = draw(st.one_of(st.integers(1, 50), st.integers(1, 10**15)))
    today = draw(recent)
    count = 1 if plan is Plan.BULLET else draw(st.one_of(st.integers(1, 6), st.integers(1, 120)))
    if draw(st.booleans()):
        months = draw(st.sampled_from((1, 3, 6)))
        at = [add_months(today, months * number) for number in range(1, count + 1)]
    else:
        gaps = draw(st.lists(st.integers(1, 200), min_size=count, max_size=count))
        at = [later(today, sum(gaps[: number + 1])) for number in range(count)]
    return terms, plan, amount, today, at


def draw_outcome(
    terms: LoanTerms, plan: Plan, amount: int, today: int, rows: list[Instalment]
) -> str:
    """Nothing when the contract takes the draw, or the name of its error."""
    evm = LoanEvm(today)
    line = evm.open_line(terms, ABUNDANT, (today, LAST))
    try:
        evm.draw(line, evm.order(amount, today), amount, plan, rows)
    except ContractReverted as refused:
        return str(refused).partition("(")[0]
    return ""


@given(case=drawn())
@_SLOW
def test_the_instalments_of_every_plan_are_accepted_by_the_contract(
    case: tuple[LoanTerms, Plan, int, int, list[int]],
) -> None:
    terms, plan, amount, today, at = case
    try:
        rows = instalments(
            plan,
            principal_minor=amount,
            drawn_on=today,
            dates=at,
            convention=terms.convention,
            rate_ppm=terms.rate_ppm,
        )
    except PlanNotPossible:
        assert plan is Plan.ANNUITY, "every other plan is possible on any dates"
        return
    assert sum(row.principal_minor for row in rows) == amount
    assert draw_outcome(terms, plan, amount, today=today, rows=list(rows)) == ""


@given(case=drawn(), other=plans, data=st.data())
@_SLOW
def test_what_the_contract_takes_has_the_form_and_nothing_else(
    case: tuple[LoanTerms, Plan, int, int, list[int]], other: Plan, data: st.DataObject
) -> None:
    terms, plan, amount, today, at = case
    how = {"convention": terms.convention, "rate_ppm": terms.rate_ppm}
    try:
        rows = list(instalments(plan, principal_minor=amount, drawn_on=today, dates=at, **how))  # type: ignore[arg-type]
    except PlanNotPossible:
        return
    place = data.draw(st.integers(0, len(rows) - 1))
    row = rows[place]
    moved = data.draw(st.sampled_from((-2, -1, 0, 1, 2)))
    rows[place] = Instalment(
        data.draw(st.sampled_from((row.date, today, later(row.date, 3), row.date + 50))),
        max(0, row.principal_minor + moved),
    )
    if data.draw(st.booleans()):
        # The unit that one gained is another's.
        last = rows[-1]
        rows[-1] = Instalment(last.date, max(0, last.principal_minor - moved))
    is_taken = draw_outcome(terms, plan=other, amount=amount, today=today, rows=rows) == ""
    assert is_taken == has_form(
        plan=other, principal_minor=amount, drawn_on=today, rows=rows, **how
    )  # type: ignore[arg-type]


class LoanMachine(RuleBasedStateMachine):
    """Both sides of every call on one line, over its whole life."""

    @initialize(
        rate=rates,
        penalty=rates,
        convention=conventions,
        grace=st.sampled_from((0, 3, 10)),
        more=st.sampled_from((0, 5, 87)),
        order=st.permutations(list(Debt)),
        costs=st.sampled_from((0, 50_000, 1_000_000)),
        today=recent,
    )
    def open_line(
        self,
        rate: int,
        penalty: int,
        convention: Convention,
        grace: int,
        more: int,
        order: list[Debt],
        costs: int,
        today: int,
    ) -> None:
        terms = LoanTerms(
            rate_ppm=rate,
            penalty_ppm=penalty,
            convention=convention,
            grace_days=grace,
            default_days=grace + more,
            order=tuple(order),
            costs_ppm=costs,
        )
        valid = (today, add_months(today, 30))
        self.evm = LoanEvm(today)
        self.line = self.evm.open_line(terms, 10**9, valid)
        self.model = LineModel(terms, limit=10**9, valid=valid, today=today)
        self.had = self.balance(LENDER)
        self.lent = self.swept = 0

    def balance(self, who: str) -> int:
        found: int = self.evm.ask("DepositToken", "balanceOf", who)
        return found

    def both(self, model: Callable[[], Any], call: Callable[[], Any]) -> Any:
        """What both sides answer; or both refuse, for the same reason."""
        try:
            expected = model()
        except Refused as refused:
            with pytest.raises(ContractReverted, match=rf"^{refused}(\(|$)"):
                call()
            return None
        assert call() == expected
        return expected

    def one(self, which: int) -> int:
        """One of the loans, at its end or not."""
        known = sorted(self.model.loans)
        return known[which % len(known)]

    @rule(days=st.one_of(st.integers(1, 12), st.integers(13, 120)))
    def advance(self, days: int) -> None:
        self.model.today = later(self.model.today, days)
        self.evm.advance(self.model.today)

    @precondition(lambda self: self.model.open)
    @rule(
        which=st.integers(0, 20),
        nth=st.integers(0, 5),
        after=st.sampled_from(("", "grace_days", "default_days")),
        more=st.integers(0, 1),
    )
    def advance_to_where_a_state_changes(self, which: int, nth: int, after: str, more: int) -> None:
        model = self.model
        rows = model.loans[model.open[which % len(model.open)]].instalments
        days = (getattr(model.terms, after) if after else 0) + more
        day = later(rows[nth % len(rows)].date, days)
        if day > model.today:
            model.today = day
            self.evm.advance(day)

    @rule(
        plan=plans,
        amount=st.one_of(st.integers(1, 100), st.integers(1, 10**8)),
        count=st.integers(1, 6),
        every=st.integers(1, 3),
    )
    def draw(self, plan: Plan, amount: int, count: int, every: int) -> None:
        model = self.model
        count = 1 if plan is Plan.BULLET else count
        at = [add_months(model.today, every * number) for number in range(1, count + 1)]
        how = {"convention": model.terms.convention, "rate_ppm": model.terms.rate_ppm}
        try:
            rows = instalments(plan, principal_minor=amount, drawn_on=model.today, dates=at, **how)  # type: ignore[arg-type]
        except PlanNotPossible:
            return
        order = self.evm.order(amount, model.today)
        drawn_id = self.both(
            lambda: model.draw(amount, plan, rows),
            lambda: self.evm.draw(self.line, order, amount, plan, rows),
        )
        self.lent += amount if drawn_id is not None else 0

    @precondition(lambda self: self.model.loans)
    @rule(which=st.integers(0, 20))
    def poke(self, which: int) -> None:
        number = self.one(which)
        self.model.poke(number)
        state = self.evm.send("CreditLine", "poke", number)
        assert state == self.model.loans[number].state

    @precondition(lambda self: self.model.open)
    @rule(
        which=st.integers(0, 20),
        part=st.one_of(st.integers(0, 100), st.sampled_from((0, 99, 100, 101, 10**9))),
        of_due=st.booleans(),
        extra=st.integers(-1, 1),
    )
    def repay(self, which: int, part: int, of_due: bool, extra: int) -> None:
        number = self.model.open[which % len(self.model.open)]
        owed = self.model.loans[number].owed(self.model.today)
        amount = max(0, (owed.due if of_due else owed.total) * part // 100 + extra)
        self.both(
            lambda: self.model.repay(number, amount),
            lambda: self.evm.send("CreditLine", "repay", number, amount, sender=BORROWER),
        )

    @precondition(lambda self: self.model.open)
    @rule(which=st.integers(0, 20))
    def pay_what_is_due(self, which: int) -> None:
        """Whoever has paid it is current, in every plan and order."""
        number = self.model.open[which % len(self.model.open)]
        self.repay(which, 100, of_due=True, extra=0)
        loan = self.model.loans[number].poke(self.model.today)[0]
        assert loan.owed(self.model.today).due == 0
        assert loan.state in (
            LoanState.CURRENT,
            LoanState.REPAID,
            LoanState.RECOVERED,
            LoanState.WRITTEN_OFF,
        )

    @rule()
    def sweep_what_is_due(self) -> None:
        """What covers every due leaves nothing due on any loan."""
        due = sum(self.model.loans[n].owed(self.model.today).due for n in self.model.open)
        if due:
            self.sweep(due)
        for number in self.model.open:
            assert self.evm.owed(number, self.model.today)[4] == 0

    @rule(amount=st.integers(1, 10**7))
    def sweep(self, amount: int) -> None:
        self.swept += 1
        account = self.evm.ask("CreditLine", "accountOf", self.line)
        entry = (1_000 + self.swept).to_bytes(32, "big")
        self.evm.send("DepositToken", "mint", account, amount, entry)
        before = self.balance(BORROWER)
        assert self.evm.send("CreditLine", "sweep", self.line) == amount
        assert self.balance(BORROWER) - before == self.model.sweep(amount)

    @precondition(lambda self: self.model.loans)
    @rule(which=st.integers(0, 20), amount=st.integers(1, 5_000))
    def add_costs(self, which: int, amount: int) -> None:
        number = self.one(which)
        self.both(
            lambda: self.model.add_costs(number, amount),
            lambda: self.evm.add_costs(number, amount),
        )

    @precondition(lambda self: self.model.loans)
    @rule(which=st.integers(0, 20), amount=st.integers(0, 1))
    def repay_any(self, which: int, amount: int) -> None:
        number = self.one(which)
        self.both(
            lambda: self.model.repay(number, amount),
            lambda: self.evm.send("CreditLine", "repay", number, amount, sender=BORROWER),
        )

    @precondition(lambda self: self.model.open)
    @rule(which=st.integers(0, 20))
    def write_off(self, which: int) -> None:
        number = self.model.open[which % len(self.model.open)]
        self.both(
            lambda: self.model.write_off(number),
            lambda: self.evm.send("CreditLine", "writeOff", number, sender=LENDER) or None,
        )

    @precondition(lambda self: self.model.state == FROZEN)
    @rule()
    def lift_freeze(self) -> None:
        self.both(
            self.model.lift_freeze,
            lambda: self.evm.send("CreditLine", "carry", self.line, 1, self.moves()) or None,
        )

    def moves(self) -> int:
        found: int = self.evm.ask("CreditLine", "line", self.line)[4]
        return found

    @invariant()
    def accounts_agree(self) -> None:
        line = self.evm.ask("CreditLine", "line", self.line)
        assert line[0] == self.model.state
        assert (line[2], list(line[3])) == (self.model.principal, self.model.open)
        for number, loan in self.model.loans.items():
            found = self.evm.loan(number)
            for theirs, ours in _SAME.items():
                assert found[theirs] == getattr(loan, ours), (number, theirs)

    @invariant()
    def what_is_owed_agrees_today_and_later(self) -> None:
        for number, loan in self.model.loans.items():
            for days in (0, 1, 45, 400):
                day = later(self.model.today, days)
                o = loan.owed(day)
                ours = (o.costs, o.penalty, o.interest, o.principal, o.due, o.missed)
                assert self.evm.owed(number, day) == ours, (number, day)

    @invariant()
    def no_money_appears_or_vanishes(self) -> None:
        loans = self.model.loans.values()
        assert self.balance(LENDER) == self.had - self.lent + self.model.received
        outstanding = sum(loan.drawn - loan.repaid - loan.written_off for loan in loans)
        assert self.model.principal == outstanding <= self.model.limit


_SAME = {
    "state": "state",
    "accruedTo": "accrued_to",
    "drawn": "drawn",
    "repaid": "repaid",
    "writtenOff": "written_off",
    "costs": "costs",
    "costsPaid": "costs_paid",
    "interest": "interest",
    "interestPaid": "interest_paid",
    "penalty": "penalty",
    "penaltyPaid": "penalty_paid",
}
"""field of the contract's struct → the model's."""


def test_a_line_frozen_by_missed_instalments_is_repaid_and_lent_on_again() -> None:
    machine = LoanMachine()
    order = [Debt.COSTS, Debt.PENALTY, Debt.INTEREST, Debt.PRINCIPAL]
    machine.open_line(108_000, 50_000, Convention.ACT_360, 3, 87, order, 1_000_000, 20260105)
    machine.draw(Plan.EQUAL_PRINCIPAL, 9_000_000, 3, 1)
    machine.advance(94)
    machine.poke(0)
    assert machine.model.state == FROZEN, "three in a row were missed"
    machine.draw(Plan.BULLET, 1_000, 1, 1)
    assert len(machine.model.loans) == 1
    machine.advance(30)
    machine.add_costs(0, 500)
    machine.write_off(0)
    machine.repay(0, 100, of_due=False, extra=0)
    assert machine.model.loans[1].state is LoanState.RECOVERED
    machine.lift_freeze()
    machine.draw(Plan.REVENUE_SHARE, 1_000, 2, 1)
    machine.sweep(2_000)
    for check in (machine.accounts_agree, machine.what_is_owed_agrees_today_and_later):
        check()
    machine.no_money_appears_or_vanishes()
    assert [loan.state for loan in machine.model.loans.values()] == [
        LoanState.RECOVERED,
        LoanState.REPAID,
    ]


TestLoanMachine = LoanMachine.TestCase
TestLoanMachine.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
