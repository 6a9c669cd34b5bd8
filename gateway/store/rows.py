"""Records, refusals and keys as rows of their tables, and back; records are inserted many rows a statement.

SQLite's driver gives up the interpreter's lock at every statement, and at every row of an ``executemany``. Beside a
busy event loop, getting it back takes milliseconds each time, so a batch is inserted by as few statements as possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, insert

from counterfoil.gateway.record.bodies import MeterInterval, Refund, Sale
from counterfoil.gateway.record.identity import DeviceId, Digest, PublicKey
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.gateway.record.verification import OPEN_SEQUENCE, DeviceKey, KeyStatus
from counterfoil.gateway.store.tables import StoredRecord

OPEN_COLUMN = 2**63 - 1
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


@dataclass(frozen=True, slots=True)
class NewRecord:
    """An accepted record and the gateway's UTC clock at its receipt, in ms."""

    signed: SignedRecord
    received_ms: int


@dataclass(frozen=True, slots=True)
class NewRefusal:
    """What was sent by *peer* and not accepted; ``first_digest`` is set on equivocation."""

    raw: bytes
    code: str
    detail: str
    received_ms: int
    peer: str
    device: DeviceId | None = None
    epoch: int | None = None
    sequence: int | None = None
    first_digest: Digest | None = None
    second_digest: Digest | None = None


def record_row(log_index: int, new: NewRecord) -> Row:
    """Return the record's values in the order of ``RECORD_COLUMNS``."""
    record, body = new.signed.record, new.signed.record.body
    money = body if isinstance(body, Sale | Refund) else None
    return (
        log_index,
        record.device,
        record.epoch,
        record.sequence,
        new.signed.payload_digest,
        int(body.kind),
        record.time_ms,
        new.received_ms,
        business_date(record.time_ms),
        money.amount_minor if money else None,
        money.currency if money else None,
        body.energy_wh if isinstance(body, MeterInterval) else None,
        body.payment_method if isinstance(body, Sale) else None,
        money.payment_reference if money else None,
        new.signed.raw,
    )


def refusal_row(refused: NewRefusal) -> dict[str, Any]:
    """Return the columns of a refused record."""
    return {
        "device": refused.device,
        "epoch": refused.epoch if refused.epoch is None or refused.epoch < OPEN_COLUMN else None,
        "sequence": refused.sequence
        if refused.sequence is None or refused.sequence < OPEN_COLUMN
        else None,
        "raw": refused.raw,
        "code": refused.code,
        "detail": refused.detail[:500],
        "received_ms": refused.received_ms,
        "peer": refused.peer,
    }


def evidence_row(refused: NewRefusal) -> dict[str, Any]:
    """Return the columns of the evidence of an equivocation."""
    return {
        "device": refused.device,
        "epoch": refused.epoch,
        "sequence": refused.sequence,
        "first_digest": refused.first_digest,
        "second_digest": refused.second_digest,
        "second_raw": refused.raw,
        "received_ms": refused.received_ms,
    }


def equals_row(
    key: DeviceKey, x: bytes, y: bytes, from_sequence: int, until_sequence: int, status: str
) -> bool:
    """Return whether *key* equals the columns."""
    return (
        key.key.x == x
        and key.key.y == y
        and key.from_sequence == from_sequence
        and min(key.until_sequence, OPEN_COLUMN) == until_sequence
        and key.status == status
    )


def key_of_row(
    device: str,
    epoch: int,
    x: bytes,
    y: bytes,
    from_sequence: int,
    until_sequence: int,
    status: str,
) -> DeviceKey:
    """Return the device key that the columns state."""
    return DeviceKey(
        device=DeviceId(device),
        epoch=epoch,
        key=PublicKey(bytes(x), bytes(y)),
        from_sequence=from_sequence,
        until_sequence=OPEN_SEQUENCE if until_sequence == OPEN_COLUMN else until_sequence,
        status=KeyStatus(status),
    )


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
