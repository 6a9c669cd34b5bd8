"""The page *Today* as plain values: its figures are put together here, and nowhere else.

Rules kept here:

* Only the reader's own machines and projects are shown. Amounts are minor units of one currency: the one with the
  most sales.
* A sale is *stored* when it is in the log, *anchored* when an anchored head covers it, *final* when
  that head's block can't be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from counterfoil.api.access.auth import now_ms
from counterfoil.api.access.sight import Sight
from counterfoil.api.heads.anchoring import Anchors, anchors
from counterfoil.api.http.context import ApiParts
from counterfoil.api.pages.machine_rows import OTHERS, MachineRow, machine_rows
from counterfoil.api.pages.revenue_split import Split, split_of
from counterfoil.api.pages.span import Range, before, bounds
from counterfoil.api.projects.reads import ProjectReads
from counterfoil.api.records.sales import SalesReads, Stored, Takings, day_of, start_of

_CHART_DAYS = {"day": 42, "week": 84, "month": 184}
LATEST = 12
_LEAST_DAYS = 14


@dataclass(frozen=True)
class Chart:
    """Takings by day (first to last) and machine, as (label, colour, amounts).

    The machines without a colour of their own are one last row with an empty label.
    """

    days: tuple[date, ...]
    rows: tuple[tuple[str, int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Today:
    """All values of the page."""

    span: Range
    first: date
    last: date
    is_now: bool
    currency: str
    takings: int
    before: int
    sales: int
    selling: int
    stored: int
    anchored: int
    final: int
    claimable: int | None
    chart: Chart
    split: Split | None
    machines: tuple[MachineRow, ...]
    latest: tuple[Stored, ...]
    anchors: Anchors


def look(parts: ApiParts, sight: Sight, zone: ZoneInfo, span: Range, day: date | None) -> Today:
    """Return all values of the page, for the span that holds *day* (by default the day of the newest sale)."""
    devices = sight.devices
    newest = SalesReads(parts.gateway).newest_ms(devices)
    today = day_of(now_ms(), zone)
    newest_day = today if newest is None else day_of(newest, zone)
    day = day or min(newest_day, today)
    first, last = bounds(span, day)
    begin = min(last - timedelta(days=_CHART_DAYS[span] - 1), before(span, first)[0])
    by_currency = SalesReads(parts.gateway).takings(devices, first=begin, last=last, zone=zone)
    takings = max(
        by_currency.values(),
        key=lambda t: sum(sum(row.values()) for row in t.sales.values()),
        default=Takings(_currency(parts, sight), {}, {}),
    )
    known = anchors(parts)
    stretch = (start_of(first, zone), start_of(last + timedelta(days=1), zone))
    final, anchored, stored = SalesReads(parts.gateway).sales_under(
        devices, *stretch, (known.final, max(known.anchored, known.final))
    )
    machines = machine_rows(
        parts, sight, takings, first, last, now_ms=_reference_ms(newest, last, zone)
    )
    days = _chart_days(takings, last, _CHART_DAYS[span])
    chart = _chart(takings, machines, days)
    return Today(
        span,
        first,
        last,
        is_now=first <= today <= last,
        currency=takings.currency,
        takings=takings.total(first, last),
        before=takings.total(*before(span, first)),
        sales=takings.count(first, last),
        selling=sum(1 for row in machines if takings.count(first, last, row.machine.device)),
        stored=stored,
        anchored=anchored,
        final=final,
        claimable=_claimable(parts, sight),
        chart=chart,
        split=split_of(parts, sight, first, last),
        machines=machines,
        latest=tuple(SalesReads(parts.gateway).sales(devices, *stretch, LATEST)),
        anchors=known,
    )


def _reference_ms(newest: int | None, last: date, zone: ZoneInfo) -> int:
    """Return the time by which a machine's silence is judged: now, or the end of the past span shown."""
    end = start_of(last + timedelta(days=1), zone)
    return min(now_ms(), end if newest is None else max(newest, min(end, newest)))


def _currency(parts: ApiParts, sight: Sight) -> str:
    known = [p.currency for p in parts.directory.projects() if p.project in sight.projects]
    return known[0] if known else "CNY"


def _chart_days(takings: Takings, last: date, count: int) -> tuple[date, ...]:
    """Return the days up to *last* from the first with takings: two weeks at least, *count* days at most."""
    taken = min((day for day in takings.by_day if day <= last), default=last)
    count = min(count, max(_LEAST_DAYS, (last - taken).days + 1))
    return tuple(last - timedelta(days=n) for n in range(count - 1, -1, -1))


def _chart(takings: Takings, machines: tuple[MachineRow, ...], days: tuple[date, ...]) -> Chart:
    rows: list[tuple[str, int, tuple[int, ...]]] = []
    rest = [0] * len(days)
    for row in machines:
        amounts = [takings.by_day.get(day, {}).get(row.machine.device, 0) for day in days]
        if row.colour == OTHERS:
            rest = [sum(pair) for pair in zip(rest, amounts, strict=True)]
        else:
            rows.append((row.machine.label, row.colour, tuple(amounts)))
    if any(rest):
        rows.append(("", OTHERS, tuple(rest)))
    return Chart(days, tuple(rows))


def _claimable(parts: ApiParts, sight: Sight) -> int | None:
    if not sight.account:
        return None
    return sum(
        row.credited_minor - row.withdrawn_minor
        for row in ProjectReads(parts.reads).balances(sight)
        if row.account == sight.account
    )
