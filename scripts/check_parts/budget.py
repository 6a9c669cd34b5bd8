"""A pytest plugin: tests run in the order of the files given, until the seconds are spent; what was left is told.

COUNTERFOIL_CHECK_SECONDS are counted from the import; COUNTERFOIL_CHECK_LEFT is the file that names what is left.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

_STARTED = time.monotonic()


class Budget:
    """Stops before the first test that would begin after the seconds are spent."""

    def __init__(self, seconds: float, left: Path) -> None:
        self._ends = _STARTED + seconds
        self._left = left
        self._waiting: list[pytest.Item] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember what is to run."""
        self._waiting = list(session.items)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Pass over *item*, and say so, where there is no time left."""
        if time.monotonic() > self._ends:
            return True
        self._waiting.remove(item)
        return None

    def pytest_sessionfinish(self) -> None:
        """Name the files of what did not run, with how many tests."""
        files = [str(item.path) for item in self._waiting]
        counted = {name: files.count(name) for name in files}
        self._left.write_text("".join(f"{count} {name}\n" for name, count in counted.items()))


def pytest_configure(config: pytest.Config) -> None:
    """Join in where ``scripts/check`` started this run."""
    seconds, left = os.environ["COUNTERFOIL_CHECK_SECONDS"], os.environ["COUNTERFOIL_CHECK_LEFT"]
    config.pluginmanager.register(Budget(float(seconds), Path(left)))
