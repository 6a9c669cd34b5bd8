"""Whether bytes are CBOR that is read in time and memory in proportion to their length. Pure.

Rules kept here:

* Nothing is built: the heads are walked, and each item has at least one byte of its own. A reader such as cbor2 gets
  the bytes only after that. Shared values (tags 28 and 29) and string references (25 and 256), which make a short text
  into a long one, are tags like any other, and are refused unless the caller names them.
* Lengths are definite. At most MAX_DEPTH arrays, maps and tags stand in each other. A big number has at most 32 bytes.
"""

from __future__ import annotations

from collections.abc import Collection

MAX_DEPTH = 16
MAX_BIG_NUMBER = 32
"""Bytes of a big number: a contract's word."""
BIG_NUMBER = 2
"""The tag of an unsigned number over 64 bits (RFC 8949, 3.4.3)."""
_BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = 2, 3, 4, 5, 6, 7
_FALSE, _NULL = 20, 22
_FLOATS = (25, 26, 27)


class OutOfBoundsError(ValueError):
    """The bytes are no CBOR of the kinds that are read here."""


def item_end(
    data: bytes, at: int = 0, tags: Collection[int] = (BIG_NUMBER,), *, floats: bool = False
) -> int:
    """Return where the item that begins at *at* ends.

    Raises OutOfBoundsError when it is cut off, nests too deep, or holds something else than integers, strings, arrays,
    maps, true, false, null and the *tags* named (and *floats*, where they are meant).
    """
    left, above = 1, list[int]()  # items to come on this level, and on those above it
    tag = 0  # the one before the item to come
    while True:
        begin = at
        major, value, at = _head(data, at)
        if tag == BIG_NUMBER and (major != _BYTES or value > MAX_BIG_NUMBER):
            raise OutOfBoundsError(f"no number of at most {MAX_BIG_NUMBER} bytes at byte {begin}")
        left, inner, tag = left - 1, 0, 0
        if major in (_BYTES, _TEXT):
            at += value
        elif major in (_ARRAY, _MAP):
            inner = value if major == _ARRAY else 2 * value
        elif major == _TAG:
            if value not in tags:
                raise OutOfBoundsError(f"tag {value} at byte {begin}")
            inner, tag = 1, value
        elif major == _SIMPLE and not _is_simple(data[begin] & 31, floats):
            raise OutOfBoundsError(f"a float or a simple value at byte {begin}")
        if at + inner > len(data):
            raise OutOfBoundsError(f"cut off at byte {begin}")
        if inner:
            if len(above) >= MAX_DEPTH:
                raise OutOfBoundsError(f"deeper than {MAX_DEPTH} at byte {begin}")
            above.append(left)
            left = inner
        while left == 0:
            if not above:
                return at
            left = above.pop()


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the major type at *at*, its argument, and the position after the head."""
    if at >= len(data):
        raise OutOfBoundsError(f"cut off at byte {at}")
    first = data[at]
    argument = first & 31
    if argument < 24:
        return first >> 5, argument, at + 1
    if argument > 27:
        raise OutOfBoundsError(f"no length, or an indefinite one, at byte {at}")
    end = at + 1 + (1 << (argument - 24))
    return first >> 5, int.from_bytes(data[at + 1 : end], "big"), end


def _is_simple(argument: int, floats: bool) -> bool:
    """Whether the simple value is false, true or null, or a float where those are meant."""
    return _FALSE <= argument <= _NULL or (floats and argument in _FLOATS)
