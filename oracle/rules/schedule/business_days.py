"""Business days, and the shift of an event that falls on another day (ACTUS `calendar`, `businessDayConvention`).

SC… shifts first and calculates with the shifted date. CS… calculates with the scheduled date, then shifts the event.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

_DAY = timedelta(days=1)


class Calendar(StrEnum):
    """NC: every day is a business day; MF: Monday to Friday are."""

    NC = "NC"
    MF = "MF"

    def is_business_day(self, day: date) -> bool:
        return self is Calendar.NC or day.weekday() < 5


class BusinessDayConvention(StrEnum):
    """Following, modified following, preceding, modified preceding; NOS shifts nothing."""

    NOS = "NOS"
    SCF = "SCF"
    SCMF = "SCMF"
    CSF = "CSF"
    CSMF = "CSMF"
    SCP = "SCP"
    SCMP = "SCMP"
    CSP = "CSP"
    CSMP = "CSMP"

    def shift(self, time: datetime, calendar: Calendar) -> datetime:
        """When an event scheduled for *time* happens."""
        if self is BusinessDayConvention.NOS:
            return time
        step = _DAY if self.value.endswith("F") else -_DAY
        shifted = _next(time, step, calendar)
        is_modified = self.value[2] == "M"
        return (
            _next(time, -step, calendar) if is_modified and shifted.month != time.month else shifted
        )

    def calculate(self, time: datetime, calendar: Calendar) -> datetime:
        """The time up to which interest is calculated."""
        return self.shift(time, calendar) if self.value.startswith("SC") else time


def _next(time: datetime, step: timedelta, calendar: Calendar) -> datetime:
    while not calendar.is_business_day(time.date()):
        time += step
    return time
