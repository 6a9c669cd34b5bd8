"""Lines of credit and their loans, made of the events of CreditLine and BusinessCalendar; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from counterfoil.chain.tables import ChainEvent
from counterfoil.oracle.assets import Handler
from counterfoil.oracle.assets.names import (
    CONVENTIONS,
    DEBTS,
    LINE_STATES,
    LOAN_STATES,
    MOTIONS,
    PLANS,
)
from counterfoil.oracle.store.asset_tables import (
    BusinessDay,
    LineEntry,
    LineSweep,
    LoanEntry,
    LoanPayment,
)

_Arguments = Mapping[str, Any]


def today(session: Session) -> int:
    """The business date that the events so far have come to; 0 before the first."""
    return session.exec(select(func.max(col(BusinessDay.date)))).one() or 0


def _advanced(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(BusinessDay(date=int(a["to"]), block_number=event.block_number))


def _applied(session: Session, event: ChainEvent, a: _Arguments) -> None:
    t = a["terms"]
    session.merge(
        LineEntry(
            line=int(a["line"]),
            state="applied",
            borrower=t["borrower"],
            lender=t["lender"],
            token=t["token"],
            limit_minor=int(t["limit"]),
            valid_from=int(t["validFrom"]),
            valid_until=int(t["validUntil"]),
            rate_ppm=int(t["ratePpm"]),
            penalty_ppm=int(t["penaltyPpm"]),
            convention=CONVENTIONS[int(t["convention"])],
            grace_days=int(t["graceDays"]),
            default_days=int(t["defaultDays"]),
            repayment_order=[DEBTS[int(debt)] for debt in t["order"]],
            purpose=t["purpose"],
            votes=[],
            suppliers=[],
            block_number=event.block_number,
        )
    )
    session.flush()


def _voted(session: Session, _: ChainEvent, a: _Arguments) -> None:
    line = _line(session, a)
    vote = {
        "member": a["member"],
        "motion": MOTIONS[int(a["motion"])],
        "evidence": a["evidence"],
    }
    line.votes = [*line.votes, vote]


def _line_changed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    line = _line(session, a)
    line.state, line.reason = LINE_STATES[int(a["state"])], a["reason"]


def _allowed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    line = _line(session, a)
    others = [supplier for supplier in line.suppliers if supplier != a["supplier"]]
    line.suppliers = [*others, a["supplier"]] if a["allowed"] else others


def _loan_changed(session: Session, event: ChainEvent, a: _Arguments) -> None:
    state = LOAN_STATES[int(a["state"])]
    loan = session.get(LoanEntry, int(a["loan"]))
    if loan is None:
        loan = LoanEntry(
            loan=int(a["loan"]), state=state, instalments=[], block_number=event.block_number
        )
        session.add(loan)
        session.flush()
    loan.state = state
    if state == "written_off":
        loan.written_off_minor = loan.drawn_minor - loan.repaid_minor
        session.get_one(LineEntry, loan.line).principal_minor -= loan.written_off_minor


def _scheduled(session: Session, _: ChainEvent, a: _Arguments) -> None:
    loan = _loan(session, a)
    loan.plan, loan.collateral = PLANS[int(a["plan"])], int(a["collateral"])
    loan.instalments = [[int(i["date"]), int(i["principal"])] for i in a["instalments"]]


def _drawn(session: Session, _: ChainEvent, a: _Arguments) -> None:
    loan = _loan(session, a)
    loan.line, loan.supplier = int(a["line"]), a["supplier"]
    loan.order_root, loan.drawn_minor = int(a["order"]), int(a["amount"])
    loan.drawn_date = today(session)
    _line(session, a).principal_minor += loan.drawn_minor


def _repaid(session: Session, event: ChainEvent, a: _Arguments) -> None:
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
    if loan.state == "written_off":
        loan.written_off_minor -= principal
    else:
        session.get_one(LineEntry, loan.line).principal_minor -= principal


def _costs(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _loan(session, a).costs_minor += int(a["amount"])


def _swept(session: Session, event: ChainEvent, a: _Arguments) -> None:
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


def _line(session: Session, a: _Arguments) -> LineEntry:
    return session.get_one(LineEntry, int(a["line"]))


def _loan(session: Session, a: _Arguments) -> LoanEntry:
    return session.get_one(LoanEntry, int(a["loan"]))


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("BusinessCalendar", "BusinessDateAdvanced"): _advanced,
    ("CreditLine", "LineApplied"): _applied,
    ("CreditLine", "LineVoted"): _voted,
    ("CreditLine", "LineStateChanged"): _line_changed,
    ("CreditLine", "SupplierAllowed"): _allowed,
    ("CreditLine", "LoanStateChanged"): _loan_changed,
    ("CreditLine", "LoanScheduled"): _scheduled,
    ("CreditLine", "Drawn"): _drawn,
    ("CreditLine", "Repaid"): _repaid,
    ("CreditLine", "CostsAdded"): _costs,
    ("CreditLine", "Swept"): _swept,
}
