"""The consortium's business dates, by which interest and due dates are counted."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from counterfoil.api.days.reads import DayReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered

router = APIRouter(tags=["business-dates"], responses=problems.RESPONSES)


class BusinessDateOut(BaseModel):
    """A date that the calendar was moved to."""

    date: int = Field(examples=[20260105])
    block_number: int


@router.get("/v1/business-dates", summary="Business dates")
def list_dates(
    parts: PartsDep, _: PrincipalDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[BusinessDateOut]:
    """Ascending; the last is the current one."""
    return numbered(
        name="business-dates",
        cursor=cursor,
        limit=limit,
        fetch=DayReads(parts.reads).dates,
        place=lambda row: row.date,
        show=lambda row: BusinessDateOut.model_validate(row, from_attributes=True),
    )
