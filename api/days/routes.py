"""Business days: the outcome of each closing, and the request to close one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.days.reads import DayReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.http.wide import Plain
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.oracle.instructions.request import CloseDay
from counterfoil.oracle.store.day_tables import DayClose

router = APIRouter(tags=["days"], responses=problems.RESPONSES)

Date = Annotated[int, Path(ge=19700101, le=99991231, examples=[20220831])]


class DayOut(BaseModel):
    """A business day: `open`, `closed`, `differs` or `failed`."""

    date: int = Field(examples=[20220831])
    status: str = Field(examples=["closed"])
    phase: str = Field(examples=["done"])
    attempt: int
    differences: int
    error_code: str | None
    error_detail: str | None
    started_ms: int
    finished_ms: int | None


class DayReportOut(DayOut):
    """The same with its report (docs/business-day.md), which is null while the closing runs."""

    report: Plain | None


class DayIn(BaseModel):
    """The date to close; by default today in the oracle's time zone. `far` confirms a date far ahead."""

    date: int | None = Field(default=None, ge=19700101, le=99991231, examples=[20220831])
    far: bool = False


@router.get("/v1/days", summary="Business days")
def list_days(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[DayOut]:
    """The newest first; none for another bank than the token's."""
    below = int(read_cursor(cursor, "days", "0")) or None
    found = DayReads(parts.reads).days(sight, below, limit + 1)
    more = write_cursor("days", str(found[limit - 1].date)) if len(found) > limit else None
    return Page(items=[DayOut(**_shown(row)) for row in found[:limit]], next=more)


@router.get("/v1/days/{date}", summary="One business day")
def get_day(parts: PartsDep, sight: SightDep, date: Date) -> DayReportOut:
    """Its report: steps, loans, claims, figures, and every difference by its code."""
    row = DayReads(parts.reads).day(sight, date)
    if row is None:
        raise problems.not_found("day")
    return DayReportOut(**_shown(row), report=row.report)


@router.post("/v1/days", status_code=202, summary="Close a business day")
def close_day(
    parts: PartsDep, principal: PrincipalDep, day: DayIn, key: IdempotencyKey
) -> InstructionOut:
    """The date moves forward only; closing a closed day does nothing."""
    return instruction_out(
        ask(engine=parts.oracle, principal=principal, key=key, request=CloseDay(day.date, day.far))
    )


def _shown(row: DayClose) -> dict[str, Any]:
    return {
        **row.model_dump(exclude={"report", "asked_by"}),
        "differences": len((row.report or {}).get("differences", [])),
    }
