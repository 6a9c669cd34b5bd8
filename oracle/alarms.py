"""Alarms that are raised once, however often a part comes upon their cause, also after a start."""

from __future__ import annotations

from sqlmodel import Session, col, select

from counterfoil.oracle.store.tables import Alarm


def raise_once(
    session: Session, code: str, detail: str, *, same: str = "", device: str | None = None
) -> bool:
    """Add an alarm, unless one of *code* tells of *same* already (all of *detail* unless said); True when it is added.

    The caller commits.
    """
    told = (
        col(Alarm.detail).contains(same, autoescape=True) if same else col(Alarm.detail) == detail
    )
    if session.exec(select(Alarm.id).where(Alarm.code == code, told)).first() is not None:
        return False
    session.add(Alarm(code=code, detail=detail, device=device))
    return True
