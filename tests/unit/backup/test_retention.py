"""Which backup is due and which ones are kept, by names alone."""

from __future__ import annotations

import pytest

from counterfoil.backup.retention import backup_name, kind_due, made_at, to_drop

_DAY = 86_400
_BEGAN = 1_790_000_000


def names_of(days: int, full_every_days: int = 7) -> list[str]:
    """The names of *days* daily runs."""
    names: list[str] = []
    for day in range(days):
        at = _BEGAN + day * _DAY
        names.append(backup_name(at, kind_due(names, at, full_every_days)))
    return names


def test_a_full_one_every_week_and_incremental_ones_between() -> None:
    kinds = [name.partition("-")[2] for name in names_of(15)]
    assert kinds == (["full"] + ["incremental"] * 6) * 2 + ["full"]


def test_a_timer_that_fires_early_still_makes_the_full_one_on_its_day() -> None:
    first = backup_name(_BEGAN, "full")
    assert kind_due([first], _BEGAN + 7 * _DAY - 60, 7) == "full"
    assert kind_due([first], _BEGAN + 6 * _DAY + 60, 7) == "incremental"


def test_a_clock_that_went_back_makes_a_full_one() -> None:
    assert kind_due([backup_name(_BEGAN, "full")], _BEGAN - 1, 7) == "full"


def test_whole_weeks_are_dropped_the_newest_first() -> None:
    names = names_of(22)
    dropped = to_drop(names, keep_fulls=2)
    assert dropped == sorted(dropped, reverse=True)
    assert sorted(dropped) == names[:14]
    for cut in range(len(dropped) + 1):  # a kill after any of them
        left = [name for name in names if name not in dropped[:cut]]
        assert left[0].endswith("full"), "what is left has what it goes on from"
    assert to_drop(names, keep_fulls=4) == []


@pytest.mark.parametrize(
    "name", ["", "full", "20260101T000000Z", "20261301T000000Z-full", ".x-full"]
)
def test_another_name_is_no_backups(name: str) -> None:
    assert made_at(name) is None
    assert made_at(backup_name(_BEGAN, "full")) == _BEGAN
