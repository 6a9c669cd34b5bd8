"""Meter exports as intervals of energy, in two known layouts.

Rules kept here:

* ``steel``: 15-minute kWh, stamped DD/MM/YYYY HH:MM with the END of the interval. A row stamped
  00:00 is the last interval of the date it carries, so it ends at the NEXT date's midnight; its
  column NSM, seconds from midnight, must agree with the stamp.
* ``factory``: items and power by nominal 5 minutes, stamped in UTC with the END of the interval.
  ``power_avg`` is scaled to 5 minutes whatever time the row covers (a row after a change of
  status covers less, a row after a missing one may cover 10). So a row's energy is exactly
  power_avg × 300 s, and the items add up as they are.
* Energy is in Wh. Where a row's energy is not whole, the cumulative register is rounded (down), so that
  the intervals always sum to the register's last value and nothing is lost.
* A file that states no time zone is taken as UTC. Duplicates (a stamp seen before) are set
  aside; gaps (time that no row covers) are reported and not filled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Literal

from counterfoil.gateway.formats.errors import ColumnsError, FormatError, TimeError
from counterfoil.gateway.formats.files import header_of, read_bytes, table_rows, text_of
from counterfoil.gateway.formats.quantity import count, parse_decimal, watt_hours
from counterfoil.gateway.formats.row_faults import DUPLICATE, DUPLICATE_DIFFERS, ROW_MALFORMED

STEEL_COLUMNS = frozenset(("date", "Usage_kWh", "NSM"))
FACTORY_COLUMNS = frozenset(("ts", "asset", "items", "status", "power_avg"))
STEEL_INTERVAL_MS = 900_000
FACTORY_INTERVAL_MS = 300_000
_REACTIVE = "Lagging_Current_Reactive.Power_kVarh"
_STAMP = re.compile(r"(\d\d)/(\d\d)/(\d{4}) (\d\d):(\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Layout = Literal["steel", "factory"]


@dataclass(frozen=True, slots=True)
class ExportedInterval:
    """Energy drawn over [start_ms, end_ms), UTC. ``register_wh`` is cumulative, after it;
    ``items`` were made in it; ``running`` is None where the file does not state it."""

    meter: str
    start_ms: int
    end_ms: int
    energy_wh: int
    register_wh: int
    reactive_varh: int | None
    items: int | None
    running: bool | None
    row: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that no row covers."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class SetAsideInterval:
    """A row that is in no interval, and its reason; ``energy_wh`` is what it states, when readable."""

    row: int
    reason: str
    detail: str
    energy_wh: int | None


@dataclass(frozen=True, slots=True)
class MeterFile:
    """A whole export: intervals in order of time, gaps between them, rows set aside."""

    layout: Layout
    rows: int
    intervals: tuple[ExportedInterval, ...]
    gaps: tuple[Gap, ...]
    set_aside: tuple[SetAsideInterval, ...]

    @property
    def energy_wh(self) -> int:
        """Return the sum of the intervals: the register after the last of them."""
        return sum(interval.energy_wh for interval in self.intervals)

    @property
    def meters(self) -> tuple[str, ...]:
        """Return the meters that the file names, in order."""
        return tuple(sorted({interval.meter for interval in self.intervals}))


@dataclass(frozen=True, slots=True)
class _Reading:
    meter: str
    end_ms: int
    energy_wh: Fraction
    reactive_varh: int | None
    items: int | None
    running: bool | None
    row: int


def read_meter(path: Path, meter: str = "main-meter") -> MeterFile:
    """Return the intervals in the file at *path*, gzip or not; errors as of ``parse_meter``."""
    return parse_meter(text_of(read_bytes(path)), meter)


def parse_meter(text: str, meter: str = "main-meter") -> MeterFile:
    """Return the intervals in *text*, whichever layout its first line names.

    *meter* names the meter of a layout that names none. Raises ColumnsError when the first line
    is of neither layout, FormatError when the text is not CSV.
    """
    header = header_of(text)
    if header >= STEEL_COLUMNS:
        return _parse(
            text, layout="steel", columns=STEEL_COLUMNS, nominal_ms=STEEL_INTERVAL_MS, meter=meter
        )
    if header >= FACTORY_COLUMNS:
        return _parse(
            text,
            layout="factory",
            columns=FACTORY_COLUMNS,
            nominal_ms=FACTORY_INTERVAL_MS,
            meter=meter,
        )
    raise ColumnsError("the first line names the columns of no known meter export")


def _parse(
    text: str, layout: Layout, columns: frozenset[str], nominal_ms: int, meter: str
) -> MeterFile:
    readings: dict[tuple[str, int], _Reading] = {}
    aside: list[SetAsideInterval] = []
    rows = 0
    for number, row in table_rows(text, columns):
        rows += 1
        if row is None:
            aside.append(
                SetAsideInterval(
                    row=number,
                    reason=ROW_MALFORMED,
                    detail="another number of cells",
                    energy_wh=None,
                )
            )
            continue
        try:
            reading = _steel(number, row, meter) if layout == "steel" else _factory(number, row)
        except FormatError as error:
            aside.append(
                SetAsideInterval(row=number, reason=error.code, detail=error.detail, energy_wh=None)
            )
            continue
        earlier = readings.setdefault((reading.meter, reading.end_ms), reading)
        if earlier is not reading:
            same = earlier.energy_wh == reading.energy_wh
            reason = DUPLICATE if same else DUPLICATE_DIFFERS
            detail = f"the interval is row {earlier.row}'s already"
            aside.append(
                SetAsideInterval(
                    row=number, reason=reason, detail=detail, energy_wh=int(reading.energy_wh)
                )
            )
    intervals: list[ExportedInterval] = []
    gaps: list[Gap] = []
    registers: dict[str, Fraction] = {}
    ends: dict[str, int] = {}
    for reading in sorted(readings.values(), key=lambda r: (r.end_ms, r.meter)):
        start = reading.end_ms - nominal_ms
        previous = ends.get(reading.meter)
        if previous is not None:
            if start > previous:
                gaps.append(Gap(previous, start))
            start = max(start, previous)
        before = registers.get(reading.meter, Fraction(0))
        after = before + reading.energy_wh
        registers[reading.meter], ends[reading.meter] = after, reading.end_ms
        register_wh = after.__floor__()
        intervals.append(
            ExportedInterval(
                reading.meter,
                start_ms=start,
                end_ms=reading.end_ms,
                energy_wh=register_wh - before.__floor__(),
                register_wh=register_wh,
                reactive_varh=reading.reactive_varh,
                items=reading.items,
                running=reading.running,
                row=reading.row,
            )
        )
    return MeterFile(
        layout, rows, intervals=tuple(intervals), gaps=tuple(gaps), set_aside=tuple(aside)
    )


def _steel(number: int, row: Mapping[str, str], meter: str) -> _Reading:
    match = _STAMP.fullmatch(row["date"].strip())
    try:
        if match is None:
            raise ValueError
        day, month, year, hour, minute = (int(part) for part in match.groups())
        stamp = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError as error:
        raise TimeError(f"{row['date'][:40]!r} is not DD/MM/YYYY HH:MM") from error
    if hour * 3600 + minute * 60 != count(row["NSM"]):
        raise TimeError(f"NSM {row['NSM'][:20]} is not {hour:02}:{minute:02}")
    if hour == minute == 0:
        stamp += timedelta(days=1)
    energy = watt_hours(row["Usage_kWh"])
    _not_negative(energy)
    reactive = watt_hours(row[_REACTIVE]) if _REACTIVE in row else None
    return _Reading(
        meter,
        end_ms=_ms(stamp),
        energy_wh=Fraction(energy),
        reactive_varh=reactive,
        items=None,
        running=None,
        row=number,
    )


def _factory(number: int, row: Mapping[str, str]) -> _Reading:
    try:
        stamp = datetime.fromisoformat(row["ts"].strip())
    except ValueError as error:
        raise TimeError(f"{row['ts'][:40]!r} is not an ISO 8601 time") from error
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=UTC)
    power = parse_decimal(row["power_avg"])
    _not_negative(power)
    energy = Fraction(power) * 1000 * FACTORY_INTERVAL_MS / 3_600_000
    running = count(row["status"]) == 2
    asset = f"machine-{row['asset'].strip()}"
    return _Reading(
        meter=asset,
        end_ms=_ms(stamp),
        energy_wh=energy,
        reactive_varh=None,
        items=count(row["items"]),
        running=running,
        row=number,
    )


def _not_negative(quantity: object) -> None:
    if quantity < 0:  # type: ignore[operator]
        raise FormatError(f"{quantity} is less than nothing")


def _ms(moment: datetime) -> int:
    delta = moment - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000
