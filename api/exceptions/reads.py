"""Exceptions of the matching, and alarms: reads of ``oracle.db`` for one reader at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.sight import Sight
from counterfoil.api.access.unmatched import seen_exceptions
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.revenue_tables import MatchException


class ExceptionReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def exceptions(
        self, sight: Sight, status: str | None, after: int, limit: int
    ) -> Sequence[MatchException]:
        """Return up to *limit* exceptions after id *after*, by id."""
        query = (
            select(MatchException)
            .where(seen_exceptions(sight), col(MatchException.id) > after)
            .order_by(col(MatchException.id))
            .limit(limit)
        )
        if status is not None:
            query = query.where(MatchException.status == status)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).all()

    def exception(self, sight: Sight, number: int) -> MatchException | None:
        """One exception."""
        query = select(MatchException).where(seen_exceptions(sight), MatchException.id == number)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).first()

    def alarms(self, devices: Collection[str] | None, after: int, limit: int) -> Sequence[AlarmRow]:
        """Return up to *limit* alarms after id *after* about *devices* (None: all alarms) that hold now, by id."""
        query = (
            select(AlarmRow)
            .where(col(AlarmRow.id) > after, col(AlarmRow.raised_ms) <= now_ms())
            .order_by(col(AlarmRow.id))
            .limit(limit)
        )
        if devices is not None:
            query = query.where(col(AlarmRow.device).in_(devices))
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).all()
