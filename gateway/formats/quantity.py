"""Decimal text to integers: money in minor units, energy in watt-hours. Nothing is rounded."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from counterfoil.gateway.formats.errors import QuantityError

_DECIMAL = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,9})?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}(?:\.0*)?", re.ASCII)


def parse_decimal(text: str) -> Decimal:
    """Return the number written in *text*: digits and at most one point; or QuantityError."""
    if _DECIMAL.fullmatch(text.strip()) is None:
        raise QuantityError(f"{text[:40]!r} is not a decimal number")
    return Decimal(text.strip())


def json_decimal(text: str) -> Decimal:
    """Return a number as JSON writes it, exactly; or QuantityError when its exponent is too large."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise QuantityError(f"{text[:40]} is out of range") from error


def scaled(number: Decimal, digits: int, unit: str) -> int:
    """Return *number* × 10^*digits* when that is whole; QuantityError otherwise."""
    result = number.scaleb(digits)
    if result != result.to_integral_value():
        raise QuantityError(f"{number} is finer than one {unit}")
    return int(result)


def minor_units(text: str, digits: int = 2) -> int:
    """Return the amount in *text* in minor units of a currency with *digits* decimals."""
    return scaled(parse_decimal(text), digits, "minor unit")


def watt_hours(kilowatt_hours: str) -> int:
    """Return the energy in *kilowatt_hours*, decimal text, in Wh."""
    return scaled(parse_decimal(kilowatt_hours), 3, "watt-hour")


def count(text: str) -> int:
    """Return the whole number in *text*; ``4.0`` counts as 4."""
    if _WHOLE.fullmatch(text.strip()) is None:
        raise QuantityError(f"{text[:40]!r} is not a count")
    return int(text.strip().split(".", maxsplit=1)[0])
