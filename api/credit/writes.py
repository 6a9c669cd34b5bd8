"""Writes on lines of credit and their loans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, get_args

from pydantic import BaseModel, Field, model_validator

from counterfoil.api.http import problems
from counterfoil.api.http.wide import WideIn
from counterfoil.api.instructions.operation import (
    AccountIn,
    AmountIn,
    Arguments,
    BodyT_co,
    Call,
    Date,
    Minor,
    Number,
    Operation,
    Papers,
    PartyName,
    Rate,
    by_key,
    withdrawal,
)
from counterfoil.chain.abi.enums import (
    Convention,
    ConventionName,
    Debt,
    DebtName,
    Motion,
    MotionName,
    Plan,
    PlanName,
)
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.rules.loans.instalments import instalments, monthly_dates

_ORDER: list[DebtName] = list(get_args(DebtName))


class LineIn(BaseModel):
    """A line that the borrower asks of `lender`. Rates in parts per million a year; the penalty comes on top.

    `costs_ppm` bounds the costs of recovering a loan, in parts per million of what was drawn; 0 allows none.
    All instalments are due by `last_due`; unless it is said, by the last day on which the line may be drawn on.
    """

    lender: PartyName
    limit_minor: Minor
    valid_from: Date
    valid_until: Date
    rate_ppm: Rate
    penalty_ppm: Rate
    costs_ppm: int = Field(default=0, ge=0, le=1_000_000, examples=[100_000])
    last_due: Date | None = Field(default=None, examples=[20271231])
    convention: ConventionName = "A/360"
    grace_days: int = Field(ge=0, le=365, examples=[3])
    default_days: int = Field(ge=0, le=3_650, examples=[90])
    repayment_order: list[DebtName] = Field(
        default=_ORDER,
        min_length=len(Debt),
        max_length=len(Debt),
        examples=[_ORDER],
    )
    purpose: Papers


class VoteIn(BaseModel):
    """A committee member's vote, and what it rests on."""

    motion: MotionName
    evidence: Papers


class ReasonIn(BaseModel):
    """Why."""

    reason: Papers


class AllowIn(BaseModel):
    """Whether a draw may pay the supplier."""

    supplier: PartyName
    allowed: bool = True


class InstalmentIn(BaseModel):
    """Principal due on a date; the interest accrued by then is due with it."""

    date: Date
    principal_minor: WideIn = Field(ge=0, lt=2**63, examples=[25_000_00])


class DrawIn(BaseModel):
    """A draw that pays a confirmed order. Give the `instalments`, or in how many `months` it is repaid.

    `collateral` is a part that was pledged to `credit_line`; 0 for none.
    """

    order_root: Number
    amount_minor: Minor
    plan: PlanName
    months: int | None = Field(default=None, ge=1, le=120, examples=[12])
    instalments: list[InstalmentIn] | None = Field(
        default=None, min_length=1, max_length=120, examples=[None]
    )
    collateral: int = Field(default=0, ge=0, le=2**53, examples=[0])

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.months is None) == (self.instalments is None):
            raise ValueError("give instalments or months, not both")
        return self


class CostsIn(BaseModel):
    """Costs of recovering a loan, and what shows them."""

    amount_minor: Minor
    evidence: Papers


class DecidedCostsIn(BaseModel):
    """What of disputed costs is owed, 0 for nothing, and what it rests on."""

    amount_minor: WideIn = Field(ge=0, lt=2**63, examples=[0])
    outcome: Papers


def _line(call: Call[LineIn]) -> Sequence[object]:
    body = call.body
    if len(set(body.repayment_order)) != len(Debt):
        raise problems.malformed("repayment_order has each kind of debt once")
    return [
        {
            "borrower": call.account,
            "lender": call.party(body.lender),
            "token": call.token,
            "limit": body.limit_minor,
            "validFrom": body.valid_from,
            "validUntil": body.valid_until,
            "ratePpm": body.rate_ppm,
            "penaltyPpm": body.penalty_ppm,
            "costsPpm": body.costs_ppm,
            "lastDue": body.valid_until if body.last_due is None else body.last_due,
            "convention": Convention.named(body.convention),
            "graceDays": body.grace_days,
            "defaultDays": body.default_days,
            "order": [Debt.named(debt) for debt in body.repayment_order],
            "purpose": call.commit("purpose", body.purpose),
        }
    ]


def _draw(call: Call[DrawIn]) -> Sequence[object]:
    body = call.body
    if body.instalments is not None:
        rows = [{"date": i.date, "principal": i.principal_minor} for i in body.instalments]
    else:
        rows = _monthly(call, body)
    plan = Plan.named(body.plan)
    return [call.key, body.order_root, body.amount_minor, plan, rows, body.collateral]


def _monthly(call: Call[object], body: DrawIn) -> list[dict[str, int]]:
    """Return monthly instalments as the line's terms ask, or one at the end where the plan has one."""
    today = call.client.call("BusinessCalendar", "today")
    terms = call.client.call("CreditLine", "line", call.key)["terms"]
    plan = Plan.named(body.plan)
    try:
        dates = monthly_dates(today, body.months or 1)
        made = instalments(
            plan,
            principal_minor=body.amount_minor,
            drawn_on=today,
            dates=dates[-1:] if plan is Plan.BULLET else dates,
            convention=Convention(terms["convention"]),
            rate_ppm=terms["ratePpm"],
        )
    except OracleError as error:
        raise problems.conflict(error.code, str(error)) from error
    return [{"date": row.date, "principal": row.principal_minor} for row in made]


def _vote(call: Call[VoteIn]) -> Sequence[object]:
    """Return a vote for the motion about the line as it is now."""
    moves = call.client.call("CreditLine", "line", call.key)["moves"]
    motion = Motion.named(call.body.motion)
    data = call.client.encode("CreditLine", "carry", call.key, motion, moves)
    evidence = call.commit("evidence", call.body.evidence)
    return [call.client.address_of("CreditLine"), data, evidence]


def _credit(
    name: str,
    path: str,
    *,
    function: str,
    says: str,
    arguments: Arguments[BodyT_co] = by_key,
    body: type[BodyT_co] | None = None,
) -> Operation[BodyT_co]:
    return Operation(
        name,
        path,
        contract="CreditLine",
        function=function,
        says=says,
        arguments=arguments,
        body=body,
    )


OPERATIONS = (
    _credit(
        "apply_for_line",
        "/v1/credit-lines",
        function="applyFor",
        says="Apply for a line",
        arguments=_line,
        body=LineIn,
    ),
    Operation(
        "vote_on_line",
        "/v1/credit-lines/{line}/votes",
        contract="Committee",
        function="vote",
        says="Vote on a line",
        arguments=_vote,
        body=VoteIn,
    ),
    _credit(
        "activate_line",
        "/v1/credit-lines/{line}/activate",
        function="activate",
        says="Open a line",
    ),
    _credit(
        "freeze_line",
        "/v1/credit-lines/{line}/freeze",
        function="freeze",
        says="Stop draws",
        arguments=lambda c: [c.key, c.commit("reason", c.body.reason)],
        body=ReasonIn,
    ),
    _credit(
        "close_line",
        "/v1/credit-lines/{line}/close",
        function="close",
        says="End a line",
    ),
    _credit(
        "allow_supplier",
        "/v1/credit-lines/{line}/suppliers",
        function="allowSupplier",
        says="Allow a supplier",
        arguments=lambda c: [c.key, c.party(c.body.supplier), c.body.allowed],
        body=AllowIn,
    ),
    _credit(
        "draw",
        "/v1/credit-lines/{line}/loans",
        function="draw",
        says="Draw for an order",
        arguments=_draw,
        body=DrawIn,
    ),
    _credit(
        "sweep_line",
        "/v1/credit-lines/{line}/sweep",
        function="sweep",
        says="Repay out of the swept revenue",
    ),
    _credit(
        "repay_loan",
        "/v1/loans/{loan}/repay",
        function="repay",
        says="Repay a loan",
        arguments=lambda c: [c.key, c.body.amount_minor],
        body=AmountIn,
    ),
    _credit(
        "collect_loan",
        "/v1/loans/{loan}/collect",
        function="collect",
        says="Repay out of the pledged claim",
    ),
    _credit(
        "state_costs",
        "/v1/loans/{loan}/costs",
        function="stateCosts",
        says="State costs of recovery",
        arguments=lambda c: [c.key, c.body.amount_minor, c.commit("evidence", c.body.evidence)],
        body=CostsIn,
    ),
    _credit(
        "dispute_costs",
        "/v1/loans/{loan}/costs/dispute",
        function="disputeCosts",
        says="Dispute stated costs",
        arguments=lambda c: [c.key, c.commit("reason", c.body.reason)],
        body=ReasonIn,
    ),
    _credit(
        "admit_costs",
        "/v1/loans/{loan}/costs/admit",
        function="admitCosts",
        says="Make costs owed that nobody disputed in time",
    ),
    _credit(
        "decide_costs",
        "/v1/loans/{loan}/costs/decide",
        function="decideCosts",
        says="Decide disputed costs",
        arguments=lambda c: [c.key, c.body.amount_minor, c.commit("outcome", c.body.outcome)],
        body=DecidedCostsIn,
    ),
    _credit(
        "poke_loan",
        "/v1/loans/{loan}/poke",
        function="poke",
        says="Bring a loan to today's state",
    ),
    _credit(
        "write_off_loan",
        "/v1/loans/{loan}/write-off",
        function="writeOff",
        says="Write a loan off",
    ),
    _credit(
        "return_collateral",
        "/v1/parts/{part}/return-collateral",
        function="returnCollateral",
        says="Take back a pledged part that secures nothing",
    ),
    _credit(
        "withdraw_credit",
        "/v1/credit-lines/withdrawals",
        function="withdraw",
        says="Withdraw what was held",
        arguments=withdrawal,
        body=AccountIn,
    ),
)
