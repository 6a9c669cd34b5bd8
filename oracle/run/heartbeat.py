"""The oracle's sign of life: an alarm that goes off when nobody puts it off any more.

Rules kept here:

* The row of the alarm stands in the oracle's own database, so whoever reads its alarms reads it too, on any machine. It
  is put off by a thread of its own three times in the time after which it goes off.
* It is put off only once the loop has gone round: an oracle that ends in its first pass, again and again, is silent.
* It is not put off while the loop has been in one step for longer than ``step_s``.
* Who stops the oracle is told as well, after the same time: an oracle that does not run anchors nothing.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select

from counterfoil.logs import get_logger
from counterfoil.oracle.errors import ORACLE_SILENT
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.clock import now_ms

log = get_logger("oracle.heartbeat")


class Heartbeat:
    """Puts the alarm of *engine*'s database off, from :meth:`start` to :meth:`stop`; times in seconds."""

    def __init__(self, engine: Engine, silent_s: float, step_s: float) -> None:
        self._engine = engine
        self._silent_s = silent_s
        self._step_s = step_s
        self._step = ""
        self._since = time.monotonic()
        self._goes_round = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def begins(self, step: str) -> None:
        """Note that the loop begins *step*."""
        self._step, self._since = step, time.monotonic()

    def went_round(self) -> None:
        """Note that the loop has done a whole pass."""
        self._goes_round = True

    def start(self) -> None:
        """Give signs of life."""
        self._thread.start()

    def stop(self) -> None:
        """Give none any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(self._silent_s)

    def put_off(self) -> None:
        """Put the alarm off, or set it up where there is none yet.

        It is put off by the time after which it goes off, counted from when the loop last went on.
        """
        late_s = max(0.0, time.monotonic() - self._since - self._step_s)
        last_ms = now_ms() - round(1_000 * late_s)
        at = datetime.fromtimestamp(last_ms / 1_000, UTC).isoformat(timespec="seconds")
        with Session(self._engine) as session:
            row = session.exec(select(AlarmRow).where(AlarmRow.code == ORACLE_SILENT)).first()
            if row is not None and not self._goes_round:
                return
            row = row or AlarmRow(code=ORACLE_SILENT, detail="")
            row.detail = f"the last sign of life is of {at}, in step {self._step or 'start'}"
            row.raised_ms = last_ms + round(1_000 * self._silent_s)
            session.add(row)
            session.commit()

    def _run(self) -> None:
        while True:
            try:
                self.put_off()
            except SQLAlchemyError as failure:  # then the alarm goes off, as it should
                log.warning("no_sign_of_life", why=str(failure).splitlines()[0])
            if self._stop.wait(self._silent_s / 3):
                return
