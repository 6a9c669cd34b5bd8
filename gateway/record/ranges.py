"""The ranges of a record's numbers and texts, and the checks of them.

Rules kept here:

* A value out of its range raises MalformedPayloadError, which names the field.
* Texts are bounded in characters and hold no control character, so that any store can keep them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import TypeVar

from counterfoil.gateway.errors import MalformedPayloadError
from counterfoil.gateway.record.cbor import MAX_INTEGER

MAX_TIME_MS = 253_402_300_799_999
MAX_EPOCH = 2**32 - 1
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,31}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_Frozen = TypeVar("_Frozen")


def without_checks(cls: type[_Frozen]) -> Callable[..., _Frozen]:
    """Return a constructor of *cls*, a frozen dataclass with slots, that takes every field and checks none.

    For a reader that has checked the values. It is three times as quick as *cls*, which sets each field of a frozen
    object the slow way. What it returns is an ordinary *cls*.
    """

    def freeze(self: object) -> None:
        self.__class__ = cls

    return make_dataclass(
        cls.__name__,
        [field.name for field in fields(cls)],  # type: ignore[arg-type]
        namespace={"__post_init__": freeze},
        slots=True,
    )


def check_integer(name: str, value: object, lowest: int = 0, highest: int = MAX_INTEGER) -> None:
    """Raise MalformedPayloadError unless *value* is an int within the bounds; a bool is none."""
    if type(value) is not int or not lowest <= value <= highest:
        raise MalformedPayloadError(f"{name} is no integer from {lowest} to {highest}")


def check_text(name: str, value: object, longest: int) -> None:
    """Raise MalformedPayloadError unless *value* has 1 to *longest* characters, no control character."""
    if (
        type(value) is not str
        or not 0 < len(value) <= longest
        or not (value.isprintable() or _CONTROL.search(value) is None)
    ):
        raise MalformedPayloadError(f"{name} is no text of 1 to {longest} printable characters")


def check_word(name: str, value: object) -> None:
    """Raise MalformedPayloadError unless *value* is a short lower-case ASCII word."""
    if type(value) is not str or _WORD.fullmatch(value) is None:
        raise MalformedPayloadError(f"{name} is no lower-case word of 1 to 32 characters")


def check_currency(value: object) -> None:
    """Raise MalformedPayloadError unless *value* is three capital letters."""
    if type(value) is not str or _CURRENCY.fullmatch(value) is None:
        raise MalformedPayloadError("currency is no code of three capital letters (ISO 4217)")


def check_no_more_keys(pairs_left: int, at: int) -> None:
    """Raise MalformedPayloadError when *pairs_left* of a map are not read yet at *at*, after its last known key."""
    if pairs_left:
        raise MalformedPayloadError(f"an unknown key, or one out of order, at byte {at}")
