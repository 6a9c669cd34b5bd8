"""A client of the API that reads its JSON as the description says, and fails where an answer breaks that rule."""

from __future__ import annotations

import json
import re
from typing import Any

EXACT = 2**53
"""Up to this every JSON client reads a whole number as it is written; it is itself some schema's bound."""
_AMOUNTS = ("_minor", "_wh", "_varh")
_UNITS = frozenset(
    [
        "amount",
        "cap",
        "certified_until",
        "expires",
        "face",
        "mostPrice",
        "quantity",
        "shares",
        "supply",
        "unpaid",
        "weight",
        "weights",
    ]
)
_VERBATIM = frozenset(("fields", "body", "transaction", "transactions"))
"""Hashed as they are, a JSON Schema or a record's, and what a signer takes."""
_DIGITS = re.compile("-?[0-9]+")


def read_json(text: str) -> Any:
    """Return what *text* says, amounts as numbers.

    Raises:
        AssertionError: an amount is a JSON number, or some number is not every client's.
    """
    return _read("", json.loads(text, parse_int=_exact))


def _exact(text: str) -> int:
    assert abs(int(text)) <= EXACT, f"{text} is a JSON number, which most clients round"
    return int(text)


def _read(name: str, value: Any, wide: bool = False) -> Any:
    wide = wide or name.endswith(_AMOUNTS) or name in _UNITS
    if name in _VERBATIM:
        return value
    if isinstance(value, dict):
        return {key: _read(key, of, wide) for key, of in value.items()}
    if isinstance(value, list):
        return [_read("", of, wide) for of in value]
    if wide and isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value)
    assert not wide or value is None or isinstance(value, bool | str), f"{name} is {value!r}"
    return value
