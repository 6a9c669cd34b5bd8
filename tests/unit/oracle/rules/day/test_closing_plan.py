"""What a business date has to do: planned from how things stand, nothing that would change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counterfoil.oracle.rules.day.closing_plan import (
    ClaimPosition,
    DateNotForward,
    DayRefused,
    LineCash,
    LoanPosition,
    PlannedStep,
    PledgePosition,
    check_date,
    expired_calls,
    plan_advance,
    plan_mark,
    plan_sweep,
    state_on,
)

CLAIM = ClaimPosition(
    root=1,
    kind="receivable",
    state="confirmed",
    is_delivered=False,
    due_date=20220930,
    default_days=30,
)
LOAN = LoanPosition(1, "current", 20220929)


@pytest.mark.parametrize("date", [0, 20220931, 20221301, 20230229, 99999999999, -20220930])
def test_a_date_that_is_none_is_refused(date: int) -> None:
    with pytest.raises(DayRefused):
        check_date(0, date)


def test_a_date_moves_forward_only_and_may_be_today() -> None:
    check_date(20220930, 20220930)
    check_date(20220930, 20240229)
    with pytest.raises(DateNotForward):
        check_date(20220930, 20220929)


def test_the_date_is_moved_once_and_revenue_is_fetched_where_there_is_some() -> None:
    cash = [LineCash(1, 0, 5), LineCash(2, 700, 0)]
    assert plan_advance(20220929, 20220930, cash) == [
        PlannedStep("advance", 20220930, "20220929"),
        PlannedStep("push", 2, "700"),
    ]
    assert plan_advance(20220930, 20220930, []) == []


def test_revenue_and_paid_collateral_are_used_and_nothing_else() -> None:
    loans = [
        LOAN,
        replace(LOAN, loan=2, collateral=9),
        replace(LOAN, loan=3, collateral=9, retained_minor=40),
        replace(LOAN, loan=4, collateral=9, is_spent=True),
        replace(LOAN, loan=5, collateral=9, state="repaid"),
    ]
    assert plan_sweep([LineCash(1, 3, 0), LineCash(2, 0, 8)], loans) == [
        PlannedStep("sweep", 2, "8"),
        PlannedStep("collect", 3, "40"),
        PlannedStep("collect", 4, "0"),
        PlannedStep("collect", 5, "0"),
    ]


def test_what_is_accrued_ended_or_unchanged_is_left_alone() -> None:
    loans = [
        LOAN,
        replace(LOAN, loan=2, accrued_to=20220930),
        replace(LOAN, loan=3, state="written_off"),
        replace(LOAN, loan=4, state="repaid"),
        replace(LOAN, loan=5, state="default"),
    ]
    claims = [replace(CLAIM, due_date=20221001), CLAIM, replace(CLAIM, root=2, state="matured")]
    pledges = [
        PledgePosition(pledge=1, covers=False, call_date=0, call_days=3),
        PledgePosition(pledge=2, covers=True, call_date=0, call_days=3),
        PledgePosition(pledge=3, covers=False, call_date=20220929, call_days=3),
    ]
    assert plan_mark(date=20220930, loans=loans, claims=claims, pledges=pledges) == [
        PlannedStep("accrue", 1, "current"),
        PlannedStep("accrue", 5, "default"),
        PlannedStep("mark", 1, "confirmed"),
        PlannedStep("call", 1),
    ]


@pytest.mark.parametrize(
    ("date", "state"),
    [
        (20220929, "confirmed"),
        (20220930, "matured"),
        (20221001, "overdue"),
        (20221030, "overdue"),
        (20221031, "defaulted"),
    ],
)
def test_a_claims_state_follows_from_the_date(date: int, state: str) -> None:
    assert state_on(CLAIM, date) == state


def test_an_order_is_not_due_before_it_is_delivered() -> None:
    order = replace(CLAIM, kind="order")
    assert state_on(order, 20221231) == "confirmed"
    assert state_on(replace(order, is_delivered=True), 20221001) == "overdue"


def test_a_claim_in_recourse_defaults_in_its_time() -> None:
    recourse = replace(CLAIM, state="recourse")
    assert state_on(recourse, 20221030) == "recourse"
    assert state_on(recourse, 20221031) == "defaulted"


def test_a_call_expires_after_its_days_unless_it_is_met() -> None:
    call = PledgePosition(pledge=1, covers=False, call_date=20220930, call_days=3)
    assert expired_calls(20221003, [call]) == []
    assert expired_calls(20221004, [call, replace(call, pledge=2, covers=True)]) == [1]
