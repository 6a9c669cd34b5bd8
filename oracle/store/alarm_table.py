"""Alarms: what a person must look at, by the oracle's word.

Rules kept here:

* Each is raised once, however often its cause is met, and its row is there for as long as its cause lasts: who finds
  the cause gone takes it away. The process's log has when it came and when it went.
* A row whose ``raised_ms`` is still to come is no alarm yet. The oracle's own sign of life is one that it puts off
  again and again (``run.heartbeat``).
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session, col, select

from counterfoil.fault import Code
from counterfoil.logs import get_logger
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.table import OracleTable

log = get_logger("oracle.alarms")


class AlarmRow(OracleTable, table=True):
    """Decided: something that a person must look at."""

    __tablename__ = "alarm"

    id: int | None = Field(default=None, primary_key=True)
    code: str
    detail: str
    device: str | None = None
    raised_ms: int = Field(
        default_factory=now_ms,
        sa_column=Column(BigInteger, nullable=False),
    )


def raise_once(
    session: Session, code: Code, detail: str, *, same: str = "", device: str | None = None
) -> bool:
    """Add an alarm unless one of *code* contains *same* (default: *detail*); return True when it is added.

    The caller commits.
    """
    told = (
        col(AlarmRow.detail).contains(same, autoescape=True)
        if same
        else col(AlarmRow.detail) == detail
    )
    if session.exec(select(AlarmRow.id).where(AlarmRow.code == code, told)).first() is not None:
        return False
    session.add(AlarmRow(code=code, detail=detail, device=device))
    return True


def end_alarms(session: Session, code: Code, about: str = "") -> int:
    """Take away the alarms of *code* whose detail begins with *about*; return how many. The caller commits."""
    rows = session.exec(
        select(AlarmRow).where(
            AlarmRow.code == code, col(AlarmRow.detail).startswith(about, autoescape=True)
        )
    ).all()
    for row in rows:
        end(session, row)
    return len(rows)


def end(session: Session, row: AlarmRow) -> None:
    """Take *row* away: its cause is gone. The caller commits."""
    log.info("alarm_ended", code=row.code, detail=row.detail)
    session.delete(row)


def standing_rows(session: Session) -> Sequence[AlarmRow]:
    """Return the alarms that hold now, the oldest first."""
    query = select(AlarmRow).where(AlarmRow.raised_ms <= now_ms()).order_by(col(AlarmRow.id))
    return session.exec(query).all()
