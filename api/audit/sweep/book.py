"""A sweep's progress in one SQLite file: after a kill at any moment it goes on from the last piece.

Rules kept here:

* A piece's outcome is committed whole: the tree's peaks, the end of each machine's chain, the sales and the findings.
* The file belongs to one log on one chain; another one is refused. It is the auditor's own, so its figures are trusted.
* What the node said when a record was verified is kept, so that a later run can compare it with what the node says.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from counterfoil.api.audit.sweep.ledger_view import AnchoredHead
from counterfoil.api.audit.sweep.piece import HashedKey, Piece, Repudiation
from counterfoil.api.audit.sweep.sold_facts import SoldFact, unpack
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.verification.said import said_of
from counterfoil.fault import Code
from counterfoil.gateway.record.chain_check import ChainTip
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.record import Counters

_FORM = 6
_TABLES = """
CREATE TABLE IF NOT EXISTS sweep (one INTEGER PRIMARY KEY CHECK (one = 1), subject TEXT NOT NULL,
    size INTEGER NOT NULL, peaks BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS head (position INTEGER PRIMARY KEY, number INTEGER NOT NULL, size INTEGER NOT NULL,
    root BLOB NOT NULL, state BLOB NOT NULL, figures BLOB NOT NULL, annex BLOB NOT NULL, previous INTEGER NOT NULL,
    block INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS key (device BLOB NOT NULL, epoch INTEGER NOT NULL, x BLOB NOT NULL, y BLOB NOT NULL,
    from_sequence TEXT NOT NULL, until_sequence TEXT NOT NULL, revoked INTEGER NOT NULL, repudiations TEXT NOT NULL,
    PRIMARY KEY (device, epoch));
CREATE TABLE IF NOT EXISTS machine (position INTEGER PRIMARY KEY, device TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL, digest BLOB NOT NULL, count INTEGER NOT NULL, amount INTEGER NOT NULL,
    register INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sold (start INTEGER PRIMARY KEY, first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
    facts BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS gossip (size INTEGER NOT NULL, root BLOB NOT NULL, log_index INTEGER NOT NULL,
    PRIMARY KEY (size, root));
CREATE TABLE IF NOT EXISTS finding (id INTEGER PRIMARY KEY, code TEXT NOT NULL, place TEXT NOT NULL,
    detail TEXT NOT NULL, unverifiable INTEGER NOT NULL);
"""


class StateOfAnother(Exception):
    """The state file belongs to another log or chain, or is none."""

    code = Code("sweep.state_of_another")
    to_do = "Give another state file; this one belongs to another log or chain, and stays as it is."


class StateUnusable(Exception):
    """The state file can't be opened or written."""

    code = Code("sweep.state_unusable")
    to_do = "Name a file, new or of an earlier sweep, in a folder that you may write to."


class Book:
    """The sweep's progress at *path*, or in memory alone."""

    def __init__(self, path: Path | None, subject: str) -> None:
        """Open or begin the state for *subject*, the log and the chain in words."""
        try:
            self._db = sqlite3.connect(path or ":memory:")
            self._db.execute("PRAGMA journal_mode = WAL")
            found_form = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found_form != _FORM and self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise StateOfAnother(f"{path} was not written by this version of the sweep")
            self._db.execute(f"PRAGMA user_version = {_FORM}")
            self._db.executescript(_TABLES)
            self._db.execute("INSERT OR IGNORE INTO sweep VALUES (1, ?, 0, x'')", (subject,))
            self._db.commit()
            found = self._db.execute("SELECT subject, size, peaks FROM sweep").fetchone()
        except sqlite3.OperationalError as error:
            reason = "it is a folder" if path is not None and path.is_dir() else str(error)
            raise StateUnusable(f"{path}: {reason}") from error
        except sqlite3.DatabaseError as error:
            raise StateOfAnother(f"{path} is no sweep's state: {error}") from error
        if found[0] != subject:
            raise StateOfAnother(f"{path} is the state of {found[0]}, not of {subject}")
        try:
            self.findings()
        except ValueError as error:  # said in words that this version does not have
            raise StateOfAnother(f"{path} was not written by this version of the sweep") from error
        self.size: int = found[1]
        peaks = found[2]
        self.peaks = [Digest(peaks[at : at + 32]) for at in range(0, len(peaks), 32)]
        self._facts_from = lru_cache(maxsize=64)(self._load_facts)

    def tips(self) -> Iterator[ChainTip]:
        """The end of each machine's chain, in the order of their first records."""
        rows = self._db.execute(
            "SELECT device, epoch, sequence, digest, count, amount, register FROM machine ORDER BY position"
        )
        for device, epoch, sequence, digest, *counters in rows:
            yield ChainTip(
                device=DeviceId(device),
                epoch=epoch,
                sequence=sequence,
                payload_digest=Digest(digest),
                counters=Counters(*counters),
            )

    def heads(self) -> list[AnchoredHead]:
        """The heads reproduced so far, as the node then stated them."""
        rows = self._db.execute(
            "SELECT number, size, root, state, figures, annex, previous, block FROM head ORDER BY position"
        )
        return [AnchoredHead(*row) for row in rows]

    def keys(self) -> dict[tuple[bytes, int], HashedKey]:
        """The keys, as the registry had them when records were verified with them."""
        rows = self._db.execute("SELECT * FROM key")
        return {
            (device, epoch): HashedKey(
                x,
                y,
                from_sequence=int(first),
                until_sequence=int(until),
                revoked=bool(revoked),
                repudiations=tuple(Repudiation(*one) for one in json.loads(taken_back)),
            )
            for device, epoch, x, y, first, until, revoked, taken_back in rows
        }

    def keep_keys(self, keys: Mapping[tuple[bytes, int], HashedKey]) -> None:
        """Keep *keys*, before records are verified with them."""
        self._db.executemany(
            "INSERT OR REPLACE INTO key VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *name,
                    k.x,
                    k.y,
                    str(k.from_sequence),
                    str(k.until_sequence),
                    k.revoked,
                    json.dumps(k.repudiations),
                )
                for name, k in keys.items()
            ),
        )
        self._db.commit()

    def keep(
        self,
        piece: Piece,
        heads: Sequence[AnchoredHead],
        peaks: Iterable[bytes],
        positions: Mapping[DeviceId, int],
        findings: Iterable[Finding],
    ) -> None:
        """Keep the outcome of *piece*.

        *heads* are those that end in the piece, *peaks* the tree's up to its end, *positions* the machines'.
        """
        self._db.executemany("INSERT INTO head VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)", heads)
        self._db.executemany(
            "INSERT OR REPLACE INTO machine VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    positions[t.device],
                    t.device,
                    t.epoch,
                    t.sequence,
                    t.payload_digest,
                    *_counters(t),
                )
                for t in piece.tips.values()
            ),
        )
        if piece.sold:
            row = (piece.start, *piece.sold_between_ms, piece.sold)
            self._db.execute("INSERT INTO sold VALUES (?, ?, ?, ?)", row)
        self._db.executemany(
            "INSERT OR IGNORE INTO gossip VALUES (?, ?, ?)",
            ((size, root, index) for (size, root), index in piece.gossip.items()),
        )
        self._db.executemany(
            "INSERT INTO finding (code, place, detail, unverifiable) VALUES (?, ?, ?, ?)",
            (
                (code, json.dumps(where.as_plain()), json.dumps(detail.as_plain()), flag)
                for code, where, detail, flag in findings
            ),
        )
        self._db.execute("UPDATE sweep SET size = ?, peaks = ?", (piece.end, b"".join(peaks)))
        self._db.commit()
        self.size = piece.end

    def findings(self) -> list[Finding]:
        """The findings in the log so far."""
        rows = self._db.execute("SELECT code, place, detail, unverifiable FROM finding ORDER BY id")
        return [
            Finding(
                Code(code),
                where=said_of(json.loads(place)),
                detail=said_of(json.loads(detail)),
                unverifiable=bool(flag),
            )
            for code, place, detail, flag in rows
        ]

    def gossip(self) -> list[tuple[int, bytes, int]]:
        """Each head that a machine was shown: size, root, and the first record that names it."""
        return self._db.execute("SELECT size, root, log_index FROM gossip ORDER BY size").fetchall()

    def sold(self, log_indexes: Iterable[int]) -> dict[int, SoldFact]:
        """The sales and refunds among the records *log_indexes*."""
        starts = [row[0] for row in self._db.execute("SELECT start FROM sold ORDER BY start")]
        found: dict[int, SoldFact] = {}
        for index in log_indexes:
            place = bisect_right(starts, index)
            fact = self._facts_from(starts[place - 1]).get(index) if place else None
            if fact is not None:
                found[index] = fact
        return found

    def sold_between(self, first_ms: int, until_ms: int, below: int) -> list[SoldFact]:
        """The sales and refunds of that time below the log index *below*, in the log's order."""
        starts = self._db.execute(
            "SELECT start FROM sold WHERE last_ms >= ? AND first_ms < ? AND start < ? ORDER BY start",
            (first_ms, until_ms, below),
        )
        return [
            fact
            for (start,) in starts.fetchall()
            for fact in self._facts_from(start).values()
            if first_ms <= fact.time_ms < until_ms and fact.log_index < below
        ]

    def all_sold(self) -> Iterator[SoldFact]:
        """Every sale and refund, in the log's order."""
        for (data,) in self._db.execute("SELECT facts FROM sold ORDER BY start"):
            yield from unpack(data)

    def _load_facts(self, start: int) -> dict[int, SoldFact]:
        """The facts of the piece that begins at *start*, by their log index."""
        (data,) = self._db.execute("SELECT facts FROM sold WHERE start = ?", (start,)).fetchone()
        return {fact.log_index: fact for fact in unpack(data)}

    def sold_devices(self) -> list[str]:
        """Each machine that has a record in the log."""
        return [row[0] for row in self._db.execute("SELECT device FROM machine ORDER BY position")]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _counters(tip: ChainTip) -> tuple[int, int, int]:
    c = tip.counters
    return c.count, c.amount_minor, c.energy_register_wh
