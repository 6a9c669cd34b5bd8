"""Forms: what type, length and range each place of a CBOR item has. Pure.

``cbor`` reads records, of which there are millions, byte by byte. Everything else that somebody else may have signed is
read as a whole and then held against its form, before any of it is used.

Rules kept here:

* A type is that type itself: a boolean is no number, neither is a float, and a tagged value is nothing.
* A number has its bounds, a byte string its length, a text and a list the most that they may hold.
* What is wrong is named by its place.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from counterfoil.gateway.record.cbor import MAX_INTEGER, any_item

Form = Callable[[object, str], Any]
"""Takes a value and the name of its place; returns the value, lists as tuples, or raises ValueError."""


def read_form(data: bytes, form: Form, name: str) -> Any:
    """Return the item that *data* is, in its *form*; ValueError, with the place, when it is another thing.

    The caller encodes what was read again, and so sees that *data* is its one encoding.
    """
    return form(any_item(data), name)


def number(most: int = MAX_INTEGER, least: int = 0) -> Form:
    """An integer from *least* to *most*."""

    def read(value: object, place: str) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{place} is no integer from {least} to {most}")
        return value

    return read


def flag(value: object, place: str) -> bool:
    """Return true or false."""
    if type(value) is not bool:
        raise ValueError(f"{place} is neither true nor false")
    return value


def text(longest: int, shortest: int = 1) -> Form:
    """A text of *shortest* to *longest* characters."""

    def read(value: object, place: str) -> str:
        if type(value) is not str or not shortest <= len(value) <= longest:
            raise ValueError(f"{place} is no text of {shortest} to {longest} characters")
        return value

    return read


def octets(length: int) -> Form:
    """A byte string of *length*."""

    def read(value: object, place: str) -> bytes:
        if type(value) is not bytes or len(value) != length:
            raise ValueError(f"{place} is no byte string of {length}")
        return value

    return read


def any_octets(value: object, place: str) -> bytes:
    """Return a byte string of any length."""
    if type(value) is not bytes:
        raise ValueError(f"{place} is no byte string")
    return value


def constant(wanted: str | int) -> Form:
    """*wanted* itself."""

    def read(value: object, place: str) -> str | int:
        if type(value) is not type(wanted) or value != wanted:
            raise ValueError(f"{place} is not {wanted!r}")
        return wanted

    return read


def one_of(words: type[StrEnum]) -> Form:
    """One of *words*."""

    def read(value: object, place: str) -> StrEnum:
        if type(value) is not str or value not in list(words):
            raise ValueError(f"{place} is none of {', '.join(words)}")
        return words(value)

    return read


def each(form: Form, most: int) -> Form:
    """A list of at most *most* items of *form*."""

    def read(value: object, place: str) -> tuple[Any, ...]:
        if type(value) is not list or len(value) > most:
            raise ValueError(f"{place} is no list of at most {most}")
        return tuple(form(item, f"{place}[{at}]") for at, item in enumerate(value))

    return read


def row(**forms: Form) -> Form:
    """A list with one item for each of *forms*, in their order."""

    def read(value: object, place: str) -> tuple[Any, ...]:
        if type(value) is not list or len(value) != len(forms):
            raise ValueError(f"{place} is no list of {len(forms)}")
        return tuple(
            form(item, f"{place}.{name}")
            for item, (name, form) in zip(value, forms.items(), strict=True)
        )

    return read
