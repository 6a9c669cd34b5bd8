"""Numbers that may be wider than 53 bits, as JSON carries them.

Rules kept here:

* In JSON an amount of money or energy, a number of tokens, shares or units of goods, a weight, and a time that a
  contract keeps in a wide word is a string of decimal digits, whatever its size: most clients read a JSON number as a
  double, which has 53 bits. The type of a field decides, never its value. Every other number fits into 53 bits.
* A request may also give a JSON number of at most 53 bits: no client has rounded that. A larger one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

EXACT = 2**53 - 1
"""The largest whole number that every JSON client reads as it is written (RFC 7493)."""
DIGITS = "digits"
"""The `format` of these fields in the API's description."""
_SUFFIXES = ("_minor", "_wh", "_varh")
_NAMES = frozenset(
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
_TEXT = re.compile("-?[0-9]{1,78}")
_SCHEMA = {"type": "string", "format": DIGITS, "pattern": "^-?[0-9]{1,78}$"}


def _read(value: object) -> object:
    if isinstance(value, str):
        if not _TEXT.fullmatch(value):
            raise ValueError("decimal digits are needed")
        return int(value)
    if isinstance(value, int) and abs(value) > EXACT:
        raise ValueError("a number above 2^53 - 1 is given as a string of decimal digits")
    return value


Wide = Annotated[
    int,
    PlainSerializer(str, return_type=str, when_used="json"),
    WithJsonSchema(_SCHEMA),
]
"""In an answer: a whole number, in JSON a string of decimal digits."""
WideIn = Annotated[int, BeforeValidator(_read), *Wide.__metadata__]
"""In a request: the same."""


def plain(value: Any) -> Any:
    """Return *value*, of which no model says the types, by the same rule: amounts and energy by their fields' names.

    What else is above 53 bits is a string too.
    """
    if isinstance(value, Mapping):
        return {name: _named(str(name), of) for name, of in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT:
        return str(value)
    return value


Plain = Annotated[
    dict[str, Any], PlainSerializer(plain, return_type=dict[str, Any], when_used="json")
]
"""An object of which no model says the types, by the same rule."""


def _named(name: str, value: Any) -> Any:
    if not name.endswith(_SUFFIXES) and name not in _NAMES:
        return plain(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _named(name, of) for key, of in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_named(name, item) for item in value]
    return value
