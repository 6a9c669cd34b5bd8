"""The times of a cron line over nights on which the clock is changed: each date once, none left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from counterfoil.oracle.day.day_times import DayTimes

CAIRO, BERLIN, HAVANA = (ZoneInfo(n) for n in ("Africa/Cairo", "Europe/Berlin", "America/Havana"))


def due(cron: str, zone: ZoneInfo, first: datetime, number: int) -> list[tuple[int, str]]:
    """(date, moment in UTC) of the next times, asked for as the scheduler does."""
    times, found = DayTimes(cron, zone), list[tuple[int, str]]()
    previous = None
    for _ in range(number):
        moment = times.get_next_fire_time(previous, first)
        assert moment is not None
        last = times.last_until(moment + timedelta(seconds=1))
        assert last is not None
        assert last.moment == moment
        found.append((last.date, f"{moment:%m-%d %H:%M}"))
        previous = moment
    return found


def test_a_night_without_a_midnight_closes_its_day() -> None:
    """In Cairo 26 April 2024 begins at 01:00: its midnight is due then, an hour after the day before's clock."""
    assert due("0 0 * * *", CAIRO, datetime(2024, 4, 24, 12, tzinfo=CAIRO), 3) == [
        (20240425, "04-24 22:00"),
        (20240426, "04-25 22:00"),
        (20240427, "04-26 21:00"),
    ]


def test_a_night_with_two_midnights_closes_its_day_once() -> None:
    """In Havana the clock is put back at 01:00 on 3 November 2024: its midnight comes twice."""
    assert due("0 0 * * *", HAVANA, datetime(2024, 11, 2, 12, tzinfo=HAVANA), 2) == [
        (20241103, "11-03 04:00"),
        (20241104, "11-04 05:00"),
    ]


@pytest.mark.parametrize(
    ("first", "moments"),
    [
        ((2024, 3, 30), ["03-30 22:30", "03-31 21:30", "04-01 21:30"]),
        ((2024, 10, 26), ["10-26 21:30", "10-27 22:30", "10-28 22:30"]),
    ],
)
def test_half_past_eleven_in_berlin_over_both_changes_of_time(
    first: tuple[int, int, int], moments: list[str]
) -> None:
    found = due("30 23 * * *", BERLIN, datetime(*first, 12, tzinfo=BERLIN), 3)
    assert [moment for _, moment in found] == moments
    assert len({date for date, _ in found}) == 3


@pytest.mark.parametrize("zone", [CAIRO, BERLIN, HAVANA, ZoneInfo("Pacific/Apia")])
@pytest.mark.parametrize("cron", ["0 0 * * *", "30 23 * * *", "30 2 * * *", "59 23 28-31 * *"])
def test_each_date_is_due_once_and_in_order(cron: str, zone: ZoneInfo) -> None:
    times = DayTimes(cron, zone)
    at = datetime(2011, 6, 1, tzinfo=UTC)
    dates: list[int] = []
    while at < datetime(2012, 7, 1, tzinfo=UTC):
        found = times.next_after(at)
        assert found is not None
        dates.append(found.date)
        at = found.moment
    assert dates == sorted(set(dates))
    if cron.endswith("* * *"):
        assert len(dates) >= 395, "no date is left out"


def test_a_rare_time_is_found_looking_back() -> None:
    found = DayTimes("0 12 29 2 *", BERLIN).last_until(datetime(2027, 1, 1, tzinfo=UTC))
    assert found is not None
    assert found.date == 20240229
