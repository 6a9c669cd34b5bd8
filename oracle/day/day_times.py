"""When the day's closing is due: a cron line read as local times of one zone, each of them one moment.

Rules that this module keeps:

- A local time belongs to its own date, whatever the clock does: the date that it asks for is the cron line's.
- A time that a night does not have (the clock is put forward over it) is due when the clock has passed it.
- A time that a night has twice is due the first time only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from counterfoil.oracle.settings import trigger_of

_MOST_SHIFT = timedelta(days=1)
"""More than any zone's clock was ever put forward or back: Samoa left a whole day out."""
_LOOKED_BACK = tuple(timedelta(days=days) for days in (2, 40, 400, 3_000))
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class DayTime:
    """One time of the cron line: the moment (UTC), and the date (YYYYMMDD) that it asks for."""

    moment: datetime
    date: int


class DayTimes(BaseTrigger):  # type: ignore[misc]  # apscheduler has no types
    """The times of *cron* in *zone*; also a trigger of APScheduler, whose own skips times that a night lacks."""

    def __init__(self, cron: str, zone: ZoneInfo) -> None:
        self._zone = zone
        self._plain = trigger_of(cron, ZoneInfo("UTC"))
        """The cron line over a calendar without any change of time."""

    def next_after(self, moment: datetime) -> DayTime | None:
        """The first time after *moment* (with a zone); None when there is none."""
        return next((one for one in self._from(moment) if one.moment > moment), None)

    def last_until(self, moment: datetime) -> DayTime | None:
        """The last time up to and with *moment*; None when there was none within eight years."""
        for back in _LOOKED_BACK:
            found = None
            for one in self._from(moment - back):
                if one.moment > moment:
                    break
                found = one
            if found is not None:
                return found
        return None

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        """As APScheduler asks: the first time after the previous one, or from *now* on."""
        found = self.next_after(previous_fire_time or now - _TICK)
        return None if found is None else found.moment

    def _from(self, moment: datetime) -> Iterator[DayTime]:
        """The times from about *moment* on, in the cron line's order, which is the moments' too."""
        local = moment.astimezone(self._zone).replace(tzinfo=UTC) - _MOST_SHIFT
        while True:
            local = self._plain.get_next_fire_time(None, local)
            if local is None:
                return
            # fold=0: the first of two; in a gap, the offset before it, so the moment lies behind the gap.
            due = local.replace(tzinfo=self._zone, fold=0).astimezone(UTC)
            yield DayTime(due, local.year * 10_000 + local.month * 100 + local.day)
            local += _TICK
