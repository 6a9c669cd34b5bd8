"""Loans: what was drawn and paid, their instalments, and what the contract says is owed today."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from counterfoil.api.access.sight import Sight
from counterfoil.api.credit.reads import CreditReads
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import ApiParts, PartsDep, SightDep
from counterfoil.api.http.faults import DATE_BEFORE_DRAW
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered
from counterfoil.api.http.wide import Wide
from counterfoil.chain.abi.enums import Debt
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.oracle.ledger.credit_line import LoanRow

router = APIRouter(tags=["loans"], responses=problems.RESPONSES)

LoanNumber = Annotated[int, Path(ge=1, le=2**53, examples=[5])]
_Line = Annotated[
    int | None, Query(ge=1, le=2**53, description="Only loans of this line.", examples=[3])
]


class InstalmentOut(BaseModel):
    """Principal due on a date; the interest accrued by then is due with it."""

    date: int = Field(examples=[20260205])
    principal_minor: Wide = Field(examples=[25_000_00])


class LoanOut(BaseModel):
    """A loan; its state is as of the last transaction that updated it (`poke`)."""

    loan: int = Field(examples=[5])
    line: int = Field(examples=[3])
    state: str = Field(examples=["current"])
    plan: str = Field(examples=["equal_principal"])
    supplier: str = Field(examples=["0x90F79bf6EB2c4f870365E785982E1f101E93b906"])
    order_root: int = Field(examples=[17])
    collateral: int = Field(examples=[0])
    drawn_date: int = Field(examples=[20260105])
    drawn_minor: Wide = Field(examples=[100_000_00])
    repaid_minor: Wide = Field(examples=[25_000_00])
    written_off_minor: Wide = Field(examples=[0])
    interest_paid_minor: Wide = Field(examples=[900_00])
    penalty_paid_minor: Wide = Field(examples=[0])
    costs_minor: Wide = Field(examples=[0])
    costs_paid_minor: Wide = Field(examples=[0])
    instalments: list[InstalmentOut]
    block_number: int


class OwedOut(BaseModel):
    """What is owed on a business date if nothing is paid until then; `due_minor` of it should have been paid."""

    date: int = Field(examples=[20260205])
    costs_minor: Wide = Field(examples=[0])
    penalty_minor: Wide = Field(examples=[0])
    interest_minor: Wide = Field(examples=[930_00])
    principal_minor: Wide = Field(examples=[100_000_00])
    total_minor: Wide = Field(examples=[100_930_00])
    due_minor: Wide = Field(examples=[25_930_00])
    missed: int = Field(description="Instalments missed in a row.", examples=[0])


class StatedCostsOut(BaseModel):
    """Costs that the lender has stated and that are not owed yet: disputed, or open to dispute for some days."""

    amount_minor: Wide = Field(examples=[150_00])
    date: int = Field(examples=[20260410])
    disputed: bool = Field(examples=[False])
    evidence: str = Field(examples=[to_hex(b"\xc5" * 32)])


class LoanWholeOut(LoanOut):
    """A loan with what is owed on today's business date."""

    owed: OwedOut
    stated_costs: StatedCostsOut | None = Field(
        examples=[
            {
                "amount_minor": 150_00,
                "date": 20260410,
                "disputed": False,
                "evidence": to_hex(b"\xc5" * 32),
            }
        ]
    )


class PaymentOut(BaseModel):
    """A payment, by what it was used for."""

    date: int = Field(examples=[20260205])
    payer: str
    costs_minor: Wide = Field(examples=[0])
    penalty_minor: Wide = Field(examples=[0])
    interest_minor: Wide = Field(examples=[930_00])
    principal_minor: Wide = Field(examples=[25_000_00])
    transaction_hash: str


def _loan(parts: ApiParts, sight: Sight, number: int) -> LoanRow:
    found = CreditReads(parts.reads).loan(sight, number)
    if found is None:
        raise problems.not_found("loan")
    return found


def loan_out(row: LoanRow) -> LoanOut:
    """Return *row* for JSON."""
    fields = row.model_dump() | {
        "instalments": [{"date": d, "principal_minor": p} for d, p in row.instalments]
    }
    return LoanOut(**fields)


def owed_on(parts: ApiParts, number: int, date: int | None = None) -> OwedOut:
    """Return what the contract says is owed on *date*, by default on its own business date."""
    client = client_of(parts)
    with refusable():
        on = client.call("BusinessCalendar", "today") if date is None else date
        said = client.call("CreditLine", "owed", number, on)
    debts = {name: said[name] for name in Debt.wire_names()}
    return OwedOut(
        date=on,
        **{f"{name}_minor": amount for name, amount in debts.items()},
        total_minor=sum(debts.values()),
        due_minor=said["due"],
        missed=said["missed"],
    )


@router.get("/v1/loans", summary="Loans")
def list_loans(
    parts: PartsDep, sight: SightDep, line: _Line = None, cursor: Cursor = None, limit: Limit = 50
) -> Page[LoanOut]:
    """Loans that the asker owes or gave, by number."""
    return numbered(
        name="loans",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: CreditReads(parts.reads).loans(sight, after, most, line),
        place=lambda row: row.loan,
        show=loan_out,
    )


@router.get("/v1/loans/{loan}", summary="One loan")
def get_loan(parts: PartsDep, sight: SightDep, loan: LoanNumber) -> LoanWholeOut:
    """A loan, and what is owed on it today."""
    row = _loan(parts, sight, loan)
    return LoanWholeOut(
        **loan_out(row).model_dump(),
        owed=owed_on(parts, loan),
        stated_costs=_stated_costs(parts, loan),
    )


def _stated_costs(parts: ApiParts, number: int) -> StatedCostsOut | None:
    said = client_of(parts).call("CreditLine", "statedCosts", number)
    if said["amount"] == 0:
        return None
    return StatedCostsOut(
        amount_minor=said["amount"],
        date=said["date"],
        disputed=said["disputed"],
        evidence=to_hex(said["evidence"]),
    )


@router.get("/v1/loans/{loan}/owed", summary="What is owed on a date")
def get_owed(
    parts: PartsDep,
    sight: SightDep,
    loan: LoanNumber,
    date: Annotated[
        int | None, Query(ge=19700101, le=99991231, description="YYYYMMDD", examples=[20260205])
    ] = None,
) -> OwedOut:
    """As the contract says, if nothing is paid until then. Without a date, today's."""
    row = _loan(parts, sight, loan)
    if date is not None and date < row.drawn_date:
        raise problems.conflict(DATE_BEFORE_DRAW, f"the loan was drawn on {row.drawn_date}")
    return owed_on(parts, loan, date)


@router.get("/v1/loans/{loan}/payments", summary="Payments on a loan")
def list_payments(
    parts: PartsDep, sight: SightDep, loan: LoanNumber, cursor: Cursor = None, limit: Limit = 50
) -> Page[PaymentOut]:
    """By date."""
    _loan(parts, sight, loan)
    rows = CreditReads(parts.reads).payments(loan)
    places = {id(row): n for n, row in enumerate(rows, 1)}
    return numbered(
        name="payments",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: rows[after : after + most],
        place=lambda row: places[id(row)],
        show=lambda row: PaymentOut.model_validate(row, from_attributes=True),
    )
