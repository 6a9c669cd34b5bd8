"""Lines of credit and their loans, of the events of CreditLine, Committee, BusinessCalendar; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, Session

from counterfoil.chain.abi.artifacts import selector_of
from counterfoil.chain.abi.enums import (
    Convention,
    Debt,
    LineState,
    LoanState,
    Motion,
    Plan,
)
from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.ledger.business_calendar import today
from counterfoil.oracle.store.columns import ChainId, ChainKey, ChainMinor, json_column
from counterfoil.oracle.store.table import OracleTable


class LineRow(OracleTable, table=True):
    """Projected: a line of credit; ``votes`` are {member, motion, evidence}, ``suppliers`` whom a draw may pay."""

    __tablename__ = "credit_line"

    line: ChainKey
    state: str = Field(index=True)
    reason: str | None = None
    borrower: Address = Field(index=True, sa_type=AddressColumn)
    lender: Address = Field(index=True, sa_type=AddressColumn)
    token: Address = Field(sa_type=AddressColumn)
    limit_minor: ChainMinor
    principal_minor: ChainMinor = 0
    valid_from: int
    valid_until: int
    rate_ppm: int
    penalty_ppm: int
    costs_ppm: int = 0
    last_due: int = 0
    convention: str
    grace_days: int
    default_days: int
    repayment_order: list[Any] = json_column()
    purpose: str
    votes: list[Any] = json_column()
    suppliers: list[Any] = json_column()
    block_number: int


class LoanRow(OracleTable, table=True):
    """Projected: a loan's draws and payments; only the contract says what is owed today.

    ``instalments`` are [date, principal in minor units].
    """

    __tablename__ = "loan"

    loan: ChainKey
    line: int = Field(default=0, index=True, sa_type=BigInteger)
    state: str = Field(index=True)
    plan: str = ""
    supplier: str = Field(default="", sa_type=AddressColumn)
    order_root: ChainMinor = 0
    collateral: ChainMinor = 0
    drawn_date: int = 0
    drawn_minor: ChainMinor = 0
    repaid_minor: ChainMinor = 0
    written_off_minor: ChainMinor = 0
    interest_paid_minor: ChainMinor = 0
    penalty_paid_minor: ChainMinor = 0
    costs_minor: ChainMinor = 0
    costs_paid_minor: ChainMinor = 0
    instalments: list[Any] = json_column()
    block_number: int


class LoanPayment(OracleTable, table=True):
    """Projected: one payment on a loan, by use; for a sweep the payer is the contract itself."""

    __tablename__ = "loan_payment"

    transaction_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    loan: ChainId
    payer: Address = Field(sa_type=AddressColumn)
    date: int
    costs_minor: ChainMinor
    penalty_minor: ChainMinor
    interest_minor: ChainMinor
    principal_minor: ChainMinor


class LineSweep(OracleTable, table=True):
    """Projected: a sweep of a line's account; ``returned_minor`` of it went to the borrower."""

    __tablename__ = "line_sweep"

    transaction_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    line: ChainId
    date: int
    amount_minor: ChainMinor
    returned_minor: ChainMinor


_Arguments = Mapping[str, Any]
_CARRY_BYTES = 4 + 3 * 32


def _applied(session: Session, event: EventRow, a: _Arguments) -> None:
    t = a["terms"]
    session.merge(
        LineRow(
            line=int(a["line"]),
            state=LineState.APPLIED.wire_name,
            borrower=t["borrower"],
            lender=t["lender"],
            token=t["token"],
            limit_minor=int(t["limit"]),
            valid_from=int(t["validFrom"]),
            valid_until=int(t["validUntil"]),
            rate_ppm=int(t["ratePpm"]),
            penalty_ppm=int(t["penaltyPpm"]),
            costs_ppm=int(t["costsPpm"]),
            last_due=int(t["lastDue"]),
            convention=Convention(int(t["convention"])).wire_name,
            grace_days=int(t["graceDays"]),
            default_days=int(t["defaultDays"]),
            repayment_order=[Debt(int(debt)).wire_name for debt in t["order"]],
            purpose=t["purpose"],
            votes=[],
            suppliers=[],
            block_number=event.block_number,
        )
    )
    session.flush()


def _voted(session: Session, _: EventRow, a: _Arguments) -> None:
    """A member voted on a motion; those about a line are kept with it. A line that is not there has no votes."""
    data = from_hex(a["data"])
    if data[:4] != selector_of("CreditLine", "carry") or len(data) != _CARRY_BYTES:
        return
    number, motion = (int.from_bytes(data[at : at + 32], "big") for at in (4, 36))
    line = session.get(LineRow, number) if number < 1 << 63 else None
    if line is None or motion not in list(Motion):
        return
    vote = {"member": a["member"], "motion": Motion(motion).wire_name, "evidence": a["evidence"]}
    line.votes = [*line.votes, vote]


def _line_changed(session: Session, _: EventRow, a: _Arguments) -> None:
    line = _line(session, a)
    line.state, line.reason = LineState(int(a["state"])).wire_name, a["reason"]


def _allowed(session: Session, _: EventRow, a: _Arguments) -> None:
    line = _line(session, a)
    others = [supplier for supplier in line.suppliers if supplier != a["supplier"]]
    line.suppliers = [*others, a["supplier"]] if a["allowed"] else others


def _loan_changed(session: Session, event: EventRow, a: _Arguments) -> None:
    state = LoanState(int(a["state"])).wire_name
    loan = session.get(LoanRow, int(a["loan"]))
    if loan is None:
        loan = LoanRow(
            loan=int(a["loan"]), state=state, instalments=[], block_number=event.block_number
        )
        session.add(loan)
        session.flush()
    loan.state = state
    if state == LoanState.WRITTEN_OFF.wire_name:
        loan.written_off_minor = loan.drawn_minor - loan.repaid_minor
        session.get_one(LineRow, loan.line).principal_minor -= loan.written_off_minor


def _scheduled(session: Session, _: EventRow, a: _Arguments) -> None:
    loan = _loan(session, a)
    loan.plan, loan.collateral = Plan(int(a["plan"])).wire_name, int(a["collateral"])
    loan.instalments = [[int(i["date"]), int(i["principal"])] for i in a["instalments"]]


def _drawn(session: Session, _: EventRow, a: _Arguments) -> None:
    loan = _loan(session, a)
    loan.line, loan.supplier = int(a["line"]), a["supplier"]
    loan.order_root, loan.drawn_minor = int(a["order"]), int(a["amount"])
    loan.drawn_date = today(session)
    _line(session, a).principal_minor += loan.drawn_minor


def _repaid(session: Session, event: EventRow, a: _Arguments) -> None:
    loan, principal = _loan(session, a), int(a["principal"])
    paid = LoanPayment(
        transaction_hash=event.transaction_hash,
        log_index=event.log_index,
        loan=loan.loan,
        payer=a["payer"],
        date=today(session),
        costs_minor=int(a["costs"]),
        penalty_minor=int(a["penalty"]),
        interest_minor=int(a["interest"]),
        principal_minor=principal,
    )
    session.merge(paid)
    loan.repaid_minor += principal
    loan.interest_paid_minor += paid.interest_minor
    loan.penalty_paid_minor += paid.penalty_minor
    loan.costs_paid_minor += paid.costs_minor
    if loan.state == LoanState.WRITTEN_OFF.wire_name:
        loan.written_off_minor -= principal
    else:
        session.get_one(LineRow, loan.line).principal_minor -= principal


def _costs(session: Session, _: EventRow, a: _Arguments) -> None:
    _loan(session, a).costs_minor += int(a["amount"])


def _swept(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        LineSweep(
            transaction_hash=event.transaction_hash,
            log_index=event.log_index,
            line=int(a["line"]),
            date=today(session),
            amount_minor=int(a["amount"]),
            returned_minor=int(a["returned"]),
        )
    )


def _line(session: Session, a: _Arguments) -> LineRow:
    return session.get_one(LineRow, int(a["line"]))


def _loan(session: Session, a: _Arguments) -> LoanRow:
    return session.get_one(LoanRow, int(a["loan"]))


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("CreditLine", "LineApplied"): _applied,
    ("Committee", "Voted"): _voted,
    ("CreditLine", "LineStateChanged"): _line_changed,
    ("CreditLine", "SupplierAllowed"): _allowed,
    ("CreditLine", "LoanStateChanged"): _loan_changed,
    ("CreditLine", "LoanScheduled"): _scheduled,
    ("CreditLine", "Drawn"): _drawn,
    ("CreditLine", "Repaid"): _repaid,
    ("CreditLine", "CostsAdded"): _costs,
    ("CreditLine", "Swept"): _swept,
}
