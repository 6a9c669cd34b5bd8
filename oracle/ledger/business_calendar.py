"""Business dates, made of the events of BusinessCalendar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func
from sqlmodel import Field, Session, col, select

from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.table import OracleTable

_Arguments = Mapping[str, Any]


class BusinessDay(OracleTable, table=True):
    """Projected: a business date that the calendar was moved to."""

    __tablename__ = "business_day"

    date: int = Field(primary_key=True)
    block_number: int


def today(session: Session) -> int:
    """The newest business date by the events so far; 0 before the first."""
    return session.exec(select(func.max(col(BusinessDay.date)))).one() or 0


def _advanced(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(BusinessDay(date=int(a["to"]), block_number=event.block_number))


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("BusinessCalendar", "BusinessDateAdvanced"): _advanced,
}
