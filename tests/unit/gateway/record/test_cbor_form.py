"""The forms of what is read: each takes what its name says, to the last value, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import cbor2
import pytest

from counterfoil.gateway.record.cbor_form import (
    Form,
    any_octets,
    constant,
    each,
    flag,
    number,
    octets,
    one_of,
    read_form,
    row,
    text,
)


class Word(StrEnum):
    YES = "yes"


class Small(int):
    """A number that is no plain one."""


@pytest.mark.parametrize(
    ("made", "good", "bad"),
    [
        (lambda: number(5), (0, 5), (-1, 6, True, 1.0, "1", Small(1), None)),
        (lambda: number(5, least=2), (2, 5), (1, 6)),
        (lambda: flag, (True, False), (0, 1, None)),
        (lambda: text(3), ("a", "abc"), ("", "abcd", b"a", None)),
        (lambda: text(3, shortest=0), ("",), ("abcd",)),
        (lambda: octets(2), (b"ab",), (b"a", b"abc", "ab", None)),
        (lambda: any_octets, (b"", b"ab"), ("", None, [])),
        (lambda: constant(1), (1,), (2, True, "1", 1.0)),
        (lambda: constant("a"), ("a",), ("b", b"a")),
        (lambda: one_of(Word), ("yes",), ("no", b"yes", None, ["yes"])),
        (lambda: each(number(5), 2), ([], [1, 2]), ([1, 2, 3], [6], (1,), None)),
        (
            lambda: row(a=number(5), b=flag),
            ([1, True],),
            ([1], [1, True, 2], [True, 1], (1, True), None),
        ),
    ],
)
def test_a_form_takes_what_it_says_and_nothing_else(
    made: Callable[[], Form], good: tuple[Any, ...], bad: tuple[Any, ...]
) -> None:
    form = made()
    for value in good:
        read = form(value, "place")
        assert (list(read) if isinstance(value, list) else read) == value
    for value in bad:
        with pytest.raises(ValueError, match="place"):
            form(value, "place")


def test_the_place_of_what_is_wrong_is_named() -> None:
    form = each(row(a=number(5), b=each(flag, 9)), 9)
    with pytest.raises(ValueError, match=r"facts\[1\]\.b\[0\] is neither true nor false"):
        read_form(cbor2.dumps([[1, []], [2, [7]]]), form, "facts")
