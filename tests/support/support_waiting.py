"""Waiting for what another process or thread does."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 1_800.0
"""After this many seconds what runs is taken to hang. It bounds a failure and is no measure of speed: a machine whose
processors are shared has taken twenty times the seconds of a quiet one."""


def wait_until(
    is_so: Callable[[], bool], what: str | Callable[[], str] = "", within_s: float = 900.0
) -> float:
    """Return the seconds until *is_so*; fail after *within_s*, and say *what* was waited for or had happened."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > within_s:
            raise AssertionError(
                f"not within {within_s:.0f} s: {what if isinstance(what, str) else what()}"
            )
        time.sleep(0.03)
    return time.monotonic() - began
