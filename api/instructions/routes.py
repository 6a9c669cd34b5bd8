"""Instructions: what was asked through the API, and what came of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path
from pydantic import BaseModel, Field

from counterfoil.api.access.auth import Principal
from counterfoil.api.access.parties import party_key
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.http.wide import Plain
from counterfoil.api.instructions.reads import InstructionReads
from counterfoil.oracle.store.instruction_state import Door
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
    """An instruction: `pending`, then `done` with a result or `failed` with a code.

    `result` and `error_detail` are shown to the party that asked alone: what they have (a signature, a salt, what
    was asked for) is nobody else's. Others who may see the instruction get null.
    """

    id: int = Field(examples=[17])
    kind: str = Field(examples=["resolve_exception"])
    status: str = Field(examples=["pending"])
    result: Plain | None
    error_code: str | None
    error_detail: str | None
    created_ms: int
    finished_ms: int | None


def instruction_out(row: Instruction) -> InstructionOut:
    """*row* for JSON."""
    return InstructionOut.model_validate(row, from_attributes=True)


def _seen(row: Instruction, principal: Principal) -> InstructionOut:
    out = instruction_out(row)
    if not _is_own(row, principal):
        out.result = out.error_detail = None
    return out


def _is_own(row: Instruction, principal: Principal) -> bool:
    """Whether *principal* asked; who typed at the console is nobody's party here, whatever his name."""
    return row.door == Door.API and party_key(row.party) == party_key(principal.party)


@router.get("/v1/instructions", summary="Instructions, the newest first")
def list_instructions(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[InstructionOut]:
    """What the asker's party asked for; for administrators, auditors and regulators everybody's, without results."""
    below = int(read_cursor(cursor, "instructions", "0")) or None
    party = None if sight.everything else principal.party
    found = InstructionReads(parts.reads).instructions(party, below, limit + 1)
    more = write_cursor("instructions", str(found[limit - 1].id)) if len(found) > limit else None
    return Page(items=[_seen(row, principal) for row in found[:limit]], next=more)


@router.get("/v1/instructions/{number}", summary="One instruction")
def get_instruction(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    number: Annotated[int, Path(ge=1, le=2**53)],
) -> InstructionOut:
    """What came of an instruction of the asker's own party."""
    row = InstructionReads(parts.reads).instruction(number)
    if row is None or not (sight.everything or _is_own(row, principal)):
        raise problems.not_found("instruction")
    return _seen(row, principal)
