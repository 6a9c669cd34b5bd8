"""Inserts records into their table, many rows a statement.

SQLite's driver gives up the interpreter's lock at every statement, and at every row of an ``executemany``. Beside a
busy event loop, getting it back takes milliseconds each time, so a batch is inserted by as few statements as possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from sqlalchemy import Connection, insert

from counterfoil.gateway.store.tables import StoredRecord

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]

RECORD_COLUMNS = (
    "log_index",
    "device",
    "epoch",
    "sequence",
    "payload_digest",
    "kind",
    "time_ms",
    "received_ms",
    "business_date",
    "amount_minor",
    "currency",
    "energy_wh",
    "payment_method",
    "payment_reference",
    "raw",
)
Row = tuple[int | str | bytes | None, ...]
"""Values in the order of ``RECORD_COLUMNS``."""

_ROWS_A_STATEMENT = (512, 64, 8, 1)
"""Few sizes, so that their statements stay compiled. The largest has 7,680 values; SQLite takes 32,766."""


def insert_records(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert *rows* within the transaction of *connection*."""
    if connection.dialect.name != "sqlite":
        named = [dict(zip(RECORD_COLUMNS, row, strict=True)) for row in rows]
        connection.execute(insert(_RECORD), named)
        return
    at = 0
    for size in _ROWS_A_STATEMENT:
        while len(rows) - at >= size:
            values = tuple(chain.from_iterable(rows[at : at + size]))
            connection.exec_driver_sql(_STATEMENTS[size], values)
            at += size


def _statement(rows: int) -> str:
    one = f"({', '.join('?' * len(RECORD_COLUMNS))})"
    into = f"INSERT INTO record ({', '.join(RECORD_COLUMNS)}) VALUES "  # noqa: S608  # names from above
    return into + ", ".join([one] * rows)


_STATEMENTS = {size: _statement(size) for size in _ROWS_A_STATEMENT}
