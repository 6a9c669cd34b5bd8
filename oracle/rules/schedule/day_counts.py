"""Year fractions by day-count convention: exact, as fractions.

Sources: ISDA 2006 definitions 4.16 (A/A ISDA, A/365F, A/360, 30/360, 30E/360, 30E/360 ISDA), the ACTUS dictionary's
`dayCountConvention` (the ones that a contract may name), and for the rest OpenGamma's Strata, whose names are used.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction

YearFraction = Callable[[date, date], Fraction]


def act_360(start: date, end: date) -> Fraction:
    return Fraction((end - start).days, 360)


def act_365f(start: date, end: date) -> Fraction:
    return Fraction((end - start).days, 365)


def act_act_isda(start: date, end: date) -> Fraction:
    """The days in each calendar year over that year's length."""
    if start.year == end.year:
        return Fraction((end - start).days, _length(start.year))
    first = Fraction((date(start.year + 1, 1, 1) - start).days, _length(start.year))
    last = Fraction((end - date(end.year, 1, 1)).days, _length(end.year))
    return first + (end.year - start.year - 1) + last


def thirty_e_360(start: date, end: date) -> Fraction:
    """A 31st counts as a 30th."""
    return _thirty(start, end, first=min(start.day, 30), last=min(end.day, 30))


def thirty_e_360_isda(start: date, end: date, maturity: date | None = None) -> Fraction:
    """The last of any month counts as a 30th, except the last of February when it is *maturity*."""
    first = 30 if _is_last(start) else start.day
    is_kept = end == maturity and end.month == 2
    return _thirty(start, end, first, last=30 if _is_last(end) and not is_kept else end.day)


def twenty_eight_e_336(start: date, end: date) -> Fraction:
    """Months of 28 days, twelve of them a year."""
    months = 12 * (end.year - start.year) + end.month - start.month
    return Fraction(28 * months + min(end.day, 28) - min(start.day, 28), 336)


def business_252(start: date, end: date, is_business_day: Callable[[date], bool]) -> Fraction:
    """Business days from *start* up to, not including, *end*, over 252."""
    days = (start + timedelta(days=n) for n in range((end - start).days))
    return Fraction(sum(is_business_day(day) for day in days), 252)


def one_one(start: date, end: date) -> Fraction:
    return Fraction(1)


def act_364(start: date, end: date) -> Fraction:
    return Fraction((end - start).days, 364)


def act_365_25(start: date, end: date) -> Fraction:
    return Fraction((end - start).days * 4, 1461)


def act_365_actual(start: date, end: date) -> Fraction:
    """Over 366 when a leap day lies after *start* and not after *end*, else over 365."""
    return Fraction((end - start).days, 366 if _leap_days(start, end) else 365)


def act_act_afb(start: date, end: date) -> Fraction:
    """Whole years counted back from *end*, plus the remaining days over 366 if they hold a leap day, else over 365."""
    years, back = 0, end
    while (earlier := _back(end, years + 1)) >= start:
        years, back = years + 1, earlier
    has_leap_day = any(
        isleap(year) and start <= date(year, 2, 29) < back for year in (start.year, back.year)
    )
    return years + Fraction((back - start).days, 366 if has_leap_day else 365)


def act_act_year(start: date, end: date) -> Fraction:
    """Whole years counted from *start*, plus the remaining days over the length of their year."""
    years = end.year - start.year
    if _on(start, years) > end:
        years -= 1
    began, ends = _on(start, years), _on(start, years + 1)
    return years + Fraction((end - began).days, (ends - began).days)


def nl_360(start: date, end: date) -> Fraction:
    return Fraction((end - start).days - _leap_days(start, end), 360)


def nl_365(start: date, end: date) -> Fraction:
    return Fraction((end - start).days - _leap_days(start, end), 365)


def thirty_360_isda(start: date, end: date) -> Fraction:
    """A 31st counts as a 30th; at the end only after a start on the 30th or 31st."""
    first = min(start.day, 30)
    return _thirty(start, end, first, last=30 if end.day == 31 and first == 30 else end.day)


def thirty_360_psa(start: date, end: date) -> Fraction:
    """As 30/360 ISDA, where a start on the last of February counts as a 30th too."""
    is_february = start.month == 2 and _is_last(start)
    first = 30 if is_february else min(start.day, 30)
    return _thirty(start, end, first, last=30 if end.day == 31 and first == 30 else end.day)


def thirty_e_plus_360(start: date, end: date) -> Fraction:
    """A 31st at the start counts as a 30th, at the end as the first of the next month."""
    if end.day == 31:
        end += timedelta(days=1)
    return _thirty(start, end, first=min(start.day, 30), last=end.day)


BY_NAME: dict[str, YearFraction] = {
    "ONE_ONE": one_one,
    "ACT_360": act_360,
    "ACT_364": act_364,
    "ACT_365F": act_365f,
    "ACT_365_25": act_365_25,
    "ACT_365_ACTUAL": act_365_actual,
    "ACT_ACT_AFB": act_act_afb,
    "ACT_ACT_ISDA": act_act_isda,
    "ACT_ACT_YEAR": act_act_year,
    "NL_360": nl_360,
    "NL_365": nl_365,
    "THIRTY_360_ISDA": thirty_360_isda,
    "THIRTY_360_PSA": thirty_360_psa,
    "THIRTY_EPLUS_360": thirty_e_plus_360,
    "THIRTY_E_360": thirty_e_360,
    "THIRTY_E_360_ISDA": thirty_e_360_isda,
}


def _thirty(start: date, end: date, first: int, last: int) -> Fraction:
    months = 12 * (end.year - start.year) + end.month - start.month
    return Fraction(30 * months + last - first, 360)


def _is_last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _length(year: int) -> int:
    return 366 if isleap(year) else 365


def _leap_days(start: date, end: date) -> int:
    """Leap days after *start* and not after *end*."""
    years = range(start.year, end.year + 1)
    return sum(isleap(year) and start < date(year, 2, 29) <= end for year in years)


def _on(day: date, years: int) -> date:
    """The same day *years* later; a leap day becomes the 28th in a year without one."""
    if (day.month, day.day) == (2, 29) and not isleap(day.year + years):
        return day.replace(year=day.year + years, day=28)
    return day.replace(year=day.year + years)


def _back(day: date, years: int) -> date:
    """The same day *years* earlier; the last of February stays the last of February."""
    if day.month == 2 and _is_last(day):
        return date(day.year - years, 3, 1) - timedelta(days=1)
    return day.replace(year=day.year - years)
