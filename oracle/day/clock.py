"""Asks for a day's closing by the time of day, in a time zone from the settings, never in this machine's.

Rules that this module keeps:

- Off unless a cron line is set; then the time zone must be set too.
- The clock only asks. The request is idempotent, so a person may ask too.
- A time that passed while the process was down is made up for once, at the start, for the date that was missed: the
  last one, since the business date moves forward only.
- Local times are those of ``day_times``: none is left out and none comes twice when the clock is changed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from counterfoil.logs import get_logger
from counterfoil.oracle.day.day_times import DayTime, DayTimes
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import CloseDay
from counterfoil.oracle.rules.business_date import date_in
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.oracle.store.instruction_table import Instruction

log = get_logger("oracle.day_clock")


def today_in(zone: ZoneInfo) -> int:
    """The date (YYYYMMDD) in *zone* by this machine's clock."""
    return date_in(zone, now_ms())


class DayClock:
    """A scheduler that stores the instruction to close the day; :meth:`stop` ends its thread."""

    def __init__(self, engine: Engine, cron: str, zone: ZoneInfo) -> None:
        self._engine = engine
        self._cron, self._zone = cron, zone
        self._times = DayTimes(cron, zone)
        self._scheduler = BackgroundScheduler(timezone=zone)
        self._scheduler.add_job(
            self._ask_due, self._times, coalesce=True, max_instances=1, misfire_grace_time=None
        )

    def start(self) -> None:
        """Start the scheduler; ask at once when a time was missed."""
        missed = self.missed(datetime.now(UTC))
        if missed is not None:
            self.ask(missed.date)
        self._scheduler.start()
        log.info("day_clock_started", zone=str(self._zone), cron=self._cron)

    def stop(self) -> None:
        """End the scheduler's thread."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def missed(self, now: datetime) -> DayTime | None:
        """The last time up to *now* that nobody has asked for since; None before the first closing."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            last_ms, newest = session.exec(
                select(func.max(DayClose.started_ms), func.max(DayClose.date))
            ).one()
        due = self._times.last_until(now)
        if last_ms is None or due is None or due.date < newest:
            return None
        return due if due.moment > datetime.fromtimestamp(last_ms / 1000, UTC) else None

    def ask(self, date: int) -> bool:
        """Store the instruction to close *date*, once for each date; return whether it was not there."""
        key = f"day:clock:{date}"
        with Session(self._engine) as session:
            known = session.exec(select(Instruction.id).where(Instruction.idempotency_key == key))
            if known.first() is not None:
                return False
            ask(session, key=key, party="clock", request=CloseDay(date))
            session.commit()
        log.info("day_asked", date=date)
        return True

    def _ask_due(self) -> None:
        """Ask for the date of the time that is due: also when this thread comes late, after midnight."""
        due = self._times.last_until(datetime.now(UTC))
        if due is not None:
            self.ask(due.date)
