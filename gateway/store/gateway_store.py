"""The append-only store: only what is committed here may be acknowledged.

Rules that this module keeps:

- SQLite runs in WAL mode with synchronous FULL: a commit is on the disk. PostgreSQL commits synchronously by default.
- Records are only ever added, each with the next place in the log. The order has one owner at a time: SQLite's write
  lock, or on PostgreSQL an advisory lock that is held for the transaction.
- :meth:`GatewayStore.append` commits a whole batch or nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, insert, select, text, tuple_
from sqlalchemy.dialects import sqlite

from counterfoil.database_link import link_limits
from counterfoil.gateway.record.chain_check import ChainTip
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey, KeyRing
from counterfoil.gateway.store.durability import require_durable
from counterfoil.gateway.store.rows import (
    OPEN_COLUMN,
    NewRecord,
    NewRefusal,
    equals_row,
    evidence_row,
    insert_records,
    key_of_row,
    record_row,
    refusal_row,
)
from counterfoil.gateway.store.schema import upgrade
from counterfoil.gateway.store.tables import DeviceKeyRow, Equivocation, RefusedRecord, StoredRecord

_APPEND_LOCK = 0x436F756E  # an arbitrary number that all gateways of one database share
_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]
_REFUSED = RefusedRecord.__table__  # type: ignore[attr-defined]
_EQUIVOCATION = Equivocation.__table__  # type: ignore[attr-defined]
_KEY = DeviceKeyRow.__table__  # type: ignore[attr-defined]
_KEY_COLUMNS = [
    _KEY.c[name]
    for name in ("device", "epoch", "x", "y", "from_sequence", "until_sequence", "status")
]


def open_store(url: str) -> GatewayStore:
    """Return the store at database *url*, its tables up to date (``sqlite:///gateway.db``, ``postgresql+psycopg://…``)."""
    engine = create_engine(
        url, pool_pre_ping=not url.startswith("sqlite"), connect_args=link_limits(url)
    )
    if engine.dialect.name == "sqlite":
        if engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        require_durable(engine)
    upgrade(engine)
    return GatewayStore(engine)


class GatewayStore:
    """Reads and appends; every method is one transaction of its own unless it takes a connection."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # ---- writes

    @contextlib.contextmanager
    def appending(self) -> Iterator[Connection]:
        """Open the one transaction that may append; it commits unless the block raises."""
        with self.engine.execution_options(appends=True).begin() as connection:
            if self.engine.dialect.name != "sqlite":
                connection.execute(
                    text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK}
                )
            yield connection

    def append(
        self,
        connection: Connection,
        accepted: Sequence[NewRecord],
        refused: Sequence[NewRefusal],
    ) -> int:
        """Add *accepted* to the log in their order, and keep *refused*; return the first one's log index."""
        first = self._size(connection)
        if accepted:
            insert_records(
                connection, [record_row(first + i, new) for i, new in enumerate(accepted)]
            )
        if refused:
            connection.execute(insert(_REFUSED), [refusal_row(r) for r in refused])
            evidence = [evidence_row(r) for r in refused if r.first_digest is not None]
            if evidence:
                connection.execute(self._insert_or_ignore(_EQUIVOCATION), evidence)
        return first

    def put_device_key(
        self, key: DeviceKey, certificate_hash: bytes, connection: Connection | None = None
    ) -> None:
        """Make the store hold *key* as the registry states it now."""
        row = {
            "device": key.device,
            "epoch": key.epoch,
            "x": key.key.x,
            "y": key.key.y,
            "certificate_hash": certificate_hash,
            "from_sequence": key.from_sequence,
            "until_sequence": min(key.until_sequence, OPEN_COLUMN),
            "status": key.status.value,
        }
        with contextlib.ExitStack() as stack:
            within = connection or stack.enter_context(self.engine.begin())
            same = (_KEY.c.device == key.device) & (_KEY.c.epoch == key.epoch)
            if within.execute(_KEY.update().where(same).values(row)).rowcount == 0:
                within.execute(insert(_KEY), [row])

    # ---- reads

    def size(self, connection: Connection | None = None) -> int:
        """Return how many records the log has; within the transaction of *connection*, if it is given."""
        with contextlib.ExitStack() as stack:
            return self._size(connection or stack.enter_context(self.engine.connect()))

    def records(self, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Return (log index, bytes) of up to *limit* records from index *start* on, in order."""
        query = (
            select(_RECORD.c.log_index, _RECORD.c.raw)
            .where(_RECORD.c.log_index >= start)
            .order_by(_RECORD.c.log_index)
            .limit(limit)
        )
        with self.engine.connect() as connection:
            return [(index, bytes(raw)) for index, raw in connection.execute(query)]

    def records_at(self, places: Sequence[int]) -> dict[int, bytes]:
        """Return the bytes of the records at these *places* in the log, by place; absent ones are left out."""
        found: dict[int, bytes] = {}
        with self.engine.connect() as connection:
            for at in range(0, len(places), 500):
                query = select(_RECORD.c.log_index, _RECORD.c.raw).where(
                    _RECORD.c.log_index.in_(places[at : at + 500])
                )
                found.update((index, bytes(raw)) for index, raw in connection.execute(query))
        return found

    def find(self, device: DeviceId, epoch: int, sequence: int) -> tuple[int, bytes] | None:
        """Return (log index, bytes) of one record, or None; also for a number that the column can't hold."""
        if max(epoch, sequence) >= 2**63:
            return None
        query = select(_RECORD.c.log_index, _RECORD.c.raw).where(
            (_RECORD.c.device == device)
            & (_RECORD.c.epoch == epoch)
            & (_RECORD.c.sequence == sequence)
        )
        with self.engine.connect() as connection:
            found = connection.execute(query).first()
        return None if found is None else (found[0], bytes(found[1]))

    def indexes_behind(self, device: DeviceId, epoch: int, sequence: int) -> list[int]:
        """Return the log indexes of the device's records of *epoch* behind the number *sequence*."""
        if max(epoch, sequence) >= 2**63:
            return []
        query = select(_RECORD.c.log_index).where(
            (_RECORD.c.device == device)
            & (_RECORD.c.epoch == epoch)
            & (_RECORD.c.sequence > sequence)
        )
        with self.engine.connect() as connection:
            return sorted(connection.execute(query).scalars())

    def which_are_stored(
        self, places: Sequence[tuple[DeviceId, int, int]]
    ) -> set[tuple[DeviceId, int, int]]:
        """Return those of (device, epoch, sequence) under which the log has a record."""
        found: set[tuple[DeviceId, int, int]] = set()
        place = (_RECORD.c.device, _RECORD.c.epoch, _RECORD.c.sequence)
        with self.engine.connect() as connection:
            for at in range(0, len(places), 500):
                query = select(*place).where(tuple_(*place).in_(places[at : at + 500]))
                found.update(
                    (DeviceId(row[0]), row[1], row[2]) for row in connection.execute(query)
                )
        return found

    def digest_of(
        self, connection: Connection, device: DeviceId, epoch: int, sequence: int
    ) -> Digest | None:
        """Return the payload digest that was accepted under this number, or None."""
        query = select(_RECORD.c.payload_digest).where(
            (_RECORD.c.device == device)
            & (_RECORD.c.epoch == epoch)
            & (_RECORD.c.sequence == sequence)
        )
        found = connection.execute(query).scalar()
        return None if found is None else Digest(bytes(found))

    def tip(self, connection: Connection, device: DeviceId) -> ChainTip | None:
        """Return the newest accepted record of *device*, its chain's end; None before its first."""
        query = (
            select(_RECORD.c.raw)
            .where(_RECORD.c.device == device)
            .order_by(_RECORD.c.epoch.desc(), _RECORD.c.sequence.desc())
            .limit(1)
        )
        raw = connection.execute(query).scalar()
        if raw is None:
            return None
        signed = decode(bytes(raw))
        record = signed.record
        return ChainTip(
            record.device, record.epoch, record.sequence, signed.payload_digest, record.counters
        )

    def device_keys(self, known: KeyRing | None = None) -> dict[tuple[DeviceId, int], DeviceKey]:
        """Return every registered key by (device, epoch).

        A key that *known* has unchanged is the same object, with what was computed from it.
        """
        had = {} if known is None else known
        found: dict[tuple[DeviceId, int], DeviceKey] = {}
        with self.engine.connect() as connection:
            for device, epoch, *said in connection.execute(select(*_KEY_COLUMNS)):
                name = (device, epoch)
                key = had.get(name)
                found[name] = (
                    key if key is not None and equals_row(key, *said) else key_of_row(*name, *said)
                )
        return found

    def refused_count(self) -> int:
        """Return how many records were refused."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(_REFUSED)).scalar_one())

    def equivocations(self) -> int:
        """Return how many pieces of evidence of equivocation are kept."""
        with self.engine.connect() as connection:
            return int(
                connection.execute(select(func.count()).select_from(_EQUIVOCATION)).scalar_one()
            )

    # ---- parts

    def _size(self, connection: Connection) -> int:
        newest = connection.execute(select(func.max(_RECORD.c.log_index))).scalar()
        return 0 if newest is None else int(newest) + 1

    def _insert_or_ignore(self, table: Any) -> Any:
        if self.engine.dialect.name == "sqlite":
            return sqlite.insert(table).on_conflict_do_nothing()
        # Loaded only where they are used: the dialects take three megabytes.
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table).on_conflict_do_nothing()


def _set_pragmas(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin a transaction; one that appends takes SQLite's write lock at once."""
    appends = connection.get_execution_options().get("appends", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if appends else "BEGIN")
