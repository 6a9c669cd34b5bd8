"""A second copy of the dump of anvil, which writes its own in place: a kill may leave half of it, or nothing.

Rules that this module keeps:

- A dump is copied when two looks have found it the same, and the copy is on the disk before it takes its name.
- At a start, a dump that is not whole is put aside, and the copy takes its place: a few seconds older, and never gone.
- Copying takes a twentieth of the time at most, however long the chain is.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

from counterfoil.logs import get_logger

logger = get_logger("chain")

KEPT = "anvil.kept.json"
TORN = "anvil.torn.json"
_LOOK_S = 1.0
_SHARE = 20


class KeptDump:
    """Keeps a copy of the file *dump*, from :meth:`start` to :meth:`stop`."""

    def __init__(self, dump: Path) -> None:
        self._dump = dump
        self._seen = self._kept = (0, 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kept-dump", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more, and copy nothing any more."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> bool:
        """Copy the dump if it is the same as at the last look, and not copied yet; return whether it was."""
        before, self._seen = self._seen, _mark(self._dump)
        if self._seen != before or before[1] == 0 or before == self._kept:
            return False
        content = self._dump.read_bytes()
        if _mark(self._dump) != before or not (content[:1] == b"{" and content[-1:] == b"}"):
            return False
        _put(self._dump.with_name(KEPT), content)
        self._kept = before
        return True

    def _run(self) -> None:
        pause_s = _LOOK_S
        while not self._stop.wait(pause_s):
            began = time.monotonic()
            try:
                self.look()
            except OSError as failure:  # a full disk, say: the copy before stays
                logger.warning("dump_not_kept", why=str(failure))
            pause_s = max(_LOOK_S, _SHARE * (time.monotonic() - began))


def recover(dump: Path) -> bool:
    """Put the copy in the place of a *dump* that is not whole; return whether that was done.

    Without a copy, or with one that is not whole either, nothing is touched.
    """
    kept = dump.with_name(KEPT)
    if _is_whole(dump) or not _is_whole(kept):
        return False
    if dump.exists():
        dump.replace(dump.with_name(TORN))
    _put(dump, kept.read_bytes())
    logger.warning("dump_torn", taken=KEPT, put_aside=TORN)
    return True


def _is_whole(dump: Path) -> bool:
    try:
        return isinstance(json.loads(dump.read_bytes()), dict)
    except (OSError, ValueError):
        return False


def _mark(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _put(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
