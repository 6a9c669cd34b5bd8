"""Alarms: what a person must look at. Each is raised once, however often its cause is met."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session, col, select

from counterfoil.fault import Code
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.table import OracleTable


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
