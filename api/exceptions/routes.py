"""Exceptions of the matching, and a person's decision on each."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.exceptions.reads import ExceptionReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.faults import EXCEPTION_NOT_OPEN
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.http.wide import Wide
from counterfoil.api.instructions.reads import InstructionReads
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.oracle.instructions.request import ResolveException
from counterfoil.oracle.store.revenue_tables import MatchException

router = APIRouter(tags=["exceptions"], responses=problems.RESPONSES)

Number = Annotated[int, Path(ge=1, le=2**53)]


class ExceptionOut(BaseModel):
    """A sale or a payment that did not match; `code` says why."""

    id: int
    project: str
    log_index: int | None
    settlement_id: int | None
    entry_hash: str | None
    business_date: int = Field(examples=[20220831])
    amount_minor: Wide = Field(examples=[150])
    code: str = Field(examples=["sale.payment_missing"])
    detail: str
    status: str = Field(examples=["open"])
    resolution: str | None
    resolved_by: str | None
    note: str | None
    resolved_ms: int | None


class Resolution(BaseModel):
    """`accepted`: the amount is distributed. `excluded`: it is not."""

    resolution: Literal["accepted", "excluded"]
    note: str = Field(default="", max_length=200)


def _out(row: MatchException) -> ExceptionOut:
    return ExceptionOut.model_validate(row, from_attributes=True)


def _visible(parts: ApiParts, sight: Sight, number: int) -> MatchException:
    row = ExceptionReads(parts.reads).exception(sight, number)
    if row is None:
        raise problems.not_found("exception")
    return row


@router.get("/v1/exceptions", summary="What did not match")
def list_exceptions(
    parts: PartsDep,
    sight: SightDep,
    status: Annotated[Literal["open", "resolved"] | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ExceptionOut]:
    """Exceptions of projects that the asker runs and of sales whose records it may see, the oldest first."""
    after = int(read_cursor(cursor, "exceptions", "0"))
    found = ExceptionReads(parts.reads).exceptions(sight, status, after, limit + 1)
    more = write_cursor("exceptions", str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[_out(row) for row in found[:limit]], next=more)


@router.get("/v1/exceptions/{number}", summary="One exception")
def get_exception(parts: PartsDep, sight: SightDep, number: Number) -> ExceptionOut:
    """An exception by its number."""
    return _out(_visible(parts, sight, number))


@router.post("/v1/exceptions/{number}/resolution", status_code=202, summary="Decide on one")
def resolve_exception(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    number: Number,
    resolution: Resolution,
    key: IdempotencyKey,
) -> InstructionOut:
    """Asks the oracle to accept or exclude an open exception; 409 `exception.not_open` where it is not open."""
    row = _visible(parts, sight, number)
    if row.project not in sight.run:
        raise problems.not_found("exception")
    known = InstructionReads(parts.reads).asked(principal.party, key)
    if row.status != "open" and known is None:
        raise problems.conflict(EXCEPTION_NOT_OPEN, f"it was resolved: {row.resolution}")
    request = ResolveException(number, resolution.resolution, resolution.note)
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))
