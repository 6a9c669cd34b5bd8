"""A lock on a folder is waited for while its holder lets go, and no longer."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from counterfoil.chain.nodes.folder_lock import lock_file


def how_often_open(path: Path) -> int:
    """How often this process has `path` open; what other tests left open comes and goes meanwhile."""
    return sum(os.path.realpath(file) == str(path) for file in Path("/proc/self/fd").iterdir())


def test_a_lock_that_is_let_go_in_time_is_taken(tmp_path: Path) -> None:
    held = lock_file(tmp_path / "lock", 0)
    threading.Timer(0.2, os.close, (held,)).start()
    os.close(lock_file(tmp_path / "lock", 10))


def test_a_lock_that_stays_held_is_given_up_after_its_time_and_leaves_no_file_open(
    tmp_path: Path,
) -> None:
    held = lock_file(tmp_path / "lock", 0)
    began = time.monotonic()
    with pytest.raises(BlockingIOError):
        lock_file(tmp_path / "lock", 0.2)
    assert 0.2 <= time.monotonic() - began < 5
    assert how_often_open(tmp_path / "lock") == 1
    os.close(held)
