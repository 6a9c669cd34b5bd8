"""When a disk is told of: almost full, once for all folders on it, also where a folder is not there yet."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from counterfoil.disk_room import disk_alarms, disk_of_database

Usage = namedtuple("Usage", ["total", "used", "free"])  # as shutil has it
GB = 1_000_000_000


@pytest.mark.parametrize(
    ("total", "free", "told"),
    [
        (500 * GB, 199_000_000, 1),
        (500 * GB, 201_000_000, 0),
        (GB, 49_000_000, 1),
        (GB, 51_000_000, 0),
        (GB, 0, 1),
    ],
)
def test_a_disk_is_told_of_below_its_least(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, total: int, free: int, told: int
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total, total - free, free))
    found = disk_alarms([tmp_path, tmp_path / "not" / "there"])
    assert [alarm.code for alarm in found] == ["disk.full"] * told


def test_the_real_disk_has_the_room_that_it_has(tmp_path: Path) -> None:
    free, total = shutil.disk_usage(tmp_path).free, shutil.disk_usage(tmp_path).total
    assert disk_alarms([tmp_path], least_free=0) == []
    is_full = free < total // 20
    assert len(disk_alarms([tmp_path], least_free=total)) == (1 if is_full else 0)


def test_only_a_file_s_database_has_a_disk() -> None:
    assert disk_of_database("sqlite:////a/b/oracle.db") == [Path("/a/b")]
    assert disk_of_database("sqlite:///oracle.db") == [Path()]
    assert disk_of_database("postgresql+psycopg://h/d") == []
    assert disk_of_database("sqlite://") == []
