"""Sales and refunds in the gateway's store, for a set of devices and a period.

Rules kept here:

* Takings are sales less refunds, in minor units of one currency. Times are ms UTC by the device's
  clock; a period is from *first_ms* up to, not including, *until_ms*.
* The database sums by quarter of an hour: the days of every time zone consist of whole quarters.
  The sums of local days are made of these here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Select, case, func, select

from counterfoil.gateway.record.bodies import Kind
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.signed_record import SignedRecord, decode
from counterfoil.gateway.store.tables import StoredRecord

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]
_QUARTER_MS = 900_000
_MONEY = (int(Kind.SALE), int(Kind.REFUND))


@dataclass(frozen=True)
class Stored:
    """A record with its place in the log."""

    log_index: int
    received_ms: int
    signed: SignedRecord


@dataclass(frozen=True)
class Tip:
    """The end of a device's chain, and the times of its last record and last sale (ms, None for never)."""

    epoch: int
    sequence: int
    time_ms: int
    sold_ms: int | None
    state: str | None


@dataclass
class Takings:
    """Takings in *currency* and numbers of sales, by day and device."""

    currency: str
    by_day: dict[date, dict[DeviceId, int]]
    sales: dict[date, dict[DeviceId, int]]

    def total(self, first: date, last: date, device: DeviceId | None = None) -> int:
        """Return the takings of the days *first* to *last*, both included, of one device or all."""
        return _sum(table=self.by_day, first=first, last=last, device=device)

    def count(self, first: date, last: date, device: DeviceId | None = None) -> int:
        """Return the number of sales of these days."""
        return _sum(table=self.sales, first=first, last=last, device=device)


def _sum(
    table: dict[date, dict[DeviceId, int]], first: date, last: date, device: DeviceId | None
) -> int:
    days = (row for day, row in table.items() if first <= day <= last)
    return sum(sum(row.values()) if device is None else row.get(device, 0) for row in days)


def start_of(day: date, zone: ZoneInfo) -> int:
    """Return the ms UTC at which *day* begins in *zone*."""
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()) * 1000


def day_of(time_ms: int, zone: ZoneInfo) -> date:
    """Return the local day of *time_ms*."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(zone).date()


class SalesReads:
    """Reads of one gateway store."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _all(self, query: Select[Any]) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(query))

    def newest_ms(self, devices: Collection[DeviceId]) -> int | None:
        """Return the time of the newest sale or refund of *devices*."""
        query = select(func.max(_RECORD.c.time_ms)).where(
            _RECORD.c.device.in_(devices), _RECORD.c.kind.in_(_MONEY)
        )
        found: int | None = self._all(query)[0][0]
        return found

    def takings(
        self, devices: Collection[DeviceId], first: date, last: date, zone: ZoneInfo
    ) -> dict[str, Takings]:
        """Return the takings of the local days *first* to *last*, both included, by currency."""
        quarter = (_RECORD.c.time_ms - _RECORD.c.time_ms % _QUARTER_MS).label("quarter")
        is_sale = _RECORD.c.kind == int(Kind.SALE)
        amount = case((is_sale, _RECORD.c.amount_minor), else_=-_RECORD.c.amount_minor)
        query = (
            select(
                _RECORD.c.device,
                _RECORD.c.currency,
                quarter,
                func.sum(amount),
                func.sum(case((is_sale, 1), else_=0)),
            )
            .where(
                _RECORD.c.device.in_(devices),
                _RECORD.c.kind.in_(_MONEY),
                _RECORD.c.time_ms >= start_of(first, zone),
                _RECORD.c.time_ms < start_of(last + timedelta(days=1), zone),
            )
            .group_by(_RECORD.c.device, _RECORD.c.currency, quarter)
        )
        found: dict[str, Takings] = {}
        for device, currency, begins, minor, sales in self._all(query):
            takings = found.setdefault(currency, Takings(currency, {}, {}))
            day = day_of(int(begins), zone)
            _add(table=takings.by_day, day=day, device=device, more=int(minor))
            _add(table=takings.sales, day=day, device=device, more=int(sales))
        return found

    def sales_under(
        self, devices: Collection[DeviceId], first_ms: int, until_ms: int, sizes: Iterable[int]
    ) -> list[int]:
        """Return the number of the period's sales under the head of each of *sizes*, then the number of all."""
        columns = [func.sum(case((_RECORD.c.log_index < size, 1), else_=0)) for size in sizes]
        query = select(*columns, func.count()).where(
            _RECORD.c.device.in_(devices),
            _RECORD.c.kind == int(Kind.SALE),
            _RECORD.c.time_ms >= first_ms,
            _RECORD.c.time_ms < until_ms,
        )
        return [int(value or 0) for value in self._all(query)[0]]

    def tips(self, devices: Collection[DeviceId]) -> dict[DeviceId, Tip]:
        """Return the end of each device's chain; devices without a record are left out."""
        last = self._newest(devices, None)
        sold = self._newest(devices, Kind.SALE)
        stated = self._newest(devices, Kind.STATUS)
        found: dict[DeviceId, Tip] = {}
        for device, row in last.items():
            status = stated.get(device)
            state = None if status is None else decode(bytes(status.raw)).record.body.state  # type: ignore[union-attr]
            sale = sold.get(device)
            found[device] = Tip(
                row.epoch,
                row.sequence,
                row.time_ms,
                sold_ms=None if sale is None else sale.time_ms,
                state=state,
            )
        return found

    def _newest(self, devices: Collection[DeviceId], kind: Kind | None) -> dict[DeviceId, Any]:
        query = select(func.max(_RECORD.c.log_index)).where(_RECORD.c.device.in_(devices))
        if kind is not None:
            query = query.where(_RECORD.c.kind == int(kind))
        newest = query.group_by(_RECORD.c.device).scalar_subquery()
        rows = self._all(select(_RECORD).where(_RECORD.c.log_index.in_(newest)))
        return {DeviceId(row.device): row for row in rows}

    def sales(
        self,
        devices: Collection[DeviceId],
        first_ms: int,
        until_ms: int,
        limit: int,
        before: tuple[int, int] | None = None,
    ) -> list[Stored]:
        """Return the newest *limit* sales and refunds of the period, older than *before* (time, index)."""
        query = select(_RECORD.c.log_index, _RECORD.c.received_ms, _RECORD.c.raw).where(
            _RECORD.c.device.in_(devices),
            _RECORD.c.kind.in_(_MONEY),
            _RECORD.c.time_ms >= first_ms,
            _RECORD.c.time_ms < until_ms,
        )
        if before is not None:
            time_ms, index = before
            query = query.where(
                (_RECORD.c.time_ms < time_ms)
                | ((_RECORD.c.time_ms == time_ms) & (_RECORD.c.log_index < index))
            )
        query = query.order_by(_RECORD.c.time_ms.desc(), _RECORD.c.log_index.desc()).limit(limit)
        return [_stored(row) for row in self._all(query)]


def _add(table: dict[date, dict[DeviceId, int]], day: date, device: DeviceId, more: int) -> None:
    row = table.setdefault(day, {})
    row[device] = row.get(device, 0) + more


def _stored(row: Any) -> Stored:
    return Stored(row.log_index, row.received_ms, decode(bytes(row.raw)))
