"""Lines of credit: what was applied for, how the committee voted, whom a draw may pay."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.credit.reads import CreditReads
from counterfoil.api.documents.opened import OpenedOut, opened
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered
from counterfoil.api.http.wide import Wide
from counterfoil.chain.abi.enums import Debt
from counterfoil.chain.address import Address
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.oracle.ledger.credit_line import LineRow

router = APIRouter(tags=["credit-lines"], responses=problems.RESPONSES)

LineNumber = Annotated[int, Path(ge=1, le=2**53, examples=[3])]


class VoteOut(BaseModel):
    """A committee member's vote; `evidence` is a commitment."""

    member: str = Field(examples=["0x90F79bf6EB2c4f870365E785982E1f101E93b906"])
    motion: str = Field(examples=["approve"])
    evidence: str = Field(examples=[to_hex(b"\x5c" * 32)])


class LineOut(BaseModel):
    """A line; `principal_minor` is outstanding over all of its loans. Rates in parts per million a year."""

    line: int = Field(examples=[3])
    state: str = Field(examples=["active"])
    reason: str | None = Field(examples=[to_hex(bytes(32))])
    borrower: str
    lender: str
    token: str
    limit_minor: Wide = Field(examples=[300_000_00])
    principal_minor: Wide = Field(examples=[120_000_00])
    valid_from: int = Field(examples=[20260105])
    valid_until: int = Field(examples=[20270105])
    rate_ppm: int = Field(examples=[108_000])
    penalty_ppm: int = Field(examples=[50_000])
    costs_ppm: int = Field(examples=[100_000])
    last_due: int = Field(examples=[20271231])
    convention: str = Field(examples=["A/360"])
    grace_days: int = Field(examples=[3])
    default_days: int = Field(examples=[90])
    repayment_order: list[str] = Field(examples=[list(Debt.wire_names())])
    purpose: str = Field(examples=[to_hex(b"\x5c" * 32)])
    votes: list[VoteOut]
    suppliers: list[str]
    block_number: int


class LineWholeOut(LineOut):
    """A line with the account that a split's loan sweep pays into, and its opened purpose for its parties."""

    sweep_account: str = Field(examples=["0x90F79bf6EB2c4f870365E785982E1f101E93b906"])
    opened: dict[str, OpenedOut] = Field(examples=[{}])


class SweepOut(BaseModel):
    """What was swept on a business date; `returned_minor` of it went on to the borrower."""

    date: int = Field(examples=[20260205])
    amount_minor: Wide
    returned_minor: Wide = Field(examples=[0])
    transaction_hash: str


def line_of(parts: ApiParts, sight: Sight, number: int) -> LineRow:
    """Return the line; 404 when the asker is no party of it."""
    found = CreditReads(parts.reads).line(sight, number)
    if found is None:
        raise problems.not_found("credit line")
    return found


@router.get("/v1/credit-lines", summary="Lines of credit")
def list_lines(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[LineOut]:
    """Lines that the asker borrows or lends under, by number."""
    return numbered(
        name="credit-lines",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: CreditReads(parts.reads).lines(sight, after, most),
        place=lambda row: row.line,
        show=lambda row: LineOut.model_validate(row, from_attributes=True),
    )


@router.get("/v1/credit-lines/{line}", summary="One line of credit")
def get_line(parts: PartsDep, sight: SightDep, line: LineNumber) -> LineWholeOut:
    """A line. Borrower, lender and committee also see the fields behind its commitments."""
    row = line_of(parts, sight, line)
    told = {"purpose": row.purpose, "reason": row.reason}
    told |= {f"vote {n}": str(vote["evidence"]) for n, vote in enumerate(row.votes, 1)}
    mine = {row.borrower, row.lender, *(Address(vote["member"]) for vote in row.votes)}
    client = client_of(parts)
    with refusable():
        account = client.call("CreditLine", "accountOf", line)
    return LineWholeOut(
        **LineOut.model_validate(row, from_attributes=True).model_dump(),
        sweep_account=account,
        opened=opened(parts, told, sight.account in mine),
    )


@router.get("/v1/credit-lines/{line}/sweeps", summary="What was swept into a line's loans")
def list_sweeps(
    parts: PartsDep, sight: SightDep, line: LineNumber, cursor: Cursor = None, limit: Limit = 50
) -> Page[SweepOut]:
    """By date."""
    line_of(parts, sight, line)
    rows = CreditReads(parts.reads).sweeps(line)
    places = {id(row): n for n, row in enumerate(rows, 1)}
    return numbered(
        name="sweeps",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: rows[after : after + most],
        place=lambda row: places[id(row)],
        show=lambda row: SweepOut.model_validate(row, from_attributes=True),
    )
