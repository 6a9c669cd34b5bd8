"""Python's collector of reference cycles, for processes that take in records: these have no cycles."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Let the collector run once in many records: at its usual pace it takes a sixth of the processor."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
