"""The bank's accounts, statements and payment files: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.oracle.store.bank_tables import (
    BankAccount,
    BankLine,
    BankStatement,
    PayoutFile,
    StatementEntryRow,
)


class BankReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self) -> Sequence[BankAccount]:
        """Return the known bank accounts."""
        with Session(self._engine) as session:
            return session.exec(select(BankAccount).order_by(col(BankAccount.account))).all()

    def statements(self, after: int, limit: int) -> Sequence[BankStatement]:
        """Return up to *limit* statements after number *after*, by number."""
        query = select(BankStatement).where(col(BankStatement.id) > after)
        with Session(self._engine) as session:
            return session.exec(query.order_by(col(BankStatement.id)).limit(limit)).all()

    def lines(
        self, statement: int | None, outcome: str | None, after: int, limit: int
    ) -> Sequence[BankLine]:
        """Return up to *limit* entries after number *after*, by number."""
        query = select(BankLine).where(col(BankLine.id) > after)
        if statement is not None:
            query = query.where(BankLine.statement_id == statement)
        if outcome is not None:
            query = query.where(BankLine.outcome == outcome)
        with Session(self._engine) as session:
            return session.exec(query.order_by(col(BankLine.id)).limit(limit)).all()

    def line(self, number: int) -> BankLine | None:
        """One entry."""
        with Session(self._engine) as session:
            return session.get(BankLine, number)

    def files(self, after: int, limit: int) -> Sequence[PayoutFile]:
        """Return up to *limit* payment files after number *after*, by number."""
        query = select(PayoutFile).where(col(PayoutFile.id) > after)
        with Session(self._engine) as session:
            return session.exec(query.order_by(col(PayoutFile.id)).limit(limit)).all()

    def file(self, number: int) -> PayoutFile | None:
        """One payment file."""
        with Session(self._engine) as session:
            return session.get(PayoutFile, number)

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
