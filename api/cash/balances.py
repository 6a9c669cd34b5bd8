"""Balances, withdrawals, bank statements and settlement files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from counterfoil.api.http import problems
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep, require
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of, read_cursor, write_cursor
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.oracle.instructions.request import CreditEntry, ImportSettlement, ImportStatement

router = APIRouter(responses=problems.RESPONSES)


class BalanceOut(BaseModel):
    """What an account was credited by the split, has taken, and can take now."""

    account: str
    name: str
    credited_minor: int
    withdrawn_minor: int
    claimable_minor: int


class WithdrawalOut(BaseModel):
    """A withdrawal from the bank's token; `payment` is the bank's reference once it has paid."""

    id: int
    holder: str
    amount_minor: int
    payout_account: str
    payment: str | None
    block_number: int


class StatementEntryIn(BaseModel):
    """One credit entry of a bank statement; its reference backs one mint, once."""

    statement: str = Field(min_length=1, max_length=64, examples=["2022-08-31/1"])
    reference: str = Field(min_length=1, max_length=128, examples=["E2E-48211"])
    project: str = Field(max_length=64, examples=["lakeside-vending"])
    business_date: int = Field(ge=19700101, le=99991231, examples=[20220831])
    amount_minor: int = Field(gt=0, lt=2**63, examples=[7475])
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
    amount_minor: int
    currency: str


class SettlementIn(BaseModel):
    """A payment provider's settlement file, as CSV text (docs/formats/settlement-file.md)."""

    project: str = Field(max_length=64, examples=["lakeside-vending"])
    source: str = Field(min_length=1, max_length=128, examples=["settlement-2022-08-31.csv"])
    text: str = Field(
        min_length=1,
        max_length=16 * 1024 * 1024,
        examples=["reference,method,business_date,amount,currency,device\n…"],
    )


@router.get("/v1/balances", summary="Balances", tags=["balances"])
def list_balances(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[BalanceOut]:
    """The asker's own balance; everybody's for those who may see everything."""
    names = parts.ledger.names()
    rows = [
        BalanceOut(
            account=row.account,
            name=names.get(row.account, ""),
            credited_minor=row.credited_minor,
            withdrawn_minor=row.withdrawn_minor,
            claimable_minor=row.credited_minor - row.withdrawn_minor,
        )
        for row in parts.ledger.balances(sight)
    ]
    return page_of(
        rows,
        name="balances",
        place=lambda row: row.account,
        cursor=cursor,
        limit=limit,
        show=lambda row: row,
    )


@router.get("/v1/withdrawals", summary="Withdrawals", tags=["withdrawals"])
def list_withdrawals(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[WithdrawalOut]:
    """The asker's own withdrawals to the bank, the newest first."""
    below = int(read_cursor(cursor, "withdrawals", "0")) or None
    found = parts.ledger.payouts(sight, below, limit + 1)
    more = write_cursor("withdrawals", str(found[limit - 1].id)) if len(found) > limit else None
    items = [WithdrawalOut.model_validate(row, from_attributes=True) for row in found[:limit]]
    return Page(items=items, next=more)


@router.get("/v1/statements", summary="Statement entries", tags=["statements"])
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
    found = parts.ledger.statement_entries(wanted, after, limit + 1)
    more = write_cursor("statements", found[limit - 1].entry_hash) if len(found) > limit else None
    items = [StatementEntryOut.model_validate(row, from_attributes=True) for row in found[:limit]]
    return Page(items=items, next=more)


@router.post("/v1/statements", status_code=202, summary="Upload a statement", tags=["statements"])
def upload_statement(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    statement: StatementIn,
    key: IdempotencyKey,
) -> InstructionOut:
    """Each entry mints deposit tokens into its project's collection account, once."""
    require(principal, "upload_statement")
    if any(entry.project not in sight.projects for entry in statement.entries):
        raise problems.not_found("project")
    entries = tuple(CreditEntry(**entry.model_dump()) for entry in statement.entries)
    return instruction_out(
        ask(engine=parts.oracle, principal=principal, key=key, request=ImportStatement(entries))
    )


@router.post(
    "/v1/settlement-files", status_code=202, summary="Upload a settlement file", tags=["statements"]
)
def upload_settlement(
    parts: PartsDep,
    principal: PrincipalDep,
    sight: SightDep,
    settlement: SettlementIn,
    key: IdempotencyKey,
) -> InstructionOut:
    """Its rows are matched with signed sales; each reference counts once."""
    require(principal, "upload_settlement")
    if settlement.project not in sight.run:
        raise problems.not_found("project")
    request = ImportSettlement(**settlement.model_dump())
    return instruction_out(ask(engine=parts.oracle, principal=principal, key=key, request=request))
