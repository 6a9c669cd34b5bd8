"""``told.db``: a second copy of what the oracle was told and decided, and what nothing else can give back.

Rules that this module keeps:

- A copy is durable before :meth:`ToldFile.put` returns: SQLite in WAL mode with synchronous FULL.
- Copies belong to one ledger. Those of another one, by its chain and its contracts, are not seen.
- The oracle's database may be on a server; this file is beside the tiles, and a backup of the folder has it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

_TABLE = (
    "CREATE TABLE IF NOT EXISTS told (ledger TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, "
    "row TEXT NOT NULL, PRIMARY KEY (ledger, kind, key)) WITHOUT ROWID"
)
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000")


class ToldFile:
    """The copies of one ledger; any thread may use it."""

    def __init__(self, path: Path, ledger: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._ledger = ledger
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        for pragma in _PRAGMAS:
            self._db.execute(f"PRAGMA {pragma}")
        with self._db:
            self._db.execute(_TABLE)

    def all(self, kind: str) -> dict[str, str]:
        """Every copy of *kind*, by its key: JSON texts."""
        with self._lock:
            found = self._db.execute(
                "SELECT key, row FROM told WHERE ledger = ? AND kind = ?", (self._ledger, kind)
            )
            return dict(found.fetchall())

    def keys(self, kind: str) -> set[str]:
        """The keys of every copy of *kind*."""
        with self._lock:
            found = self._db.execute(
                "SELECT key FROM told WHERE ledger = ? AND kind = ?", (self._ledger, kind)
            )
            return {str(key) for (key,) in found}

    def get(self, kind: str, key: str) -> str | None:
        """One copy, a JSON text; None where there is none."""
        with self._lock:
            found = self._db.execute(
                "SELECT row FROM told WHERE ledger = ? AND kind = ? AND key = ?",
                (self._ledger, kind, key),
            ).fetchone()
        return None if found is None else str(found[0])

    def put(self, kind: str, rows: Iterable[tuple[str, str]]) -> None:
        """Keep *rows* (key, JSON text): all of them or none."""
        with self._lock, self._db:
            self._db.executemany(
                "INSERT INTO told VALUES (?, ?, ?, ?) "
                "ON CONFLICT (ledger, kind, key) DO UPDATE SET row = excluded.row",
                [(self._ledger, kind, key, row) for key, row in rows],
            )

    def drop(self, kind: str, keys: Iterable[str]) -> None:
        """Drop these copies: all of them or none."""
        with self._lock, self._db:
            self._db.executemany(
                "DELETE FROM told WHERE ledger = ? AND kind = ? AND key = ?",
                [(self._ledger, kind, key) for key in keys],
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
