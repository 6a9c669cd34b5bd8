"""Asks for a day's closing by the time of day, in a time zone from the settings, never in this machine's.

Rules that this module keeps:

- Off unless a cron line is set; then the time zone must be set too.
- The clock only asks. The request is idempotent, so a person may ask too.
- A time that passed while the process was down is made up for once, at the start, for the date then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from counterfoil.logs import get_logger
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import CloseDay
from counterfoil.oracle.rules.business_date import date_in
from counterfoil.oracle.settings import trigger_of
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.day_tables import DayClose

log = get_logger("oracle.day_clock")


def today_in(zone: ZoneInfo) -> int:
    """The date (YYYYMMDD) in *zone* by this machine's clock."""
    return date_in(zone, now_ms())


class DayClock:
    """A scheduler that stores the instruction to close the day; :meth:`stop` ends its thread."""

    def __init__(self, engine: Engine, cron: str, zone: ZoneInfo) -> None:
        self._engine = engine
        self._zone = zone
        self._trigger = trigger_of(cron, zone)
        self._scheduler = BackgroundScheduler(timezone=zone)
        self._scheduler.add_job(
            self.ask_today, self._trigger, coalesce=True, max_instances=1, misfire_grace_time=None
        )

    def start(self) -> None:
        """Start the scheduler; ask at once when a time was missed."""
        if self.is_missed(datetime.now(UTC)):
            self.ask_today()
        self._scheduler.start()
        log.info("day_clock_started", zone=str(self._zone), trigger=str(self._trigger))

    def stop(self) -> None:
        """End the scheduler's thread."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def is_missed(self, now: datetime) -> bool:
        """Whether a scheduled time has passed since the last request; False before the first."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            last_ms: int | None = session.exec(select(func.max(DayClose.started_ms))).one()
        if last_ms is None:
            return False
        last = datetime.fromtimestamp(last_ms / 1000, self._zone)
        following = self._trigger.get_next_fire_time(last, last)
        return following is not None and following <= now

    def ask_today(self) -> None:
        """Store the instruction to close today's date, once for each date."""
        date = today_in(self._zone)
        with Session(self._engine) as session:
            ask(session, key=f"day:clock:{date}", party="clock", request=CloseDay(date))
            session.commit()
        log.info("day_asked", date=date)
