"""Reading deterministic CBOR (RFC 8949, 4.2.1) straight along a known schema.

Rules kept here:

* Only what the formats use: unsigned and negative integers, byte strings, text strings, and the
  heads of arrays and maps. Tags, floats, simple values and indefinite lengths have no reader, so
  they are refused wherever they stand.
* Every head must be in its shortest form. Together with a schema that reads its keys in
  ascending order, one value then has one encoding, and nothing needs re-encoding to check it.
* A reader takes the buffer and a position and returns the value and the position after it. It may
  return a position past the end of a buffer that is cut off; the caller compares the last one
  with the buffer's length. ``IndexError`` also means cut off. A reader can take a map's small key
  along with its value: every record takes this path, and it saves a call.

Encoding is cbor2's, whose output for such values is deterministic when keys are given in order;
tests compare the two. Arrays that are read seldom are read by cbor2 too, through :func:`any_item`, once their bounds
are known (``cbor_bounds``).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import cbor2

from counterfoil.gateway.record.cbor_bounds import BIG_NUMBER, item_end

MAX_INTEGER = 2**63 - 1


class NotDeterministicError(ValueError):
    """The bytes are not what deterministic CBOR of the schema would be."""


def any_item(data: bytes, tags: Collection[int] = (BIG_NUMBER,)) -> Any:
    """Return the one item that *data* is, of any schema, with no other *tags*; ValueError when it is none.

    The caller encodes the item again to see that *data* is its deterministic encoding.
    """
    if item_end(data, tags=tags) != len(data):
        raise ValueError("bytes follow the item")
    try:
        return cbor2.loads(data)
    except Exception as error:  # hostile numbers and texts raise errors of any kind
        raise ValueError(f"no CBOR: {str(error)[:200]}") from error


def _argument(data: bytes, at: int, head: int) -> tuple[int, int]:
    """Return the argument of *head*, 24 or more below its major type, and the position after."""
    if head == 24:
        value = data[at + 1]
        if value < 24:
            raise NotDeterministicError(f"a longer form than needed at byte {at}")
        return value, at + 2
    if head == 25:
        value, end, floor = int.from_bytes(data[at + 1 : at + 3], "big"), at + 3, 0x100
    elif head == 26:
        value, end, floor = int.from_bytes(data[at + 1 : at + 5], "big"), at + 5, 0x1_0000
    elif head == 27:
        value, end, floor = int.from_bytes(data[at + 1 : at + 9], "big"), at + 9, 0x1_0000_0000
    else:
        raise NotDeterministicError(f"another type than expected at byte {at}")
    if value < floor:
        raise NotDeterministicError(f"a longer form than needed at byte {at}")
    if value > MAX_INTEGER:
        raise NotDeterministicError(f"a number over 2^63 - 1 at byte {at}")
    return value, end


def read_uint(data: bytes, at: int, key: int = -1) -> tuple[int, int]:
    """Return the unsigned integer at *at*, at most 2^63 - 1, after *key* if one is given."""
    if key >= 0:
        if data[at] != key:
            raise NotDeterministicError(f"key {key} expected at byte {at}")
        at += 1
    head = data[at]
    if head < 24:
        return head, at + 1
    # The usual lengths are read here; other lengths and errors take one more call.
    if head == 25 and (value := data[at + 1] << 8 | data[at + 2]) >= 0x100:
        return value, at + 3
    if head == 26 and (value := int.from_bytes(data[at + 1 : at + 5], "big")) >= 0x1_0000:
        return value, at + 5
    if (
        head == 27
        and MAX_INTEGER >= (value := int.from_bytes(data[at + 1 : at + 9], "big")) > 0xFFFF_FFFF
    ):
        return value, at + 9
    return _argument(data, at, head)


def read_int(data: bytes, at: int, key: int = -1) -> tuple[int, int]:
    """Return the integer at *at*, from -2^63 to 2^63 - 1, after *key* if one is given."""
    if key >= 0:
        if data[at] != key:
            raise NotDeterministicError(f"key {key} expected at byte {at}")
        at += 1
    head = data[at]
    if head < 32:
        return read_uint(data, at)
    if head < 56:
        return 31 - head, at + 1
    value, end = _argument(data, at, head - 32)
    return -1 - value, end


def read_text(data: bytes, at: int, key: int = -1) -> tuple[str, int]:
    """Return the text string at *at*, after *key* if one is given.

    Raises UnicodeDecodeError, a ValueError like the others, when it is no UTF-8.
    """
    if key >= 0:
        if data[at] != key:
            raise NotDeterministicError(f"key {key} expected at byte {at}")
        at += 1
    head = data[at] - 0x60
    if 0 <= head < 24:
        start = at + 1
    elif head < 0:
        raise NotDeterministicError(f"no text at byte {at}")
    else:
        head, start = _argument(data, at, head)
    end = start + head
    return data[start:end].decode(), end


def read_bytes32(data: bytes, at: int, key: int = -1) -> tuple[bytes, int]:
    """Return the byte string of 32 at *at*, after *key* if one is given."""
    if key >= 0:
        if data[at] != key:
            raise NotDeterministicError(f"key {key} expected at byte {at}")
        at += 1
    end = at + 34
    if data[at] != 0x58 or data[at + 1] != 32 or end > len(data):
        raise NotDeterministicError(f"no byte string of 32 at byte {at}")
    return data[at + 2 : end], end


def read_array(data: bytes, at: int) -> tuple[int, int]:
    """Return the number of items of the array whose head is at *at*."""
    head = data[at] - 0x80
    if 0 <= head < 24:
        return head, at + 1
    if head < 0:
        raise NotDeterministicError(f"no array at byte {at}")
    return _argument(data, at, head)


def read_map(data: bytes, at: int) -> tuple[int, int]:
    """Return the number of pairs, under 24, of the map whose head is at *at*."""
    count = data[at] - 0xA0
    if not 0 <= count < 24:
        raise NotDeterministicError(f"no map of under 24 pairs at byte {at}")
    return count, at + 1


def expect(data: bytes, at: int, byte: int) -> int:
    """Return the position after *byte*, which must stand at *at*: a small key or head."""
    if data[at] != byte:
        raise NotDeterministicError(f"{byte:#04x} expected at byte {at}, not {data[at]:#04x}")
    return at + 1
