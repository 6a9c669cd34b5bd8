"""Instructions: what was asked through the API, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, Field

from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.instructions.reads import InstructionReads
from counterfoil.oracle.store.instruction_table import Instruction

router = APIRouter(tags=["instructions"], responses=problems.RESPONSES)

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9._:-]+$",
        description="Yours to choose; the same key and request give the same instruction again.",
        examples=["7b1f3c5e-statement-2022-08-31"],
    ),
]


class InstructionOut(BaseModel):
    """An instruction: `pending`, then `done` with a result or `failed` with a code."""

    id: int = Field(examples=[17])
    kind: str = Field(examples=["resolve_exception"])
    status: str = Field(examples=["pending"])
    result: dict[str, Any] | None
    error_code: str | None
    error_detail: str | None
    created_ms: int
    finished_ms: int | None


def instruction_out(row: Instruction) -> InstructionOut:
    """*row* for JSON."""
    return InstructionOut.model_validate(row, from_attributes=True)


@router.get("/v1/instructions", summary="Instructions, the newest first")
def list_instructions(
    parts: PartsDep, principal: PrincipalDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[InstructionOut]:
    """What the asker's party asked for; everybody's for those who may see everything."""
    below = int(read_cursor(cursor, "instructions", "0")) or None
    party = None if principal.sees_all else principal.party
    found = InstructionReads(parts.reads).instructions(party, below, limit + 1)
    more = write_cursor("instructions", str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[instruction_out(row) for row in found[:limit]], next=more)


@router.get("/v1/instructions/{number}", summary="One instruction")
def get_instruction(
    parts: PartsDep, principal: PrincipalDep, number: Annotated[int, Path(ge=1, le=2**53)]
) -> InstructionOut:
    """What came of an instruction of the asker's own party."""
    row = InstructionReads(parts.reads).instruction(number)
    if row is None or not principal.sees(row.party):
        raise problems.not_found("instruction")
    return instruction_out(row)
