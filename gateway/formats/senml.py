"""SenML packs (RFC 8428), JSON or CBOR, in their resolved form.

Rules kept here:

* Base name, time, unit, value, sum and version apply from the record that states them on; a
  resolved record has none of them. Numbers are Decimal: as written in JSON, or the shortest
  decimal of a CBOR float.
* A time below 2^28 is relative to now (section 4.5.3). The file does not state "now", so
  such a time is kept as it is and counted in ``relative_times``.
* A label that ends in ``_`` and is not known must be understood: the pack is refused. A record
  without a value and without a sum only sets base values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import cbor2

from counterfoil.gateway.formats.errors import FormatError, QuantityError
from counterfoil.gateway.formats.quantity import json_decimal
from counterfoil.gateway.record.cbor_bounds import BIG_NUMBER, item_end

Value = str | bool | Decimal | bytes
_LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v"} | {
    3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd"
}  # fmt: skip
_TAGS = (BIG_NUMBER, 3, 4)
"""Big numbers and decimal fractions (RFC 8949, 3.4.3 and 3.4.4)."""
_NUMBERS = frozenset(("bver", "bt", "bv", "bs", "v", "s", "t", "ut"))
_TEXTS = frozenset(("bn", "bu", "n", "u", "vs"))
_VALUES = ("v", "vs", "vb", "vd")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*", re.ASCII)
RELATIVE_BELOW = 1 << 28
MAX_VERSION = 10


@dataclass(frozen=True, slots=True)
class SenmlPack:
    """Resolved records, by SenML's own labels, in the pack's order; the pack's base version; the
    number of relative times."""

    records: tuple[dict[str, Value], ...]
    version: int
    relative_times: int


def parse_senml_json(text: str) -> SenmlPack:
    """Return the pack in *text*, resolved; or FormatError."""
    try:
        pack = json.loads(text, parse_float=json_decimal, parse_int=json_decimal)
    except (ValueError, RecursionError) as error:
        raise FormatError("not JSON") from error
    return resolve(pack)


def parse_senml_cbor(content: bytes) -> SenmlPack:
    """Return the pack in *content*, resolved; or FormatError."""
    try:
        end = item_end(content, tags=_TAGS, floats=True)
        pack = cbor2.loads(content)
    except Exception as error:  # hostile numbers and texts raise errors of any kind
        raise FormatError("not CBOR") from error
    if end != len(content):
        raise FormatError("bytes follow the pack")
    if not isinstance(pack, list) or not all(isinstance(entry, Mapping) for entry in pack):
        raise FormatError("a pack is an array of maps")
    return resolve([{_LABELS.get(key, key): entry[key] for key in entry} for entry in pack])


def resolve(pack: object) -> SenmlPack:
    """Return *pack*, an array of maps under their JSON labels, resolved; or FormatError."""
    if not isinstance(pack, list) or not pack:
        raise FormatError("a pack is an array of at least one record")
    base: dict[str, Any] = {}
    records: list[dict[str, Value]] = []
    relative = 0
    for entry in pack:
        if not isinstance(entry, Mapping):
            raise FormatError("a record is a map")
        fields = {str(label): _checked(str(label), entry[label]) for label in entry}
        base |= {label: fields[label] for label in fields if label in _BASES}
        if base.get("bver", Decimal(MAX_VERSION)) > MAX_VERSION:
            raise FormatError(f"version {base['bver']} is not known")
        if record := _resolved(fields, base):
            time = record.get("t", Decimal(0))
            relative += isinstance(time, Decimal) and time < RELATIVE_BELOW
            records.append(record)
    if not records:
        raise FormatError("no record has a value")
    return SenmlPack(tuple(records), int(base.get("bver", MAX_VERSION)), relative)


_BASES = frozenset(("bver", "bn", "bt", "bu", "bv", "bs"))


def _resolved(fields: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, Value]:
    if sum(label in fields for label in _VALUES) > 1:
        raise FormatError("a record has more than one value")
    if not any(label in fields for label in (*_VALUES, "s")):
        if "n" in fields or "t" in fields:
            raise FormatError("a record has a name or a time but no value")
        return {}
    record = {label: fields[label] for label in fields if label not in _BASES}
    record["n"] = base.get("bn", "") + fields.get("n", "")
    if _NAME.fullmatch(record["n"]) is None:
        raise FormatError(f"{record['n'][:60]!r} is no SenML name")
    if "u" not in fields and "bu" in base:
        record["u"] = base["bu"]
    for label, name in (("v", "bv"), ("s", "bs")):
        if label in fields and name in base:
            record[label] = fields[label] + base[name]
    if "t" in fields or "bt" in base:
        record["t"] = fields.get("t", Decimal(0)) + base.get("bt", Decimal(0))
    return record


def _checked(label: str, value: object) -> Value:
    if label in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise QuantityError(f"{label} is not a number")
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        if not number.is_finite() or abs(number.adjusted()) > 400:
            raise QuantityError(f"{label} is out of range")
        return number
    if label in _TEXTS and not isinstance(value, str):
        raise FormatError(f"{label} is not text")
    if label == "vb" and not isinstance(value, bool):
        raise FormatError("vb is not true or false")
    if label == "vd" and not isinstance(value, str | bytes):
        raise FormatError("vd is not data")
    if label.endswith("_"):
        raise FormatError(f"{label[:40]!r} must be understood and is not known")
    return value if isinstance(value, str | bool | Decimal | bytes) else str(value)
