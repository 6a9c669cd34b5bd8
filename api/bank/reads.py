"""The bank's accounts, statements and payment files: reads of ``oracle.db`` for one reader at a time.

Rules kept here:

* The files are of one bank, whose deposits the token stands for. Who does not see everything here sees nothing of them.
* Entries that were handed in one by one are also shown to who runs their project.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Engine, false, true
from sqlmodel import Session, col, select

from counterfoil.api.access.sight import Sight
from counterfoil.oracle.store.bank_tables import (
    BankAccount,
    BankLine,
    BankStatement,
    PayoutFile,
    StatementEntryRow,
)


def _banks(sight: Sight) -> ColumnElement[bool]:
    return true() if sight.everything else false()


class BankReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self, sight: Sight) -> Sequence[BankAccount]:
        """Return the known bank accounts."""
        query = select(BankAccount).where(_banks(sight)).order_by(col(BankAccount.account))
        with Session(self._engine) as session:
            return session.exec(query).all()

    def statements(self, sight: Sight, after: int, limit: int) -> Sequence[BankStatement]:
        """Return up to *limit* statements after number *after*, by number."""
        query = select(BankStatement).where(_banks(sight), col(BankStatement.id) > after)
        with Session(self._engine) as session:
            return session.exec(query.order_by(col(BankStatement.id)).limit(limit)).all()

    def lines(
        self, sight: Sight, statement: int | None, outcome: str | None, after: int, limit: int
    ) -> Sequence[BankLine]:
        """Return up to *limit* entries after number *after*, by number."""
        query = select(BankLine).where(_banks(sight), col(BankLine.id) > after)
        if statement is not None:
            query = query.where(BankLine.statement_id == statement)
        if outcome is not None:
            query = query.where(BankLine.outcome == outcome)
        with Session(self._engine) as session:
            return session.exec(query.order_by(col(BankLine.id)).limit(limit)).all()

    def line(self, sight: Sight, number: int) -> BankLine | None:
        """One entry."""
        query = select(BankLine).where(_banks(sight), BankLine.id == number)
        with Session(self._engine) as session:
            return session.exec(query).first()

    def files(self, sight: Sight, after: int, limit: int) -> Sequence[PayoutFile]:
        """Return up to *limit* payment files after number *after*, by number."""
        query = select(PayoutFile).where(_banks(sight), col(PayoutFile.id) > after)
        with Session(self._engine) as session:
            return session.exec(query.order_by(col(PayoutFile.id)).limit(limit)).all()

    def file(self, sight: Sight, number: int) -> PayoutFile | None:
        """One payment file."""
        query = select(PayoutFile).where(_banks(sight), PayoutFile.id == number)
        with Session(self._engine) as session:
            return session.exec(query).first()

    def entries(
        self, projects: Collection[str], after: str, limit: int
    ) -> Sequence[StatementEntryRow]:
        """Return up to *limit* entries of bank statements after the hash *after*, by hash."""
        query = (
            select(StatementEntryRow)
            .where(
                col(StatementEntryRow.project).in_(projects),
                col(StatementEntryRow.entry_hash) > after,
            )
            .order_by(col(StatementEntryRow.entry_hash))
            .limit(limit)
        )
        with Session(self._engine) as session:
            return session.exec(query).all()
