"""Lets one process at a time use a folder: an exclusive lock on a file in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

_LOOK_EVERY_S = 0.05


def lock_file(path: Path, within_s: float) -> int:
    """A descriptor with the exclusive lock on *path*. The lock is held while any process has the descriptor open.

    Waits for another holder: a node whose parent was killed takes a moment to end.

    Raises:
        BlockingIOError: another process still holds the lock after *within_s*.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    again = Retrying(
        retry=retry_if_exception_type(BlockingIOError),
        wait=wait_fixed(_LOOK_EVERY_S),
        stop=stop_after_delay(within_s),
        reraise=True,
    )
    try:
        again(fcntl.flock, descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor
