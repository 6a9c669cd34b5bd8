"""A device's durable state: the end of its chain, and the signed records not yet answered.

Rules kept here:

* A record is in the journal, synced to the disk, before anyone else can see its bytes. Taking
  the next number and storing what was signed under it are one transaction, so a number is used
  once, whenever the process is killed.
* Records are sent in the order of signing. They are forgotten only after they were answered
  (``outbox`` says by what). The newest answered ones are kept, in case the gateway asks again.
* The journal must not be restored from a backup: the device would use numbers twice.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from counterfoil.gateway.errors import JournalError
from counterfoil.gateway.record.identity import DeviceId, Digest, KeyId
from counterfoil.gateway.record.record import Counters, EpochLink, GossipedHead

KEPT_ANSWERED = 2_000
Position = tuple[int, int]
"""(epoch, sequence)."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS chain (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    device TEXT NOT NULL,
    stream TEXT NOT NULL,
    kid BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    prev BLOB NOT NULL,
    count INTEGER NOT NULL,
    amount_minor INTEGER NOT NULL,
    energy_register_wh INTEGER NOT NULL,
    started INTEGER NOT NULL,
    link_epoch INTEGER,
    link_sequence INTEGER,
    head_size INTEGER,
    head_root BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    payload_digest BLOB NOT NULL,
    raw BLOB NOT NULL,
    state INTEGER NOT NULL,
    UNIQUE (epoch, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS record_by_state ON record (state, id);
"""


class EntryState(IntEnum):
    """What has happened to a record of the journal."""

    UNSENT = 0
    SENT = 1
    ANSWERED = 2


@dataclass(frozen=True, slots=True)
class ChainState:
    """The end of the chain: *sequence* is the last one used in *epoch*, 0 for none.

    ``counters`` is None before the device's first record, but for the register that it starts
    from; ``link`` is the link that the first record of the current epoch must have.
    """

    device: DeviceId
    stream: str
    kid: KeyId
    epoch: int
    sequence: int
    prev: Digest
    counters: Counters
    started: bool
    link: EpochLink | None
    head: GossipedHead | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One signed record of the journal; ``number`` grows in the order of signing."""

    number: int
    epoch: int
    sequence: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A newly signed record and the chain's state after it, to be stored together."""

    raw: bytes
    payload_digest: Digest
    after: ChainState


class Journal:
    """The journal in the SQLite file at *path*; one object may be used by several threads."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        try:
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA busy_timeout = 10000")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise JournalError(f"{path}: {error}") from error
        path.chmod(0o600)

    def close(self) -> None:
        """Close the file; every change is committed already."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def create(self, chain: ChainState) -> None:
        """Store the state in which a new device starts; JournalError when there is one."""
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM chain").fetchone():
                raise JournalError("the journal belongs to a device already")
            self._store(db, chain)

    def chain(self) -> ChainState:
        """Return the end of the chain; JournalError before ``create``."""
        with self._lock:
            return self._load(self._db)

    def append(self, sign: Callable[[ChainState], Sequence[NewEntry]]) -> None:
        """Store what *sign* returns for the chain's state, all of it or none, durably.

        *sign* runs inside the transaction, so no other process can take the same numbers.
        """
        with self._transaction() as db:
            signed = sign(self._load(db))
            db.executemany(
                "INSERT INTO record (epoch, sequence, payload_digest, raw, state) "
                "VALUES (?, ?, ?, ?, 0)",
                [(s.after.epoch, s.after.sequence, s.payload_digest, s.raw) for s in signed],
            )
            if signed:
                self._store(db, signed[-1].after)

    def change(self, change: Callable[[ChainState], ChainState]) -> None:
        """Replace the chain's state by what *change* returns for it: for a new epoch or head."""
        with self._transaction() as db:
            self._store(db, change(self._load(db)))

    def unsent(self, after: int = 0, limit: int = 500) -> list[JournalEntry]:
        """Return the oldest unsent records whose number is over *after*, at most *limit*."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, epoch, sequence, raw FROM record WHERE state = 0 AND id > ? "
                "ORDER BY id LIMIT ?",
                (after, limit),
            ).fetchall()
        return [JournalEntry(*row) for row in rows]

    def find(self, epoch: int, sequence: int) -> tuple[JournalEntry, Digest] | None:
        """Return the record at (*epoch*, *sequence*) and its digest, None when it is gone."""
        with self._lock:
            row = self._db.execute(
                "SELECT id, epoch, sequence, raw, payload_digest FROM record "
                "WHERE epoch = ? AND sequence = ?",
                (epoch, sequence),
            ).fetchone()
        return None if row is None else (JournalEntry(*row[:4]), Digest(row[4]))

    def mark_sent(self, numbers: Sequence[int]) -> None:
        """Note that the broker acknowledged these records; a promise or receipt is still awaited."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE record SET state = 1 WHERE id = ? AND state = 0",
                [(number,) for number in numbers],
            )

    def mark_answered(self, numbers: Sequence[int]) -> None:
        """Note that these records were answered; forget the oldest answered ones."""
        with self._transaction() as db:
            db.executemany(
                "UPDATE record SET state = 2 WHERE id = ?", [(number,) for number in numbers]
            )
            self._prune(db)

    def mark_answered_up_to(self, number: int) -> None:
        """Note that this record was answered, and so were all before it."""
        with self._transaction() as db:
            db.execute("UPDATE record SET state = 2 WHERE id <= ? AND state < 2", (number,))
            self._prune(db)

    def send_again(self, position: Position | None = None) -> int:
        """Make the sent records that were not answered unsent again, and return how many.

        With a *position*, do so for all from there on, even answered ones that are still kept.
        """
        with self._transaction() as db:
            if position is None:
                return db.execute("UPDATE record SET state = 0 WHERE state = 1").rowcount
            return db.execute(
                "UPDATE record SET state = 0 WHERE state > 0 AND (epoch, sequence) >= (?, ?)",
                position,
            ).rowcount

    def counts(self) -> dict[EntryState, int]:
        """Return how many records the journal holds in each state."""
        with self._lock:
            rows = self._db.execute("SELECT state, count(*) FROM record GROUP BY state").fetchall()
        found = {EntryState(state): count for state, count in rows}
        return {state: found.get(state, 0) for state in EntryState}

    @staticmethod
    def _prune(db: sqlite3.Connection) -> None:
        db.execute(
            "DELETE FROM record WHERE state = 2 AND id <= "
            "(SELECT max(id) FROM record WHERE state = 2) - ?",
            (KEPT_ANSWERED,),
        )

    @staticmethod
    def _load(db: sqlite3.Connection) -> ChainState:
        row = db.execute(
            "SELECT device, stream, kid, epoch, sequence, prev, count, amount_minor, "
            "energy_register_wh, started, link_epoch, link_sequence, head_size, head_root "
            "FROM chain"
        ).fetchone()
        if row is None:
            raise JournalError("the journal belongs to no device yet")
        return ChainState(
            device=DeviceId(row[0]),
            stream=row[1],
            kid=KeyId(row[2]),
            epoch=row[3],
            sequence=row[4],
            prev=Digest(row[5]),
            counters=Counters(row[6], row[7], row[8]),
            started=bool(row[9]),
            link=None if row[10] is None else EpochLink(row[10], row[11]),
            head=None if row[12] is None else GossipedHead(row[12], Digest(row[13])),
        )

    @staticmethod
    def _store(db: sqlite3.Connection, chain: ChainState) -> None:
        counters, link, head = chain.counters, chain.link, chain.head
        db.execute(
            "INSERT OR REPLACE INTO chain VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                chain.device,
                chain.stream,
                chain.kid,
                chain.epoch,
                chain.sequence,
                chain.prev,
                counters.count,
                counters.amount_minor,
                counters.energy_register_wh,
                int(chain.started),
                None if link is None else link.epoch,
                None if link is None else link.sequence,
                None if head is None else head.size,
                None if head is None else head.root,
            ),
        )
