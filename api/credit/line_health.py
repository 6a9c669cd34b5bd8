"""How well a line of credit is repaid out of its machines' takings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.credit.lines import LineNumber, line_of
from counterfoil.api.credit.loans import owed_on
from counterfoil.api.credit.reads import CreditReads
from counterfoil.api.credit.takings import TakingsReads
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.faults import NO_BUSINESS_DATE
from counterfoil.api.http.wide import Wide
from counterfoil.oracle.rules.business_date import days_between, earlier
from counterfoil.oracle.rules.day.closing_plan import STILL_LOANS
from counterfoil.oracle.rules.loans.line_figures import HEALTH_RULE, due_minor, health

router = APIRouter(tags=["credit-lines"], responses=problems.RESPONSES)


class HealthOfLineOut(BaseModel):
    """A line over a period: what its sweep brought, what was due, and the state that follows.

    `state` is `healthy`, `watch` or `stopped`; `coverage_basis_points` is null when nothing is due.
    """

    line: int = Field(examples=[3])
    state: str = Field(examples=["healthy"])
    coverage_basis_points: int | None = Field(examples=[11_840])
    first: int = Field(examples=[20220802])
    last: int = Field(examples=[20220831])
    takings_minor: Wide = Field(examples=[128_150])
    swept_minor: Wide = Field(examples=[25_630])
    due_minor: Wide = Field(examples=[21_640])
    projects: list[str]
    rule: str = Field(examples=[HEALTH_RULE])


def _due(parts: ApiParts, sight: Sight, line: int, today: int, days: int) -> int:
    due = 0
    for loan in CreditReads(parts.reads).loans(sight, 0, 1_000, line):
        if loan.state not in STILL_LOANS and loan.instalments:
            last = loan.instalments[-1][0]
            left = days_between(today, last) if last > today else 0
            due += due_minor(owed_on(parts, loan.loan, today).total_minor, left, days)
    return due


@router.get("/v1/credit-lines/{line}/health", summary="How a line is being repaid")
def get_health(
    parts: PartsDep,
    sight: SightDep,
    line: LineNumber,
    days: Annotated[
        int, Query(ge=1, le=366, description="The period up to today.", examples=[30])
    ] = 30,
) -> HealthOfLineOut:
    """From the takings of the projects whose split sweeps into the line; `rule` states how."""
    line_of(parts, sight, line)
    client = client_of(parts)
    with refusable():
        account = client.call("CreditLine", "accountOf", line)
        today = client.call("BusinessCalendar", "today")
    if today == 0:
        raise problems.conflict(NO_BUSINESS_DATE, "the business calendar has no date yet")
    first = earlier(today, days - 1)
    projects = TakingsReads(parts.reads).swept_by(account)
    takings = TakingsReads(parts.reads).between(projects, first, today)
    swept = TakingsReads(parts.reads).swept(account, first, today)
    due = _due(parts, sight, line, today, days)
    state, coverage = health(swept, takings, due)
    return HealthOfLineOut(
        line=line,
        state=state,
        coverage_basis_points=coverage,
        first=first,
        last=today,
        takings_minor=takings,
        swept_minor=swept,
        due_minor=due,
        projects=projects,
        rule=HEALTH_RULE,
    )
