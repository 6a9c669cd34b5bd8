"""Each store's migrations are one line: a number once, and each after another one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STORES = [path.parent for path in ROOT.glob("*/store/migrations/versions")]
FOLDERS = [store / "versions" for store in STORES]


def stated(path: Path, name: str) -> str | None:
    """The *name* that the migration at *path* states: its own number, or the one before it."""
    found = re.search(rf'^{name} = (?:"(\w+)"|None)$', path.read_text(), re.MULTILINE)
    assert found is not None, path
    return found[1]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-4])
def test_a_stores_migrations_are_one_line(folder: Path) -> None:
    files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    numbers = [stated(path, "revision") for path in files]
    assert numbers == [f"{number:04}" for number in range(1, len(files) + 1)]
    before = [stated(path, "down_revision") for path in files]
    assert sorted(before, key=str) == sorted([*numbers[:-1], None], key=str), "no two after one"
    assert [path.name.partition("_")[0] for path in files] == numbers


def test_there_are_stores() -> None:
    assert {folder.parts[-4] for folder in FOLDERS} >= {"gateway", "oracle"}
