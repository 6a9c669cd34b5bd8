"""How far a sweep has come, in one SQLite file: kill -9 at any moment, and it goes on from the last piece.

Rules kept here:

* A piece's outcome is committed whole: the tree's peaks, each machine's end, the sales and what was found.
* The file belongs to one log on one chain; another one is refused. It is the auditor's own: its figures are believed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from counterfoil.api.audit.sweep.finding import Finding
from counterfoil.api.audit.sweep.piece import SoldFact
from counterfoil.gateway.identity import DeviceId, Digest
from counterfoil.gateway.record import Counters
from counterfoil.gateway.verify import ChainTip

_TABLES = """
CREATE TABLE IF NOT EXISTS sweep (one INTEGER PRIMARY KEY CHECK (one = 1), subject TEXT NOT NULL,
    size INTEGER NOT NULL, heads INTEGER NOT NULL, peaks BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS machine (position INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL, digest BLOB NOT NULL, count INTEGER NOT NULL, amount INTEGER NOT NULL,
    register INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sold (log_index INTEGER PRIMARY KEY, device TEXT NOT NULL, time_ms INTEGER NOT NULL,
    is_refund INTEGER NOT NULL, amount INTEGER NOT NULL, units TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gossip (size INTEGER NOT NULL, root BLOB NOT NULL, log_index INTEGER NOT NULL,
    PRIMARY KEY (size, root));
CREATE TABLE IF NOT EXISTS finding (id INTEGER PRIMARY KEY, code TEXT NOT NULL, place TEXT NOT NULL,
    detail TEXT NOT NULL, unverifiable INTEGER NOT NULL);
"""


class StateOfAnother(Exception):
    """The state file belongs to another log or chain, or is none."""

    code = "state_of_another"


class Book:
    """The sweep's progress at *path*, or in memory alone."""

    def __init__(self, path: Path | None, subject: str) -> None:
        """Open or begin the state for *subject*, the log and the chain in words."""
        try:
            self._db = sqlite3.connect(path or ":memory:")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
            self._db.execute("INSERT OR IGNORE INTO sweep VALUES (1, ?, 0, 0, x'')", (subject,))
            self._db.commit()
            found = self._db.execute("SELECT subject, size, heads, peaks FROM sweep").fetchone()
        except sqlite3.DatabaseError as error:
            raise StateOfAnother(f"{path} is no sweep's state: {error}") from error
        if found[0] != subject:
            raise StateOfAnother(f"{path} is the state of {found[0]}, not of {subject}")
        self.size: int = found[1]
        self.heads: int = found[2]
        peaks = found[3]
        self.peaks = [Digest(peaks[at : at + 32]) for at in range(0, len(peaks), 32)]

    def tips(self) -> Iterator[ChainTip]:
        """Each machine's end, in the order of their first records."""
        rows = self._db.execute(
            "SELECT device, epoch, sequence, digest, count, amount, register FROM machine ORDER BY position"
        )
        for device, epoch, sequence, digest, *counters in rows:
            yield ChainTip(DeviceId(device), epoch, sequence, Digest(digest), Counters(*counters))

    def keep(
        self,
        size: int,
        heads: int,
        peaks: Iterable[bytes],
        tips: Iterable[tuple[int, ChainTip]],
        sold: Iterable[SoldFact],
        gossip: Iterable[tuple[int, bytes, int]],
        findings: Iterable[Finding],
        is_whole: bool = True,
    ) -> None:
        """Keep what came with the records up to *size*; *tips* come with the machines' positions."""
        self._write(size, heads, peaks, tips, sold, gossip, findings)
        if is_whole:
            self._db.commit()
        self.size, self.heads = size, heads

    def _write(
        self,
        size: int,
        heads: int,
        peaks: Iterable[bytes],
        tips: Iterable[tuple[int, ChainTip]],
        sold: Iterable[SoldFact],
        gossip: Iterable[tuple[int, bytes, int]],
        findings: Iterable[Finding],
    ) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO machine VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (at, t.device, t.epoch, t.sequence, t.payload_digest, *_counters(t))
                for at, t in tips
            ),
        )
        self._db.executemany(
            "INSERT INTO sold VALUES (?, ?, ?, ?, ?, ?)",
            ((*fact[:5], _units_text(fact.units)) for fact in sold),
        )
        self._db.executemany("INSERT OR IGNORE INTO gossip VALUES (?, ?, ?)", gossip)
        self._db.executemany(
            "INSERT INTO finding (code, place, detail, unverifiable) VALUES (?, ?, ?, ?)", findings
        )
        self._db.execute(
            "UPDATE sweep SET size = ?, heads = ?, peaks = ?", (size, heads, b"".join(peaks))
        )

    def findings(self) -> list[Finding]:
        """What was found in the log so far."""
        rows = self._db.execute("SELECT code, place, detail, unverifiable FROM finding ORDER BY id")
        return [Finding(code, place, detail, bool(flag)) for code, place, detail, flag in rows]

    def gossip(self) -> list[tuple[int, bytes, int]]:
        """Each head that a machine was shown: size, root, and the first record that says so."""
        return self._db.execute("SELECT size, root, log_index FROM gossip ORDER BY size").fetchall()

    def sold(self, log_indexes: Iterable[int]) -> dict[int, SoldFact]:
        """The sales and refunds among the records *log_indexes*."""
        found: dict[int, SoldFact] = {}
        for index in log_indexes:
            row = self._db.execute("SELECT * FROM sold WHERE log_index = ?", (index,)).fetchone()
            if row is not None:
                found[index] = _fact(row)
        return found

    def sold_between(self, first_ms: int, until_ms: int, below: int) -> list[SoldFact]:
        """The sales and refunds of that time below the log index *below*, in the log's order."""
        rows = self._db.execute(
            "SELECT * FROM sold WHERE time_ms >= ? AND time_ms < ? AND log_index < ? ORDER BY log_index",
            (first_ms, until_ms, below),
        )
        return [_fact(row) for row in rows]

    def sold_devices(self) -> list[str]:
        """Each machine that has a record in the log."""
        return [row[0] for row in self._db.execute("SELECT device FROM machine ORDER BY position")]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def _counters(tip: ChainTip) -> tuple[int, int, int]:
    c = tip.counters
    return c.count, c.amount_minor, c.energy_register_wh


def _units_text(units: Iterable[tuple[str, int]]) -> str:
    """One text: a code never holds a control character."""
    return "\x1e".join([f"{count}\x1f{code}" for code, count in units])


def _fact(row: tuple[int, str, int, int, int, str]) -> SoldFact:
    lines = [line.split("\x1f", 1) for line in row[5].split("\x1e") if line]
    units = tuple((code, int(count)) for count, code in lines)
    return SoldFact(row[0], row[1], row[2], bool(row[3]), row[4], units)
