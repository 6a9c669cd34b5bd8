"""Python's collector of reference cycles, set for processes that take in records: records have no cycles."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Let the collector run seldom: at its usual pace it takes a sixth of the processor."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
