"""Instructions: what was asked through the API, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, Field

from counterfoil.api import problems
from counterfoil.api.context import PartsDep, PrincipalDep
from counterfoil.oracle.store.tables import Instruction

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


@router.get("/instructions/{number}", summary="One instruction")
def get_instruction(
    parts: PartsDep, principal: PrincipalDep, number: Annotated[int, Path(ge=1, le=2**53)]
) -> InstructionOut:
    """What came of an instruction of the asker's own party."""
    row = parts.ledger.instruction(number)
    if row is None or not principal.sees(row.party):
        raise problems.not_found("instruction")
    return instruction_out(row)
