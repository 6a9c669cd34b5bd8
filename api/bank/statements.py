"""Statements handed in as entries: the list of those taken in, and the upload."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from counterfoil.api.bank.reads import BankReads
from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, read_cursor, write_cursor
from counterfoil.api.http.wide import Wide, WideIn
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.oracle.instructions.request import CreditEntry, ImportStatement

router = APIRouter(tags=["statements"], responses=problems.RESPONSES)


class StatementEntryIn(BaseModel):
    """One credit entry of a bank statement; its reference backs one mint, once."""

    statement: str = Field(min_length=1, max_length=64, examples=["2022-08-31/1"])
    reference: str = Field(min_length=1, max_length=128, examples=["E2E-48211"])
    project: str = Field(max_length=64, examples=["lakeside-vending"])
    business_date: int = Field(ge=19700101, le=99991231, examples=[20220831])
    amount_minor: WideIn = Field(gt=0, lt=2**63, examples=[7475])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["USD"])


class StatementIn(BaseModel):
    """Entries of a bank statement."""

    entries: list[StatementEntryIn] = Field(min_length=1, max_length=10_000)


class StatementEntryOut(BaseModel):
    """An entry that was taken in; `entry_hash` is its name on chain."""

    entry_hash: str
    statement: str
    reference: str
    project: str
    business_date: int
    amount_minor: Wide
    currency: str


@router.get("/v1/statements", summary="Statement entries")
def list_statements(
    parts: PartsDep,
    sight: SightDep,
    project: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StatementEntryOut]:
    """Entries of bank statements for projects that the asker runs, by their hashes."""
    if project is not None and project not in sight.run:
        raise problems.not_found("project")
    after = read_cursor(cursor, "statements", "")
    wanted = sight.run if project is None else {project}
    found = BankReads(parts.reads).entries(wanted, after, limit + 1)
    more = write_cursor("statements", found[limit - 1].entry_hash) if len(found) > limit else None
    items = [StatementEntryOut.model_validate(row, from_attributes=True) for row in found[:limit]]
    return Page(items=items, next=more)


@router.post("/v1/statements", status_code=202, summary="Upload a statement")
def upload_statement(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    statement: StatementIn,
    key: IdempotencyKey,
) -> InstructionOut:
    """Each entry mints deposit tokens into its project's collection account, once."""
    if any(entry.project not in sight.projects for entry in statement.entries):
        raise problems.not_found("project")
    entries = tuple(CreditEntry(**entry.model_dump()) for entry in statement.entries)
    return instruction_out(
        ask(engine=parts.oracle, principal=principal, key=key, request=ImportStatement(entries))
    )
