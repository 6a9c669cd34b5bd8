"""The date in a time zone, and the times that a cron line names in it."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger


def date_in(zone: ZoneInfo, at_ms: int | None = None) -> int:
    """The date (YYYYMMDD) in *zone* now, or at *at_ms*."""
    seconds = time.time() if at_ms is None else at_ms / 1000
    at = datetime.fromtimestamp(seconds, zone)
    return at.year * 10_000 + at.month * 100 + at.day


def trigger_of(cron: str, zone: ZoneInfo) -> CronTrigger:
    """When *cron* (minute, hour, day of month, month, day of week) fires in *zone*; ValueError where it is none."""
    return CronTrigger.from_crontab(cron, timezone=zone)
