"""Records by log index, and what proves them: predecessor and key."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func, select

from counterfoil.api.records.sales import Stored
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.store.tables import DeviceKeyRow, RefusedRecord, StoredRecord

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]
_REFUSED = RefusedRecord.__table__  # type: ignore[attr-defined]
_KEY = DeviceKeyRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class StoredKey:
    """A device's registered signing key, as the gateway's store holds it."""

    epoch: int
    x: bytes
    y: bytes
    certificate_hash: bytes
    from_sequence: int
    until_sequence: int
    status: str


@dataclass(frozen=True)
class RefusedRow:
    """A refused record, as it came."""

    id: int
    device: str | None
    epoch: int | None
    sequence: int | None
    code: str
    detail: str
    received_ms: int
    raw: bytes


class RecordReads:
    """Reads of one gateway store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def at(self, log_index: int) -> Stored | None:
        """Return the record at this log index."""
        return self._one(_RECORD.c.log_index == log_index)

    def by_number(self, device: DeviceId, epoch: int, sequence: int) -> Stored | None:
        """Return the device's record of this epoch and sequence."""
        return self._one(
            (_RECORD.c.device == device)
            & (_RECORD.c.epoch == epoch)
            & (_RECORD.c.sequence == sequence)
        )

    def before(self, stored: Stored) -> Stored | None:
        """Return the record that *stored* follows in its device's chain; None for the first."""
        record = stored.signed.record
        if record.link is not None:
            return self.by_number(record.device, record.link.epoch, record.link.sequence)
        return self.by_number(record.device, record.epoch, record.sequence - 1)

    def page(
        self,
        devices: Collection[DeviceId] | None,
        kind: int | None,
        after: int,
        limit: int,
    ) -> list[Stored]:
        """Return up to *limit* records after log index *after*, in the log's order; *devices* None is all."""
        query = select(_RECORD.c.log_index, _RECORD.c.received_ms, _RECORD.c.raw).where(
            _RECORD.c.log_index > after
        )
        if devices is not None:
            query = query.where(_RECORD.c.device.in_(devices))
        if kind is not None:
            query = query.where(_RECORD.c.kind == kind)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(_RECORD.c.log_index).limit(limit)).all()
        return [Stored(row.log_index, row.received_ms, decode(bytes(row.raw))) for row in rows]

    def refused(self, devices: Collection[str] | None, after: int, limit: int) -> list[RefusedRow]:
        """Return up to *limit* refused records after id *after*, by id; *devices* None is all."""
        query = select(_REFUSED).where(_REFUSED.c.id > after).order_by(_REFUSED.c.id).limit(limit)
        if devices is not None:
            query = query.where(_REFUSED.c.device.in_(devices))
        with self._engine.connect() as connection:
            return [_refused(row) for row in connection.execute(query)]

    def refused_at(self, number: int) -> RefusedRow | None:
        """One refused record."""
        with self._engine.connect() as connection:
            row = connection.execute(select(_REFUSED).where(_REFUSED.c.id == number)).first()
        return None if row is None else _refused(row)

    def devices(self) -> list[DeviceId]:
        """Return every device that has a key or a record, by name."""
        with self._engine.connect() as connection:
            keys = connection.execute(select(_KEY.c.device).distinct()).scalars().all()
        return sorted(DeviceId(name) for name in keys)

    def keys(self, device: DeviceId) -> list[StoredKey]:
        """Return the registered keys of *device*, by epoch."""
        query = select(_KEY).where(_KEY.c.device == device).order_by(_KEY.c.epoch)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            StoredKey(
                row.epoch,
                x=bytes(row.x),
                y=bytes(row.y),
                certificate_hash=bytes(row.certificate_hash),
                from_sequence=row.from_sequence,
                until_sequence=row.until_sequence,
                status=row.status,
            )
            for row in rows
        ]

    def newest_index(self, devices: Collection[DeviceId]) -> int:
        """Return the newest log index of a record of *devices*; -1 for none."""
        query = select(func.max(_RECORD.c.log_index)).where(_RECORD.c.device.in_(devices))
        with self._engine.connect() as connection:
            newest = connection.execute(query).scalar()
        return -1 if newest is None else int(newest)

    def _one(self, condition: object) -> Stored | None:
        query = select(_RECORD.c.log_index, _RECORD.c.received_ms, _RECORD.c.raw).where(
            condition  # type: ignore[arg-type]
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return (
            None if row is None else Stored(row.log_index, row.received_ms, decode(bytes(row.raw)))
        )


def _refused(row: Any) -> RefusedRow:
    return RefusedRow(
        row.id,
        row.device,
        row.epoch,
        sequence=row.sequence,
        code=row.code,
        detail=row.detail,
        received_ms=row.received_ms,
        raw=bytes(row.raw),
    )
