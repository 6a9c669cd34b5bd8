"""Business dates as in BusinessDate.sol: YYYYMMDD as a number, Gregorian calendar, years 1970 to 9999."""

from __future__ import annotations

from datetime import date as day_of
from datetime import datetime
from zoneinfo import ZoneInfo

from counterfoil.fault import DATE_MALFORMED
from counterfoil.oracle.errors import OracleError


def date_in(zone: ZoneInfo, at_ms: int) -> int:
    """The date (YYYYMMDD) in *zone* at *at_ms* (milliseconds since 1970, UTC)."""
    at = datetime.fromtimestamp(at_ms / 1000, zone)
    return at.year * 10_000 + at.month * 100 + at.day


class DateInvalid(OracleError):
    """A number is no business date."""

    code = DATE_MALFORMED


def is_valid(date: int) -> bool:
    """Whether *date* is a day of the calendar."""
    year, month, day = parts(date)
    return 1970 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= days_in_month(year, month)


def check(date: int) -> int:
    """Return *date* if it is a day of the calendar; raises DateInvalid."""
    if not is_valid(date):
        raise DateInvalid(f"{date} is no date of the form YYYYMMDD from 1970 on")
    return date


def parts(date: int) -> tuple[int, int, int]:
    """Year, month and day of *date*."""
    return date // 10_000, date // 100 % 100, date % 100


def serial(date: int) -> int:
    """The ordinal number of the day."""
    return day_of(*parts(date)).toordinal()


def days_between(start: int, end: int) -> int:
    """Days from *start* to *end*; 0 when *end* is not later."""
    return serial(end) - serial(start) if end > start else 0


def earlier(date: int, days: int) -> int:
    """The date *days* days before *date*."""
    day = day_of.fromordinal(serial(date) - days)
    return day.year * 10_000 + day.month * 100 + day.day


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in_month(year: int, month: int) -> int:
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def add_months(date: int, months: int, day: int | None = None) -> int:
    """The same day (or *day*) of the month *months* later, or that month's last day if it is shorter."""
    year, month, own = parts(date)
    year, month = divmod(year * 12 + month - 1 + months, 12)
    return year * 10_000 + (month + 1) * 100 + min(day or own, days_in_month(year, month + 1))
