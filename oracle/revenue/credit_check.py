"""Finds credits of the bank that no settlement file explains, when a date is closed. The caller commits."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from counterfoil.oracle.rules.bank_credit import BankCredit, unexplained
from counterfoil.oracle.rules.faults.sale import CREDIT_WITHOUT_SETTLEMENT
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.revenue_tables import MatchException, SettlementRow


def check_credits(session: Session, project: str, closed_through: int) -> int:
    """Make an exception of each such credit of *project* up to *closed_through*; return how many are new."""
    rows = session.exec(
        select(StatementEntryRow).where(
            StatementEntryRow.project == project,
            StatementEntryRow.business_date <= closed_through,
        )
    )
    entries = [BankCredit(r.entry_hash, r.business_date, r.amount_minor) for r in rows]
    settled = session.exec(
        select(func.coalesce(func.sum(SettlementRow.amount_minor), 0)).where(
            SettlementRow.project == project, SettlementRow.business_date <= closed_through
        )
    ).one()
    named: dict[str, int] = {}
    for row in session.exec(
        select(MatchException).where(
            MatchException.project == project, col(MatchException.entry_hash).is_not(None)
        )
    ):
        named[row.entry_hash or ""] = named.get(row.entry_hash or "", 0) + row.amount_minor
    found = list(unexplained(entries, settled_minor=int(settled), named_minor=named))
    for credit, amount in found:
        session.add(
            MatchException(
                project=project,
                entry_hash=credit.entry_hash,
                business_date=credit.business_date,
                amount_minor=amount,
                code=CREDIT_WITHOUT_SETTLEMENT,
                detail=f"of {credit.amount_minor} credited, {amount} is in no settlement file",
            )
        )
    return len(found)
