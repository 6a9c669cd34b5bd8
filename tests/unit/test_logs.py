"""What a process logs: equal lines are one with a count, from whoever they come."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any

import pytest
import structlog
from support_waiting import wait_until

from counterfoil.logs import Repeats, get_logger

_MANY = """
import logging
from counterfoil.logs import get_logger
log = get_logger("test")
for number in range(14_000):
    log.warning("step_waits", step="head", why="the node is away")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    if number % 7_000 == 0:
        log.warning("another", number=number)
"""


def logged(repeats: Repeats, lines: list[str]) -> Any:
    """A logger whose lines go through *repeats* to *lines*."""

    class Kept:
        def warning(self, line: str) -> None:
            lines.append(line)

        error = warning

    return structlog.wrap_logger(Kept(), processors=[repeats, lambda _, __, event: repr(event)])


def test_many_equal_lines_of_a_process_are_two_the_second_with_the_count() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MANY], capture_output=True, text=True, check=True, timeout=300
    )
    lines = (done.stdout + done.stderr).splitlines()
    for name in ("step_waits", "Invalid HTTP"):
        first, counted = [line for line in lines if name in line]
        assert "repeated" not in first
        assert "13999" in counted
    assert len([line for line in lines if "another" in line]) == 2


def test_what_was_counted_is_said_though_nothing_else_is_logged() -> None:
    lines: list[str] = []
    log = logged(Repeats(lambda _, __, event: repr(event), window_s=0.2), lines)
    for _ in range(3):
        log.warning("a", n=1)
    wait_until(lambda: len(lines) == 2)
    assert "'repeated': 2" in lines[1]
    log.warning("a", n=1)
    assert len(lines) == 3, "a new minute has a new first line"


def test_what_differs_is_written_and_memory_is_bounded() -> None:
    lines: list[str] = []
    repeats = Repeats(lambda _, __, event: repr(event), most_kept=10)
    log = logged(repeats, lines)
    log.warning("first")
    log.warning("first")
    for number in range(1_000):
        log.warning("a", n=number)
    assert len(lines) == 1 + 1_000 + 1, "the count of what was forgotten is said"
    assert len(repeats._lines) <= 11


def test_a_library_s_error_comes_with_its_exception(capfd: pytest.CaptureFixture[str]) -> None:
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    assert get_logger("test") is not None
    try:
        raise OSError("only once in this test")
    except OSError:
        logging.getLogger("a.library").exception("it failed")
    said = capfd.readouterr()
    assert "it failed" in said.err
    assert "only once in this test" in said.err
