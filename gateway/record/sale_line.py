"""One line of a sale, and how lines are read. The rules are those of ``bodies``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from counterfoil.gateway.errors import MalformedPayloadError
from counterfoil.gateway.record.cbor import (
    read_array,
    read_text,
    read_uint,
)
from counterfoil.gateway.record.ranges import (
    check_integer,
    check_text,
)

MAX_LINES = 64


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One commodity of a sale: *quantity* pieces at *unit_price_minor* each, out of *slot*."""

    commodity: str
    quantity: int
    unit_price_minor: int
    slot: str | None = None

    def __post_init__(self) -> None:
        check_text("commodity", self.commodity, 64)
        check_integer("quantity", self.quantity)
        check_integer("unit_price_minor", self.unit_price_minor)
        if self.slot is not None:
            check_text("slot", self.slot, 16)


@lru_cache(maxsize=4096)
def _line(commodity: str, quantity: int, unit_price_minor: int, slot: str | None) -> SaleLine:
    """Return the line. Equal lines are one object: a machine sells the same few things all its life."""
    return SaleLine(commodity, quantity, unit_price_minor, slot)


def read_lines(data: bytes, at: int) -> tuple[tuple[SaleLine, ...], int]:
    """Return the lines of the array at *at*, and the position after it."""
    count, at = read_array(data, at)
    if not 0 < count <= MAX_LINES:
        raise MalformedPayloadError(f"lines, when there, are 1 to {MAX_LINES}")
    lines = []
    for _ in range(count):
        fields = data[at]
        if fields not in (0x83, 0x84):
            raise MalformedPayloadError(f"no line of three or four at byte {at}")
        commodity, at = read_text(data, at + 1)
        quantity, at = read_uint(data, at)
        price, at = read_uint(data, at)
        slot = None
        if fields == 0x84:
            slot, at = read_text(data, at)
        lines.append(_line(commodity, quantity, unit_price_minor=price, slot=slot))
    return tuple(lines), at
