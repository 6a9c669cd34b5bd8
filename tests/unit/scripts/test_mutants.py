"""``scripts/mutants``: which changes of a module there are, and that each is another function."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

PARTS = Path(__file__).resolve().parents[3] / "scripts/mutants_parts"
CHANGES: dict[str, Any] = runpy.run_path(str(PARTS / "changes.py"))
SOURCE = '''
class Rule:
    def check(self, a, b):
        """Text alone is left as it is."""
        if a < 0 or b < 0:
            raise ValueError("negative")
        if (a, b) == (0, 0):
            return [n for n in range(3) if n > 1]
        yield 1 <= a <= b
'''


def names() -> list[str]:
    return [one.what for one in CHANGES["changes_of"](SOURCE, "rule.py")]


def test_each_way_to_lose_a_check_is_a_change() -> None:
    found = names()
    assert len(found) == len(set(found))
    assert set(found) == {
        "always a < 0 or b < 0",
        "without a < 0 in a < 0 or b < 0",
        "without b < 0 in a < 0 or b < 0",
        "without raise ValueError('negative')",
        "a <= 0 for a < 0",
        "b <= 0 for b < 0",
        "never (a, b) == (0, 0)",
        "always (a, b) == (0, 0)",
        "without a in (a, b) == (0, 0)",
        "without b in (a, b) == (0, 0)",
        "never n > 1",
        "always n > 1",
        "n >= 1 for n > 1",
        "without yield (1 <= a <= b)",
        "1 < a <= b for 1 <= a <= b",
        "1 <= a < b for 1 <= a <= b",
        "a <= b for 1 <= a <= b",
        "1 <= a for 1 <= a <= b",
    }


def test_a_change_is_in_force_alone_and_only_while_it_is_asked_for() -> None:
    """The code of one change has none of another, in whatever order they are made."""
    changes = {one.what: one for one in CHANGES["changes_of"](SOURCE, "rule.py")}
    scope: dict[str, Any] = {}
    exec(SOURCE, scope)  # noqa: S102  # the source above
    check = scope["Rule"].check

    def outcome(what: str, a: int, b: int) -> object:
        check.__code__ = changes[what].code()
        try:
            return list(check(None, a, b))
        except ValueError:
            return "refused"

    for _ in range(2):
        assert outcome("without raise ValueError('negative')", -1, 5) == [False]
        assert outcome("without a < 0 in a < 0 or b < 0", -1, 5) == [False]
        assert outcome("without a < 0 in a < 0 or b < 0", 5, -1) == "refused"
        assert outcome("without yield (1 <= a <= b)", 1, 2) == []
        assert outcome("1 <= a for 1 <= a <= b", 3, 2) == [True]
    assert changes["never (a, b) == (0, 0)"].name == "rule.py:Rule.check: never (a, b) == (0, 0)"


def test_the_lines_of_a_change_are_those_that_must_run_for_it_to_matter() -> None:
    lines = {one.what: one.lines for one in CHANGES["changes_of"](SOURCE, "rule.py")}
    assert 6 in lines["without raise ValueError('negative')"]
    assert 5 not in lines["without raise ValueError('negative')"]
    assert list(lines["never (a, b) == (0, 0)"]) == [8], "a condition that never held is the same"
    assert 7 in lines["always (a, b) == (0, 0)"]
