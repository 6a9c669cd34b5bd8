"""The instalments of every plan, and what a loan owes by them; the contracts' own view is in tests/property."""

from __future__ import annotations

import pytest

from counterfoil.chain.abi.enums import Convention, LoanState, Plan
from counterfoil.oracle.rules.business_date import DateInvalid, add_months
from counterfoil.oracle.rules.loans.instalments import (
    Instalment,
    PlanNotPossible,
    has_form,
    instalments,
    monthly_dates,
)
from counterfoil.oracle.rules.loans.interest import accrued, denominator, discounted
from counterfoil.oracle.rules.loans.loan import Loan, LoanNotAllowed, LoanTerms

DRAWN = 20260105
TERMS = LoanTerms(108_000, 50_000, Convention.ACT_360, grace_days=3, default_days=90)


def totals(rows: tuple[Instalment, ...], principal: int, rate_ppm: int) -> list[int]:
    """Principal and interest of each period."""
    left, start, found = principal, DRAWN, []
    for row in rows:
        interest = accrued(
            convention=Convention.ACT_360,
            principal_minor=left,
            rate_ppm=rate_ppm,
            start=start,
            end=row.date,
        )
        found.append(row.principal_minor + interest // denominator(Convention.ACT_360))
        left, start = left - row.principal_minor, row.date
    return found


def test_equal_principal_gives_what_does_not_divide_to_the_first() -> None:
    rows = instalments(
        plan=Plan.EQUAL_PRINCIPAL,
        principal_minor=100,
        drawn_on=DRAWN,
        dates=monthly_dates(DRAWN, 3),
    )
    assert rows == (Instalment(20260205, 34), Instalment(20260305, 33), Instalment(20260405, 33))


def test_an_annuitys_totals_are_even_but_for_a_minor_unit() -> None:
    principal, rate = 30_000_000, 108_000
    rows = instalments(
        plan=Plan.ANNUITY,
        principal_minor=principal,
        drawn_on=DRAWN,
        dates=monthly_dates(DRAWN, 12),
        rate_ppm=rate,
    )
    found = totals(rows, principal, rate)
    assert sum(row.principal_minor for row in rows) == principal
    assert all(abs(total - found[0]) <= 1 for total in found[:-1])
    assert abs(found[-1] - found[0]) <= 3, "the last pays what the rounding left"
    # 300,000.00 over a year of months at 10.8 %, of 360 days: about 26,515 a month
    assert 2_650_000 < found[0] < 2_653_000


def test_interest_only_and_revenue_share_bring_all_principal_at_the_end() -> None:
    dates = monthly_dates(DRAWN, 6)
    for plan in (Plan.INTEREST_ONLY, Plan.REVENUE_SHARE):
        rows = instalments(plan, principal_minor=700, drawn_on=DRAWN, dates=dates)
        assert [row.principal_minor for row in rows] == [0, 0, 0, 0, 0, 700]
        assert has_form(
            plan,
            principal_minor=700,
            drawn_on=DRAWN,
            rows=rows,
            convention=Convention.ACT_360,
            rate_ppm=0,
        )


@pytest.mark.parametrize(
    ("plan", "principal", "dates", "why"),
    [
        (Plan.BULLET, 100, [20260205, 20260305], "a bullet has one date"),
        (Plan.BULLET, 0, [20260205], "no amount"),
        (Plan.BULLET, 1 << 128, [20260205], "no amount"),
        (Plan.EQUAL_PRINCIPAL, 100, [], "0 dates"),
        (Plan.EQUAL_PRINCIPAL, 100, monthly_dates(DRAWN, 121), "121 dates"),
        (Plan.EQUAL_PRINCIPAL, 100, [20260305, 20260205], "does not come after"),
        (Plan.INTEREST_ONLY, 100, [DRAWN], "does not come after"),
    ],
)
def test_what_the_contract_would_refuse_is_not_made(
    plan: Plan, principal: int, dates: list[int], why: str
) -> None:
    with pytest.raises(PlanNotPossible, match=why) as refused:
        instalments(plan, principal_minor=principal, drawn_on=DRAWN, dates=dates)
    assert refused.value.code == "loan.plan_not_possible"


def test_an_annuity_whose_interest_eats_its_total_is_refused() -> None:
    dates = [*monthly_dates(DRAWN, 60), 20_400_105]
    with pytest.raises(PlanNotPossible, match="no annuity"):
        instalments(
            plan=Plan.ANNUITY,
            principal_minor=10**9,
            drawn_on=DRAWN,
            dates=dates,
            rate_ppm=1_000_000,
        )


def test_no_date_is_refused() -> None:
    with pytest.raises(DateInvalid, match="20260230"):
        instalments(plan=Plan.BULLET, principal_minor=100, drawn_on=DRAWN, dates=[20260230])


def test_the_last_of_a_short_month_comes_back_to_its_day() -> None:
    assert monthly_dates(20260131, 3) == [20260228, 20260331, 20260430]
    assert monthly_dates(20260115, 2, every=6, day=31) == [20260731, 20270131]
    assert add_months(20240229, -12) == 20230228


def test_a_discount_and_its_rest_are_the_whole() -> None:
    price, rest = discounted(
        convention=Convention.ACT_360,
        face_minor=100_000,
        rate_ppm=60_000,
        start=20260105,
        end=20260405,
    )
    assert price == 98_500
    assert rest == 0
    price, rest = discounted(
        convention=Convention.ACT_365F,
        face_minor=100_001,
        rate_ppm=61_337,
        start=20260105,
        end=20260405,
    )
    whole = denominator(Convention.ACT_365F)
    taken = accrued(
        convention=Convention.ACT_365F,
        principal_minor=100_001,
        rate_ppm=61_337,
        start=20260105,
        end=20260405,
    )
    assert price * whole + rest + taken == 100_001 * whole


def test_a_line_drawn_and_left_goes_from_grace_to_default() -> None:
    rows = instalments(
        plan=Plan.EQUAL_PRINCIPAL,
        principal_minor=9_000_000,
        drawn_on=DRAWN,
        dates=[20260205, 20260305, 20260405],
    )
    loan = Loan(TERMS, instalments=rows, drawn=9_000_000, accrued_to=DRAWN)
    states = [(20260205, LoanState.CURRENT, 0), (20260207, LoanState.GRACE, 0)]
    states += [(20260209, LoanState.DELINQUENT, 1), (20260409, LoanState.DELINQUENT, 3)]
    states += [(20260507, LoanState.DEFAULT, 3)]
    for day, state, missed in states:
        loan, found = loan.poke(day)
        assert (loan.state, found) == (state, missed), day
    # 30,000.00 over 28 days, 60,000.00 over 31, 90,000.00 over 4 (of 360) at 5 %, and 28 days on: on overdue only
    days = 3_000_000 * 28 + 6_000_000 * 31 + 9_000_000 * 32
    assert loan.owed(20260507).penalty == days * 5 // 36_000
    with pytest.raises(LoanNotAllowed):
        loan.repay(0, 20260507)
    loan = loan.write_off(20260507)
    assert loan.owed(20270101) == loan.owed(20260507)
    loan, used = loan.repay(10**9, 20270101)
    assert used.principal == 9_000_000
    assert (loan.state, loan.written_off) == (LoanState.RECOVERED, 0)


def test_a_repayment_is_used_by_the_terms_order() -> None:
    loan = Loan(
        TERMS, instalments=(Instalment(20260301, 5_000_000),), drawn=5_000_000, accrued_to=DRAWN
    )
    loan = loan.add_costs(12_345, 20260410)
    owed = loan.owed(20260410)
    loan, used = loan.repay(owed.costs + owed.penalty + 1, 20260410)
    assert (used.costs, used.penalty, used.interest, used.principal) == (12_345, owed.penalty, 1, 0)
    with pytest.raises(LoanNotAllowed):
        Loan(TERMS, instalments=(), drawn=0, accrued_to=DRAWN).repay(5, DRAWN)
