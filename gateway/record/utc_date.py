"""The UTC date of a time, as YYYYMMDD, and the time at which a day begins. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime

_DAY_MS = 86_400_000


def business_date(time_ms: int) -> int:
    """Return the UTC date of *time_ms* (ms since 1970) as YYYYMMDD, by the civil calendar."""
    days = time_ms // _DAY_MS
    found = _DATES.get(days)
    if found is None:
        if len(_DATES) > 10_000:
            _DATES.clear()
        # Howard Hinnant's days-to-civil: it also works for years that datetime does not reach.
        z = days + 719_468
        era, doe = divmod(z, 146_097)
        yoe = (doe - doe // 1_460 + doe // 36_524 - doe // 146_096) // 365
        doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
        mp = (5 * doy + 2) // 153
        month = mp + 3 if mp < 10 else mp - 9
        year = yoe + era * 400 + (month <= 2)
        found = _DATES[days] = year * 10_000 + month * 100 + doy - (153 * mp + 2) // 5 + 1
    return found


def midnight_ms(day: date) -> int:
    """Return the time at which *day* begins in UTC, in ms since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000


_DATES: dict[int, int] = {}
