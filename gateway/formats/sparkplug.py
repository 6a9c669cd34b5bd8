"""Sparkplug B payloads: the protobuf message that edge nodes publish, read without a schema file.

Rules kept here (Eclipse Sparkplug 3.0, section 6.4; field numbers of its ``Payload``):

* A payload has a timestamp (ms, UTC), metrics and a sequence number from 0 to 255. Only its topic
  says whether it is a birth or data.
* A metric's datatype tells how to read its value. Data may leave the datatype out; then the field
  that has the value tells it. Integers below zero arrive as two's complement. A float becomes the
  shortest decimal that reads back as that float.
* Data sets, templates and other nested values are kept as bytes, in hexadecimal.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from counterfoil.gateway.formats.errors import FormatError

Value = str | bool | int | Decimal | None
_SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
_VALUE_FIELDS = range(10, 20)
MAX_METRICS = 100_000


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. ``datatype`` is the standard's number, None where it is left out."""

    name: str | None
    alias: int | None
    timestamp_ms: int | None
    datatype: int | None
    is_null: bool
    value: Value


@dataclass(frozen=True, slots=True)
class SparkplugPayload:
    """One payload."""

    timestamp_ms: int | None
    sequence: int | None
    uuid: str | None
    metrics: tuple[Metric, ...]


def parse_sparkplug(content: bytes) -> SparkplugPayload:
    """Return the payload in *content*; FormatError when it is not one."""
    timestamp: int | None = None
    sequence: int | None = None
    uuid: str | None = None
    metrics: list[Metric] = []
    for number, value in _fields(content):
        if number == 1:
            timestamp = _whole(value)
        elif number == 2:
            metrics.append(_metric(_data(value)))
            if len(metrics) > MAX_METRICS:
                raise FormatError("more metrics than are read")
        elif number == 3:
            sequence = _whole(value)
        elif number == 4:
            uuid = _text(value)
        elif number != 5:
            raise FormatError(f"field {number} is not of a payload")
    if timestamp is None and not metrics:
        raise FormatError("neither a timestamp nor a metric")
    if sequence is not None and sequence > 255:
        raise FormatError(f"sequence number {sequence} is above 255")
    return SparkplugPayload(
        timestamp_ms=timestamp, sequence=sequence, uuid=uuid, metrics=tuple(metrics)
    )


def _metric(content: bytes) -> Metric:
    fields: dict[int, int | bytes] = {}
    for number, value in _fields(content):
        if not 1 <= number <= 19:
            raise FormatError(f"field {number} is not of a metric")
        fields[number] = value
    datatype = _whole(fields[4]) if 4 in fields else None
    carried = [number for number in _VALUE_FIELDS if number in fields]
    is_null = bool(fields.get(7, 0))
    return Metric(
        name=_text(fields[1]) if 1 in fields else None,
        alias=_whole(fields[2]) if 2 in fields else None,
        timestamp_ms=_whole(fields[3]) if 3 in fields else None,
        datatype=datatype,
        is_null=is_null,
        value=None
        if is_null or not carried
        else _value(carried[-1], fields[carried[-1]], datatype),
    )


def _value(field: int, raw: int | bytes, datatype: int | None) -> Value:
    if field in {10, 11}:
        bits = _SIGNED.get(datatype or 0)
        number = _whole(raw)
        if bits is None:
            return number
        number &= (1 << bits) - 1
        return number - (1 << bits) if number >> (bits - 1) else number
    if field in {12, 13}:
        data = _data(raw)
        if len(data) != (4 if field == 12 else 8):
            raise FormatError("a float has another width than its type")
        return _decimal(struct.unpack("<f" if field == 12 else "<d", data)[0], single=field == 12)
    if field == 14:
        return bool(_whole(raw))
    return _text(raw) if field == 15 else _data(raw).hex()


def _decimal(number: float, *, single: bool) -> Decimal | str:
    if not math.isfinite(number):
        return str(number)
    if not single:
        return Decimal(repr(number))
    for digits in range(1, 10):
        text = f"{number:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", number):
            return Decimal(text)
    return Decimal(repr(number))


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise FormatError("field 0")
        if wire == 0:
            value, at = _varint(content, at)
            yield number, value
            continue
        if wire == 2:
            length, at = _varint(content, at)
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        else:
            raise FormatError(f"wire type {wire}")
        if length > len(content) - at:
            raise FormatError("cut off inside a field")
        yield number, content[at : at + length]
        at += length


def _varint(content: bytes, at: int) -> tuple[int, int]:
    result = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise FormatError("cut off inside a number")
        byte = content[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            if result >= 1 << 64:
                break
            return result, at
    raise FormatError("a number is longer than 64 bits")


def _whole(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise FormatError("a number was expected")
    return value


def _data(value: int | bytes) -> bytes:
    if not isinstance(value, bytes):
        raise FormatError("data was expected")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _data(value).decode()
    except UnicodeDecodeError as error:
        raise FormatError("a text is not UTF-8") from error
