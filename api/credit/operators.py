"""An operator's takings month by month, and the limit of a line that they support."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from counterfoil.api.access.parties import party_key
from counterfoil.api.access.sight import Sight
from counterfoil.api.credit.takings import TakingsReads
from counterfoil.api.days.reads import DayReads
from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.faults import CURRENCY_UNCLEAR, NO_BUSINESS_DATE
from counterfoil.api.http.wide import Wide
from counterfoil.chain.address import canonical
from counterfoil.oracle.rules.business_date import add_months
from counterfoil.oracle.rules.loans.line_figures import LIMIT_RULE, LimitTerms, limit_minor

router = APIRouter(tags=["operators"], responses=problems.RESPONSES)

_Operator = Annotated[str, Path(min_length=1, max_length=64, examples=["lakeside"])]
_Months = Annotated[int, Query(ge=1, le=36, description="Whole months.", examples=[6])]
_Currency = Annotated[
    str | None, Query(pattern="^[A-Z]{3}$", description="Needed where there are two.")
]


class MonthOut(BaseModel):
    """A month (YYYYMM) of anchored takings less refunds; `matched_minor` of them was matched with payments."""

    month: int = Field(examples=[202208])
    sales: int
    takings_minor: Wide = Field(examples=[128_300])
    matched_minor: Wide = Field(examples=[128_150])


class TakingsOut(BaseModel):
    """An operator's whole months up to the last that has ended; a month without takings has zeros."""

    operator: str
    projects: list[str]
    currency: str
    anchored_records: int
    months: list[MonthOut]


class LimitOut(BaseModel):
    """The limit that the rule gives, and all of its inputs."""

    takings: TakingsOut
    lowest_minor: Wide = Field(examples=[110_400])
    term_months: int = Field(examples=[12])
    sweep_basis_points: int = Field(examples=[2_000])
    cover_basis_points: int = Field(examples=[12_500])
    limit_minor: Wide = Field(examples=[211_968])
    rule: str = Field(examples=[LIMIT_RULE])


def _takings(
    parts: ApiParts, sight: Sight, operator: str, months: int, currency: str | None
) -> TakingsOut:
    account = parts.directory.account_of(operator)
    mine = {party_key(operator), account} - {""}
    projects = [p.project for p in parts.directory.projects() if party_key(p.operator) in mine]
    allowed = sight.everything or (bool(account) and account == sight.account)
    if not projects or not allowed:
        raise problems.not_found("operator")
    known = TakingsReads(parts.reads).currencies(projects)
    if currency is None and len(known) != 1:
        raise problems.conflict(CURRENCY_UNCLEAR, f"takings are in {known or 'no currency'}")
    today = DayReads(parts.reads).today()
    if today == 0:
        raise problems.conflict(NO_BUSINESS_DATE, "the business calendar has no date yet")
    first_of_month = today // 100 * 100 + 1
    wanted = [add_months(first_of_month, -n) // 100 for n in range(months, 0, -1)]
    chosen = currency or known[0]
    found = TakingsReads(parts.reads).months(
        projects, currency=chosen, first=wanted[0], last=wanted[-1]
    )
    head = HeadReads(parts.reads).newest()
    return TakingsOut(
        operator=canonical(operator),
        projects=projects,
        currency=chosen,
        anchored_records=0 if head is None else head.size,
        months=[
            MonthOut(
                month=month,
                sales=found[month].sales if month in found else 0,
                takings_minor=found[month].takings_minor if month in found else 0,
                matched_minor=found[month].matched_minor if month in found else 0,
            )
            for month in wanted
        ],
    )


@router.get("/v1/operators/{operator}/takings", summary="An operator's takings by month")
def get_takings(
    parts: PartsDep,
    sight: SightDep,
    operator: _Operator,
    months: _Months = 6,
    currency: _Currency = None,
) -> TakingsOut:
    """For the operator itself, and for those who may see everything."""
    return _takings(parts, sight, operator, months, currency)


@router.get("/v1/operators/{operator}/limit-proposal", summary="The line that takings support")
def get_limit_proposal(
    parts: PartsDep,
    sight: SightDep,
    operator: _Operator,
    months: _Months = 6,
    currency: _Currency = None,
    term_months: Annotated[int, Query(ge=1, le=120, examples=[12])] = 12,
    sweep_basis_points: Annotated[int, Query(ge=1, le=10_000, examples=[2_000])] = 2_000,
    cover_basis_points: Annotated[int, Query(ge=10_000, le=100_000, examples=[12_500])] = 12_500,
) -> LimitOut:
    """From the anchored takings that were matched with payments; `rule` states how."""
    takings = _takings(parts, sight, operator, months, currency)
    monthly = [month.matched_minor for month in takings.months]
    terms = LimitTerms(months, term_months, sweep_basis_points, cover_basis_points)
    return LimitOut(
        takings=takings,
        lowest_minor=max(0, min(monthly)),
        term_months=term_months,
        sweep_basis_points=sweep_basis_points,
        cover_basis_points=cover_basis_points,
        limit_minor=limit_minor(monthly, terms),
        rule=LIMIT_RULE,
    )
