"""The span of days that a page shows, and the span that it is compared with."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

Range = Literal["day", "week", "month"]


def bounds(span: Range, day: date) -> tuple[date, date]:
    """Return the first and last day of the day, week (from Monday) or month that holds *day*."""
    if span == "day":
        return day, day
    if span == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def before(span: Range, first: date) -> tuple[date, date]:
    """Return the span to compare with: the same weekday a week ago, or the week or month before."""
    if span == "day":
        return first - timedelta(days=7), first - timedelta(days=7)
    return bounds(span, first - timedelta(days=1))
