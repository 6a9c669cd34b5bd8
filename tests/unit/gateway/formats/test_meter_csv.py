"""Meter exports: exact energy, the 00:00 rows at the end of their date, gaps and duplicates."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from counterfoil.gateway.formats.errors import ColumnsError
from counterfoil.gateway.formats.files import read_bytes, text_of
from counterfoil.gateway.formats.meter_csv import Gap, parse_meter

STEEL = "date,Usage_kWh,NSM\n"
FACTORY = "ts,asset,items,status,power_avg\n"
MIDNIGHT_2018_01_02 = 1514851200000


def test_real_steel_file_is_whole_without_a_gap(shared_data: Path) -> None:
    text = text_of(read_bytes(shared_data / "electricity" / "steel_15min_2018H1.csv.gz"))
    total = sum(Decimal(row["Usage_kWh"]) for row in csv.DictReader(io.StringIO(text)))
    meter = parse_meter(text)
    assert meter.energy_wh == total * 1000 == 521_199_760
    assert meter.intervals[-1].register_wh == meter.energy_wh
    assert (len(meter.intervals), meter.gaps, meter.set_aside) == (17376, (), ())
    assert meter.intervals[0].start_ms == MIDNIGHT_2018_01_02 - 86_400_000
    assert all(i.end_ms - i.start_ms == 900_000 for i in meter.intervals)
    assert all(i.register_wh >= i.energy_wh for i in meter.intervals)


def test_real_factory_file_keeps_every_watt_hour(shared_data: Path) -> None:
    text = text_of(read_bytes(shared_data / "electricity" / "factory_machine0_5min.csv.gz"))
    rows = list(csv.DictReader(io.StringIO(text)))
    power = sum(Decimal(row["power_avg"]) for row in rows)
    meter = parse_meter(text)
    assert meter.energy_wh == int(power * 1000 / 12) == 708_250
    assert sum(i.items or 0 for i in meter.intervals) == sum(Decimal(row["items"]) for row in rows)
    assert (meter.meters, len(meter.gaps), meter.set_aside) == (("machine-0",), 93, ())
    starts = [i.start_ms for i in meter.intervals]
    assert starts == sorted(starts)
    assert all(i.start_ms < i.end_ms for i in meter.intervals)


def test_row_stamped_midnight_ends_its_date() -> None:
    text = STEEL + "01/01/2018 23:45,1.25,85500\n01/01/2018 00:00,0.5,0\n"
    last = parse_meter(text).intervals[-1]
    assert (last.start_ms, last.end_ms) == (MIDNIGHT_2018_01_02 - 900_000, MIDNIGHT_2018_01_02)
    assert (last.energy_wh, last.register_wh) == (500, 1750)


def test_gap_is_reported_and_not_filled() -> None:
    text = STEEL + "01/01/2018 23:15,1,83700\n01/01/2018 00:00,1,0\n"
    meter = parse_meter(text)
    assert meter.gaps == (Gap(MIDNIGHT_2018_01_02 - 2_700_000, MIDNIGHT_2018_01_02 - 900_000),)
    assert meter.energy_wh == 2000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("01/01/2018 23:45,1,85500", "row.duplicate"),
        ("01/01/2018 23:45,2,85500", "row.duplicate_differs"),
        ("01/01/2018 23:30,1,85500", "file.time_malformed"),
        ("31/02/2018 23:45,1,85500", "file.time_malformed"),
        ("2018-01-01 23:45,1,85500", "file.time_malformed"),
        ("01/01/2018 23:30,1.0005,84600", "file.quantity_malformed"),
        ("01/01/2018 23:30,NaN,84600", "file.quantity_malformed"),
        ("01/01/2018 23:30,-1,84600", "file.malformed"),
        ("01/01/2018 23:30,1", "row.malformed"),
    ],
)
def test_row_that_is_not_certain_is_set_aside(row: str, reason: str) -> None:
    meter = parse_meter(STEEL + "01/01/2018 23:45,1,85500\n" + row + "\n")
    assert [(aside.reason, aside.row) for aside in meter.set_aside] == [(reason, 3)]
    assert meter.energy_wh == 1000


def test_energy_that_is_not_whole_is_carried_in_the_register() -> None:
    rows = [f"2022-09-01 00:{5 * k:02}:00+00:00,0,4.0,2.0,1.0\n" for k in range(1, 4)]
    meter = parse_meter(FACTORY + "".join(rows))
    assert [i.energy_wh for i in meter.intervals] == [83, 83, 84]
    assert meter.energy_wh == meter.intervals[-1].register_wh == 250


def test_row_inside_five_minutes_starts_where_the_one_before_ended() -> None:
    rows = "2022-09-01 00:05:00+00:00,0,4.0,1.0,3.0\n2022-09-01 00:06:47+00:00,0,0.0,2.0,1.0\n"
    first, second = parse_meter(FACTORY + rows).intervals
    assert (second.start_ms, second.end_ms - second.start_ms) == (first.end_ms, 107_000)
    assert (first.running, second.running) == (False, True)


def test_text_of_no_known_layout_is_refused() -> None:
    with pytest.raises(ColumnsError):
        parse_meter("a,b\n")
