"""A witness's memory on disk: the newest head of each log, and the evidence against logs that forked.

Rules kept here:

* A head is durable before it is cosigned, and only a later head replaces it: the check of the old size and the new
  row are one transaction. So no crash and no race makes a witness go back.
* Evidence is both signed checkpoints; it is never deleted.
"""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from counterfoil.gateway.record.identity import Digest

_TABLES = """
CREATE TABLE IF NOT EXISTS seen (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL,
    note BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS fork (id INTEGER PRIMARY KEY, origin TEXT NOT NULL, detail TEXT NOT NULL,
    mine BLOB NOT NULL, theirs BLOB NOT NULL, UNIQUE (origin, mine, theirs));
"""


@dataclass(frozen=True, slots=True)
class SeenHead:
    """The newest head of a log that the witness knows, and its signed checkpoint."""

    size: int
    root: Digest
    note: bytes


UNPROVEN = "not shown"
"""The first words of a suspicion's detail."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Two checkpoints that the same log signed, of which neither is known to begin the other.

    Proven are two roots of one size, and a head that the log's own tiles don't lead to. A head that came with a false
    proof is a suspicion: it may be true, since anybody can bring a false proof. ``detail`` says which it is.
    """

    origin: str
    detail: str
    mine: bytes
    theirs: bytes

    @property
    def is_proven(self) -> bool:
        """Return whether the two can't both be true."""
        return not self.detail.startswith(UNPROVEN)


class Memory:
    """The database at *path*."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)
        self._lock = threading.Lock()

    def newest(self, origin: str) -> SeenHead | None:
        """Return the newest head of the log *origin*, None before the first."""
        with self._lock:
            row = self._db.execute(
                "SELECT size, root, note FROM seen WHERE origin = ?", (origin,)
            ).fetchone()
        return None if row is None else SeenHead(row[0], Digest(row[1]), row[2])

    def advance(self, origin: str, old_size: int, head: SeenHead) -> bool:
        """Make *head* the newest, durably, if *old_size* is still the newest; return whether it was."""
        with self._lock:
            done = self._db.execute(
                "INSERT INTO seen VALUES (:origin, :size, :root, :note) ON CONFLICT (origin) DO UPDATE "
                "SET size = :size, root = :root, note = :note WHERE seen.size = :old",
                {
                    "origin": origin,
                    "size": head.size,
                    "root": head.root,
                    "note": head.note,
                    "old": old_size,
                },
            )
            return done.rowcount == 1

    def accuse(self, fork: Fork) -> None:
        """Keep the evidence, once."""
        with self._lock:
            self._db.execute(
                "INSERT OR IGNORE INTO fork (origin, detail, mine, theirs) VALUES (?, ?, ?, ?)",
                (fork.origin, fork.detail, fork.mine, fork.theirs),
            )

    def forks(self) -> list[Fork]:
        """Return all evidence."""
        with self._lock:
            rows = self._db.execute("SELECT origin, detail, mine, theirs FROM fork ORDER BY id")
            return [Fork(*row) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
