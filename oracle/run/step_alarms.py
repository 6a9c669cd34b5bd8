"""Tells of a part of the loop that can't go on, and when it goes on again.

Rules kept here:

* A part that has failed at every pass for ``told_after_s`` is an alarm, one for each part, until a pass of it succeeds.
* What can't be told now, since the database is what is away, is told at a later pass.
"""

from __future__ import annotations

import time

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from counterfoil.fault import Code
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import STEP_WAITS
from counterfoil.oracle.store.alarm_table import end_alarms, raise_once

log = get_logger("oracle")


class StepAlarms:
    """The alarms of one loop's parts, in the database of *engine*."""

    def __init__(self, engine: Engine, told_after_s: float) -> None:
        self._engine = engine
        self._told_after_s = told_after_s
        self._failing: dict[str, float] = {}
        self._well: set[str] = set()
        self._told: set[str] = set()

    def failed(self, step: str, begun: float, code: Code, why: str) -> None:
        """Note that *step*, begun at *begun* by ``time.monotonic``, could not go on."""
        self._well.discard(step)
        since = self._failing.setdefault(step, begun)
        if step in self._told or time.monotonic() - since < self._told_after_s:
            return
        about = f"{step}: "
        try:
            with Session(self._engine) as session:
                end_alarms(session, STEP_WAITS, about)
                raise_once(session, STEP_WAITS, f"{about}{code}: {why}")
                session.commit()
            self._told.add(step)
        except SQLAlchemyError as failure:
            log.warning("not_told", step=step, why=str(failure).splitlines()[0])

    def went_on(self, step: str) -> None:
        """Note that *step* went on: what was told of it ends, by whichever process it was told."""
        if step in self._well:
            return
        self._failing.pop(step, None)
        try:
            with Session(self._engine) as session:
                if end_alarms(session, STEP_WAITS, f"{step}: "):
                    session.commit()
            self._told.discard(step)
            self._well.add(step)
        except SQLAlchemyError as failure:
            log.warning("not_told", step=step, why=str(failure).splitlines()[0])
