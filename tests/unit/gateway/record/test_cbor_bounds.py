"""What would take more time or memory than its bytes are worth is refused before anything is built of it."""

from __future__ import annotations

import math
import time
from decimal import Decimal
from fractions import Fraction

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.cbor_bounds import MAX_DEPTH, OutOfBoundsError, item_end

PLAIN = st.recursive(
    st.integers(-(2**64), 2**256 - 1)
    | st.binary(max_size=300)
    | st.text(max_size=80)
    | st.booleans()
    | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(0, 99), inner),
    max_leaves=30,
)


def shared_values(levels: int) -> bytes:
    """An array of two, each of which is the array of two below it: 2^levels items in a few bytes a level."""
    references = b"".join(b"\xd8\x1d" + cbor2.dumps(n) for n in range(levels, 0, -1))
    return b"\xd8\x1c\x82" * levels + b"\xd8\x1c\x81\x00" + references


@given(PLAIN, st.binary(max_size=4))
def test_an_item_ends_where_its_encoding_does(item: object, after: bytes) -> None:
    data = cbor2.dumps(item)
    assert item_end(data + after) == len(data)
    assert any_item(data) == item
    for cut in {1, len(data) // 2, len(data) - 1} - {0, len(data)}:
        with pytest.raises(OutOfBoundsError):
            item_end(data[:cut])


@pytest.mark.parametrize("levels", [16, 40, 5_000])
def test_shared_values_are_refused_at_once(levels: int) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match="tag 28"):
        any_item(shared_values(levels))
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "data",
    [
        cbor2.dumps(cbor2.CBORTag(25, 0)),
        cbor2.dumps(cbor2.CBORTag(256, ["a"])),
        cbor2.dumps(Decimal("1e9999")),
        cbor2.dumps(Fraction(1, 3)),
        cbor2.dumps(2**256),
        cbor2.dumps(2**20_000),
        cbor2.dumps(-(2**64) - 1),
        cbor2.dumps(2.5),
        cbor2.dumps(math.nan),
        cbor2.dumps(cbor2.undefined),
        b"\xf8\x20",
        b"\xc2\x00",
        b"\x9f\x00\xff",
        b"\x5f\x41\x00\xff",
        b"\x9b\x00\x00\x00\x7f\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x00",
        b"\x81" * 100_000 + b"\x00",
        b"\x1c",
        b"",
    ],
    ids=lambda data: data[:6].hex(),
)
def test_what_is_read_nowhere_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any_item raises just this, for all of them
        any_item(data)


def test_depth_is_bounded_and_tags_are_those_named() -> None:
    deep = b"\x81" * MAX_DEPTH + b"\x00"
    assert item_end(deep) == len(deep)
    with pytest.raises(OutOfBoundsError, match="deeper"):
        item_end(b"\x81" + deep)
    message = cbor2.dumps(cbor2.CBORTag(18, [b"", {}, None, b""]))
    assert item_end(message, tags=(18,)) == len(message)
    with pytest.raises(OutOfBoundsError, match="tag 18"):
        item_end(message)
    assert item_end(b"\xfb" + bytes(8), floats=True) == 9


def test_time_grows_with_the_bytes_alone() -> None:
    def seconds(rows: int) -> float:
        data = cbor2.dumps([[bytes(32)] * 14] * rows)
        began = time.process_time()
        item_end(data)
        return time.process_time() - began

    small, large = min(seconds(500) for _ in range(3)), min(seconds(5_000) for _ in range(3))
    assert large < 20 * small, "ten times the items, about ten times the time"
