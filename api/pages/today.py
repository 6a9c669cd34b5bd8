"""What the page *Today* shows, as plain values: the one place where its figures are put together.

Rules kept here:

* Everything is of the reader's own machines and projects. Amounts are minor units of one currency,
  the one in which most was taken.
* A sale is *stored* when it is in the log, *anchored* when an anchored head covers it, *final* when
  that head's block can't be undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from counterfoil.api.access.sight import Machine, Sight
from counterfoil.api.heads.anchoring import Anchors, anchors
from counterfoil.api.http.context import ApiParts
from counterfoil.api.projects.reads import ProjectReads, SeenDistribution
from counterfoil.api.records.sales import SalesReads, Stored, Takings, Tip, day_of, start_of
from counterfoil.chain.abi.enums import DeviceStatus, Tier
from counterfoil.chain.address import Address
from counterfoil.gateway.record.identity import DeviceId

Range = Literal["day", "week", "month"]
_CHART_DAYS = {"day": 42, "week": 84, "month": 184}
_QUIET_MS = 24 * 3_600_000
LATEST = 12
COLOURS = 5
OTHERS = 5
_LEAST_DAYS = 14


@dataclass(frozen=True)
class MachineRow:
    """One machine's line; *colour* numbers the chart's colours from 0, ``OTHERS`` is for the rest."""

    machine: Machine
    colour: int
    state: str
    quiet_hours: int
    takings: int
    sparkline: tuple[int, ...]
    period: int
    tip: Tip | None

    @property
    def sells(self) -> bool:
        """Whether it is one that takes money."""
        return self.machine.kind == "vending" or self.tip is None or self.tip.sold_ms is not None


@dataclass(frozen=True)
class SplitRow:
    """What one tier and account got of the distributions shown."""

    tier: str
    account: str
    name: str
    minor: int
    mine: bool
    colour: int


@dataclass(frozen=True)
class Split:
    """How a month's distributed revenue was shared: received = paid + carried."""

    first: date
    last: date
    received: int
    carried_before: int
    carried: int
    rows: tuple[SplitRow, ...]
    distributions: int
    version: int
    effective_from: int


@dataclass(frozen=True)
class Chart:
    """Takings by day (first to last) and machine, as (label, colour, amounts).

    The machines without a colour of their own are one row at the end, its label empty.
    """

    days: tuple[date, ...]
    rows: tuple[tuple[str, int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Today:
    """All of the page."""

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


def bounds(span: Range, day: date) -> tuple[date, date]:
    """The first and last day of the day, week (from Monday) or month that holds *day*."""
    if span == "day":
        return day, day
    if span == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def before(span: Range, first: date) -> tuple[date, date]:
    """What a span is compared with: the same weekday a week ago, the week or the month before."""
    if span == "day":
        return first - timedelta(days=7), first - timedelta(days=7)
    return bounds(span, first - timedelta(days=1))


def look(parts: ApiParts, sight: Sight, zone: ZoneInfo, span: Range, day: date | None) -> Today:
    """Everything for the page, for the span that holds *day* (by default the newest with a sale)."""
    devices = sight.devices
    newest = SalesReads(parts.gateway).newest_ms(devices)
    today = day_of(_now_ms(), zone)
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
    machines = _machines(
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
        split=_split(parts, sight, first, last),
        machines=machines,
        latest=tuple(SalesReads(parts.gateway).sales(devices, *stretch, LATEST)),
        anchors=known,
    )


def _now_ms() -> int:
    from counterfoil.api.access.auth import now_ms

    return now_ms()


def _reference_ms(newest: int | None, last: date, zone: ZoneInfo) -> int:
    """By when a machine's silence is judged: now, or the end of what a past day shows."""
    end = start_of(last + timedelta(days=1), zone)
    return min(_now_ms(), end if newest is None else max(newest, min(end, newest)))


def _currency(parts: ApiParts, sight: Sight) -> str:
    known = [p.currency for p in parts.directory.projects() if p.project in sight.projects]
    return known[0] if known else "CNY"


def _machines(
    parts: ApiParts, sight: Sight, takings: Takings, first: date, last: date, now_ms: int
) -> tuple[MachineRow, ...]:
    tips = SalesReads(parts.gateway).tips(sight.devices)
    fortnight = tuple(last - timedelta(days=n) for n in range(13, -1, -1))
    month = bounds("month", last)
    rows = []
    mine = [m for m in parts.directory.machines() if m.device in sight.devices]
    colours = _colours(takings, mine)
    for machine in mine:
        tip = tips.get(machine.device)
        state, hours = _state(machine, tip, now_ms)
        rows.append(
            MachineRow(
                machine,
                colour=colours.get(machine.device, OTHERS),
                state=state,
                quiet_hours=hours,
                takings=takings.total(first, last, machine.device),
                sparkline=tuple(
                    takings.by_day.get(d, {}).get(machine.device, 0) for d in fortnight
                ),
                period=takings.total(month[0], min(month[1], last), machine.device),
                tip=tip,
            )
        )
    return tuple(rows)


def _colours(takings: Takings, machines: list[Machine]) -> dict[DeviceId, int]:
    """A colour each for the machines that took most, in the order of their labels."""
    sums: dict[DeviceId, int] = {}
    for row in takings.by_day.values():
        for device, amount in row.items():
            sums[device] = sums.get(device, 0) + amount
    best = set(sorted(sums, key=lambda device: -sums[device])[:COLOURS])
    named = [machine.device for machine in machines if machine.device in best]
    return {device: number for number, device in enumerate(named)}


def _chart_days(takings: Takings, last: date, count: int) -> tuple[date, ...]:
    """The days up to *last*, from the first with takings on; two weeks at least, *count* at most."""
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


def _state(machine: Machine, tip: Tip | None, now_ms: int) -> tuple[str, int]:
    if machine.status.lower() == DeviceStatus.SUSPENDED.wire_name:
        return "suspended", 0
    if tip is None:
        return "silent", 0
    if tip.state in ("fault", "out_of_service"):
        return tip.state, 0
    if machine.kind != "vending" and tip.sold_ms is None:
        quiet = now_ms - tip.time_ms
        return ("quiet", quiet // 3_600_000) if quiet >= _QUIET_MS else ("measuring", 0)
    quiet = now_ms - (tip.sold_ms or tip.time_ms)
    return ("quiet", quiet // 3_600_000) if quiet >= _QUIET_MS else ("selling", 0)


def _claimable(parts: ApiParts, sight: Sight) -> int | None:
    if not sight.account:
        return None
    return sum(
        row.credited_minor - row.withdrawn_minor
        for row in ProjectReads(parts.reads).balances(sight)
        if row.account == sight.account
    )


def _split(parts: ApiParts, sight: Sight, first: date, last: date) -> Split | None:
    """The split of the month so far, of the projects that the reader runs."""
    month = bounds("month", last)[0] if first == last else first
    lowest, highest = (int(f"{d:%Y%m%d}") for d in (month, last))
    done = [
        d
        for d in ProjectReads(parts.reads).distributions(
            sight, projects=sight.run, first=lowest, last=highest
        )
        if d.gross_minor
    ]
    if not done:
        return None
    names = parts.directory.names()
    sums: dict[tuple[str, Address], int] = {}
    for shared in done:
        for tier, account, minor in shared.credits:
            sums[tier, account] = sums.get((tier, account), 0) + minor
    order = sorted(sums.items(), key=lambda item: (item[0][0] == Tier.RESIDUAL.wire_name, -item[1]))
    rows = [
        SplitRow(
            tier,
            account,
            name=names.get(account, f"{account[:6]}…{account[-4:]}"),
            minor=minor,
            mine=account == sight.account,
            colour=min(number, OTHERS),
        )
        for number, ((tier, account), minor) in enumerate(order)
    ]
    projects = {p.project: p for p in parts.directory.projects()}
    terms = ProjectReads(parts.reads).terms(projects[done[-1].project])
    effective = next((e.effective_from for e, _ in terms if e.version == done[-1].version), 0)
    return Split(
        first=month,
        last=last,
        received=sum(d.gross_minor for d in done),
        carried_before=sum(_carried(done, "before").values()),
        carried=sum(_carried(done, "after").values()),
        rows=tuple(rows),
        distributions=len(done),
        version=done[-1].version,
        effective_from=effective,
    )


def _carried(done: list[SeenDistribution], which: Literal["before", "after"]) -> dict[str, int]:
    """What each project carried before its first, or after its last distribution of *done*."""
    found: dict[str, int] = {}
    for shared in done:
        if which == "before":
            found.setdefault(shared.project, shared.carried_before_minor)
        else:
            found[shared.project] = shared.carried_minor
    return found


def label_of(machines: list[Machine], device: DeviceId) -> str:
    """What people call *device*."""
    return next((m.label for m in machines if m.device == device), device)
