"""What a record can say: one frozen class for each kind of body.

Rules kept here:

* A body that exists is in range: constructing one outside its range raises MalformedPayloadError,
  on the device and on the gateway.
* Money is an integer in minor units of its currency, energy is in Wh, times are UTC milliseconds
  since 1970 by the device's clock, positions are 1e-7 degrees. Nothing is a float.
* The integer keys are those of docs/formats/record.md and are never reused. ``to_cbor`` gives the
  map to encode; ``read`` reads its deterministic encoding at a position of a payload and returns
  the body and the position after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from functools import lru_cache
from typing import Any, ClassVar

from counterfoil.gateway.errors import MalformedPayloadError
from counterfoil.gateway.record.cbor import (
    MAX_INTEGER,
    expect,
    read_int,
    read_map,
    read_text,
    read_uint,
)
from counterfoil.gateway.record.ranges import (
    MAX_EPOCH,
    MAX_TIME_MS,
    check_currency,
    check_integer,
    check_no_more_keys,
    check_text,
    check_word,
    without_checks,
)
from counterfoil.gateway.record.sale_line import MAX_LINES, SaleLine, read_lines


class Kind(IntEnum):
    """What a record is about; the number stands in the payload under key 8."""

    SALE = 1
    REFUND = 2
    METER_INTERVAL = 3
    STATUS = 4
    LOCATION = 5
    ALARM = 6
    DAILY_CLOSING = 7


def _check_words(currency: str, payment_method: str, scheme: str | None) -> None:
    check_currency(currency)
    check_word("payment_method", payment_method)
    if scheme is not None:
        check_word("commodity_scheme", scheme)


_check_words_once = lru_cache(maxsize=4096)(_check_words)


@dataclass(frozen=True, slots=True)
class Sale:
    """*amount_minor* was taken. The lines may add up to another sum: discounts are not lines.

    ``commodity_scheme`` says what the lines' commodity codes are: ``gtin``, or ``own`` (absent).
    """

    kind: ClassVar[Kind] = Kind.SALE
    amount_minor: int
    currency: str
    payment_method: str
    payment_reference: str | None = None
    lines: tuple[SaleLine, ...] = ()
    commodity_scheme: str | None = None

    def __post_init__(self) -> None:
        check_integer("amount_minor", self.amount_minor)
        _check_words(self.currency, self.payment_method, self.commodity_scheme)
        if self.payment_reference is not None:
            check_text("payment_reference", self.payment_reference, 128)
        if type(self.lines) is not tuple or len(self.lines) > MAX_LINES:
            raise MalformedPayloadError(f"a sale has at most {MAX_LINES} lines")

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order; what is absent has no key."""
        body: dict[int, Any] = {1: self.amount_minor, 2: self.currency, 3: self.payment_method}
        if self.payment_reference is not None:
            body[4] = self.payment_reference
        if self.lines:
            body[5] = [
                [line.commodity, line.quantity, line.unit_price_minor]
                if line.slot is None
                else [line.commodity, line.quantity, line.unit_price_minor, line.slot]
                for line in self.lines
            ]
        if self.commodity_scheme is not None:
            body[6] = self.commodity_scheme
        return body

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[Sale, int]:
        """Return the sale at *at* and the position after it."""
        left, at = read_map(data, at)
        amount, at = read_uint(data, at, 1)
        currency, at = read_text(data, at, 2)
        method, at = read_text(data, at, 3)
        left -= 3
        reference = scheme = None
        lines: tuple[SaleLine, ...] = ()
        if left and data[at] == 4:
            reference, at = read_text(data, at + 1)
            left -= 1
        if left and data[at] == 5:
            lines, at = read_lines(data, at + 1)
            left -= 1
        if left and data[at] == 6:
            scheme, at = read_text(data, at + 1)
            left -= 1
        check_no_more_keys(left, at)
        _check_words_once(currency, method, scheme)
        if reference is not None:
            check_text("payment_reference", reference, 128)
        return _sale_in_range(amount, currency, method, reference, lines, scheme), at


_sale_in_range = without_checks(Sale)


@dataclass(frozen=True, slots=True)
class Refund:
    """*amount_minor* was given back for the sale at (*refunded_epoch*, *refunded_sequence*)."""

    kind: ClassVar[Kind] = Kind.REFUND
    amount_minor: int
    currency: str
    refunded_epoch: int
    refunded_sequence: int
    reason: str | None = None
    payment_reference: str | None = None

    def __post_init__(self) -> None:
        check_integer("amount_minor", self.amount_minor)
        check_currency(self.currency)
        check_integer(name="refunded epoch", value=self.refunded_epoch, lowest=1, highest=MAX_EPOCH)
        check_integer("refunded sequence", self.refunded_sequence, 1)
        if self.reason is not None:
            check_text("reason", self.reason, 256)
        if self.payment_reference is not None:
            check_text("payment_reference", self.payment_reference, 128)

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order."""
        body: dict[int, Any] = {
            1: self.amount_minor,
            2: self.currency,
            3: [self.refunded_epoch, self.refunded_sequence],
        }
        if self.reason is not None:
            body[4] = self.reason
        if self.payment_reference is not None:
            body[5] = self.payment_reference
        return body

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[Refund, int]:
        """Return the refund at *at* and the position after it."""
        left, at = read_map(data, at)
        amount, at = read_uint(data, at, 1)
        currency, at = read_text(data, at, 2)
        epoch, at = read_uint(data, expect(data, expect(data, at, 3), 0x82))
        sequence, at = read_uint(data, at)
        left -= 3
        reason = reference = None
        if left and data[at] == 4:
            reason, at = read_text(data, at + 1)
            left -= 1
        if left and data[at] == 5:
            reference, at = read_text(data, at + 1)
            left -= 1
        check_no_more_keys(left, at)
        return cls(amount, currency, epoch, sequence, reason, reference), at


@dataclass(frozen=True, slots=True)
class MeterInterval:
    """*energy_wh* flowed from *start_ms* to *end_ms*; the register then stood at *register_wh*."""

    kind: ClassVar[Kind] = Kind.METER_INTERVAL
    start_ms: int
    end_ms: int
    energy_wh: int
    register_wh: int
    reactive_varh: int | None = None

    def __post_init__(self) -> None:
        check_integer(name="start_ms", value=self.start_ms, lowest=0, highest=MAX_TIME_MS)
        check_integer(
            name="end_ms", value=self.end_ms, lowest=self.start_ms + 1, highest=MAX_TIME_MS
        )
        check_integer("energy_wh", self.energy_wh)
        check_integer("register_wh", self.register_wh, self.energy_wh)
        if self.reactive_varh is not None:
            check_integer("reactive_varh", self.reactive_varh, -MAX_INTEGER)

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order."""
        body = {1: self.start_ms, 2: self.end_ms, 3: self.energy_wh, 4: self.register_wh}
        if self.reactive_varh is not None:
            body[5] = self.reactive_varh
        return body

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[MeterInterval, int]:
        """Return the interval at *at* and the position after it."""
        left, at = read_map(data, at)
        start, at = read_uint(data, at, 1)
        end, at = read_uint(data, at, 2)
        energy, at = read_uint(data, at, 3)
        register, at = read_uint(data, at, 4)
        left -= 4
        reactive = None
        if left and data[at] == 5:
            reactive, at = read_int(data, at + 1)
            left -= 1
        check_no_more_keys(left, at)
        is_in_range = start < end <= MAX_TIME_MS and energy <= register and reactive is None
        return (_interval_in_range if is_in_range else cls)(
            start, end, energy, register, reactive
        ), at


_interval_in_range = without_checks(MeterInterval)


def _read_word_and_detail(data: bytes, at: int) -> tuple[str, str | None, int]:
    """Return word, detail (None when absent) and the position after the map {1: word, 2: detail} at *at*."""
    left, at = read_map(data, at)
    word, at = read_text(data, at, 1)
    left -= 1
    detail = None
    if left and data[at] == 2:
        detail, at = read_text(data, at + 1)
        left -= 1
    check_no_more_keys(left, at)
    return word, detail, at


STATES = frozenset({"running", "idle", "fault", "out_of_service"})


@dataclass(frozen=True, slots=True)
class Status:
    """The device is in *state* from the record's time on: one of STATES."""

    kind: ClassVar[Kind] = Kind.STATUS
    state: str
    detail: str | None = None

    def __post_init__(self) -> None:
        if type(self.state) is not str or self.state not in STATES:
            raise MalformedPayloadError(f"state is none of {', '.join(sorted(STATES))}")
        if self.detail is not None:
            check_text("detail", self.detail, 256)

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order."""
        return {1: self.state} if self.detail is None else {1: self.state, 2: self.detail}

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[Status, int]:
        """Return the status at *at* and the position after it."""
        state, detail, at = _read_word_and_detail(data, at)
        return cls(state, detail), at


@dataclass(frozen=True, slots=True)
class Location:
    """The device stands at latitude *lat_e7* and longitude *lon_e7*, WGS 84, 1e-7 degrees."""

    kind: ClassVar[Kind] = Kind.LOCATION
    lat_e7: int
    lon_e7: int
    accuracy_m: int | None = None

    def __post_init__(self) -> None:
        check_integer(name="lat_e7", value=self.lat_e7, lowest=-900_000_000, highest=900_000_000)
        check_integer(
            name="lon_e7", value=self.lon_e7, lowest=-1_800_000_000, highest=1_800_000_000
        )
        if self.accuracy_m is not None:
            check_integer(name="accuracy_m", value=self.accuracy_m, lowest=0, highest=40_000_000)

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order."""
        body = {1: self.lat_e7, 2: self.lon_e7}
        if self.accuracy_m is not None:
            body[3] = self.accuracy_m
        return body

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[Location, int]:
        """Return the location at *at* and the position after it."""
        left, at = read_map(data, at)
        latitude, at = read_int(data, at, 1)
        longitude, at = read_int(data, at, 2)
        left -= 2
        accuracy = None
        if left and data[at] == 3:
            accuracy, at = read_uint(data, at + 1)
            left -= 1
        check_no_more_keys(left, at)
        return cls(latitude, longitude, accuracy), at


@dataclass(frozen=True, slots=True)
class Alarm:
    """The device noticed something: *code* for programs, *detail* for people."""

    kind: ClassVar[Kind] = Kind.ALARM
    code: str
    detail: str | None = None

    def __post_init__(self) -> None:
        check_word("code", self.code)
        if self.detail is not None:
            check_text("detail", self.detail, 256)

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order."""
        return {1: self.code} if self.detail is None else {1: self.code, 2: self.detail}

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[Alarm, int]:
        """Return the alarm at *at* and the position after it."""
        code, detail, at = _read_word_and_detail(data, at)
        return cls(code, detail), at


@dataclass(frozen=True, slots=True)
class DailyClosing:
    """The device's own totals of *business_date* (yyyymmdd): sales less refunds, and energy."""

    kind: ClassVar[Kind] = Kind.DAILY_CLOSING
    business_date: int
    count: int
    amount_minor: int
    currency: str
    energy_wh: int

    def __post_init__(self) -> None:
        check_integer(
            name="business_date", value=self.business_date, lowest=1970_01_01, highest=9999_12_31
        )
        year, rest = divmod(self.business_date, 10_000)
        try:
            date(year, rest // 100, rest % 100)
        except ValueError:
            raise MalformedPayloadError("business_date is no date as yyyymmdd") from None
        check_integer("count", self.count)
        check_integer("amount_minor", self.amount_minor, -MAX_INTEGER)
        check_currency(self.currency)
        check_integer("energy_wh", self.energy_wh)

    def to_cbor(self) -> dict[int, Any]:
        """Return the body's map, its keys in ascending order."""
        return {
            1: self.business_date,
            2: self.count,
            3: self.amount_minor,
            4: self.currency,
            5: self.energy_wh,
        }

    @classmethod
    def read(cls, data: bytes, at: int) -> tuple[DailyClosing, int]:
        """Return the closing at *at* and the position after it."""
        at = expect(data, at, 0xA5)
        business_date, at = read_uint(data, at, 1)
        count, at = read_uint(data, at, 2)
        amount, at = read_int(data, at, 3)
        currency, at = read_text(data, at, 4)
        energy, at = read_uint(data, at, 5)
        return cls(business_date, count, amount, currency, energy), at


Body = Sale | Refund | MeterInterval | Status | Location | Alarm | DailyClosing

BODY_OF_KIND: dict[int, type[Body]] = {
    int(cls.kind): cls
    for cls in (Sale, Refund, MeterInterval, Status, Location, Alarm, DailyClosing)
}
