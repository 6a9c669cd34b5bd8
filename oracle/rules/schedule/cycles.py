"""Cycles, and their times from an anchor to an end (ACTUS technical specification, sections 4.1 and 4.3).

Rules that this module keeps:

- Every time is the anchor plus a multiple of the cycle, never the last time plus the cycle. So a 31st comes back after
  a shorter month.
- The end is the last time. With a long last stub (`L0`, in older terms `+`) the time before the end is left out, unless
  the end lies on the cycle. With a short one (`L1`, `-`) it stays.
- With EOM, times stay at the end of their months when the anchor is the end of its month and the cycle counts months.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from counterfoil.oracle.rules.schedule.errors import CycleInvalid, ScheduleTooLong

MOST = 50_000
_MONTHS = {"Y": 12, "H": 6, "Q": 3, "M": 1}
_DAYS = {"W": 7, "D": 1}
_CYCLE = re.compile(r"P((?:[0-9]{1,4}[YHQMWD])+)L([01])")
_OLDER = re.compile(r"([0-9]{1,4}[YHQMWD])([+-])")


class EndOfMonthConvention(StrEnum):
    """SD: the same day; EOM: the end of the month."""

    SD = "SD"
    EOM = "EOM"


@dataclass(frozen=True)
class Cycle:
    """A period and the form of its last stub."""

    months: int
    days: int
    has_long_stub: bool

    @classmethod
    def parse(cls, text: str) -> Cycle:
        """A cycle in the dictionary's form, `P1ML0`, or in the older one, `1M+`. Raises CycleInvalid."""
        found = _CYCLE.fullmatch(text) or _OLDER.fullmatch(text)
        if found is None:
            raise CycleInvalid(f"{text!r}: a cycle is like P1ML0 or P3ML1")
        months = days = 0
        for number, unit in re.findall(r"([0-9]+)([YHQMWD])", found[1]):
            months += int(number) * _MONTHS.get(unit, 0)
            days += int(number) * _DAYS.get(unit, 0)
        if not months and not days:
            raise CycleInvalid(f"{text!r} has no length")
        return cls(months, days, found[2] in "0+")

    def after(
        self, anchor: datetime, count: int, convention: EndOfMonthConvention
    ) -> datetime | None:
        """The anchor plus *count* cycles; None after the year 9999."""
        year, month = divmod(anchor.year * 12 + anchor.month - 1 + self.months * count, 12)
        if not 1 <= year <= 9999:
            return None
        last = monthrange(year, month + 1)[1]
        day = min(anchor.day, last)
        if (
            convention is EndOfMonthConvention.EOM
            and self.months
            and not self.days
            and is_last(anchor)
        ):
            day = last
        try:
            return anchor.replace(year=year, month=month + 1, day=day) + timedelta(
                self.days * count
            )
        except OverflowError:
            return None


def is_last(time: datetime) -> bool:
    """Whether *time* is on the last day of its month."""
    return time.day == monthrange(time.year, time.month)[1]


def times(
    anchor: datetime, end: datetime, cycle: Cycle | None, convention: EndOfMonthConvention
) -> list[datetime]:
    """Times from *anchor* to *end*, ascending, the end included."""
    if cycle is None or anchor >= end:
        return sorted({min(anchor, end), end})
    found: list[datetime] = []
    time: datetime | None = anchor
    while time is not None and time < end:
        if len(found) == MOST:
            raise ScheduleTooLong(f"more than {MOST} times from {anchor} to {end}")
        found.append(time)
        time = cycle.after(anchor, len(found), convention)
    if cycle.has_long_stub and time != end and len(found) > 1:
        found.pop()
    return [*found, end]
