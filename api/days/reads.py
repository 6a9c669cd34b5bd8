"""Business days and dates: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, false, func, true
from sqlmodel import Session, col, select

from counterfoil.api.access.rows import all_rows
from counterfoil.api.access.sight import Sight
from counterfoil.oracle.ledger.business_calendar import BusinessDay
from counterfoil.oracle.store.day_tables import DayClose


def _banks(sight: Sight) -> ColumnElement[bool]:
    """A day's report names the entries on the bank's accounts: another bank sees none."""
    return true() if sight.everything else false()


class DayReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def dates(self, after: int, limit: int) -> Sequence[BusinessDay]:
        """Return business dates later than *after*, ascending."""
        later = col(BusinessDay.date) > after
        return all_rows(self.engine, BusinessDay, later, order=col(BusinessDay.date), limit=limit)

    def today(self) -> int:
        """Return the business date by the events read so far; 0 before the first."""
        with Session(self.engine, expire_on_commit=False) as session:
            return session.exec(select(func.max(col(BusinessDay.date)))).one() or 0

    def days(self, sight: Sight, below: int | None, limit: int) -> Sequence[DayClose]:
        """Return up to *limit* business days before date *below*, the newest first."""
        query = select(DayClose).where(_banks(sight)).order_by(col(DayClose.date).desc())
        query = query.limit(limit)
        if below is not None:
            query = query.where(DayClose.date < below)
        with Session(self.engine) as session:
            return session.exec(query).all()

    def day(self, sight: Sight, date: int) -> DayClose | None:
        """One business day."""
        query = select(DayClose).where(_banks(sight), DayClose.date == date)
        with Session(self.engine) as session:
            return session.exec(query).first()
