"""A log's files: how long each may be, and entries that are read from pieces of any length."""

from __future__ import annotations

import pytest

from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.checkpoint import MAX_CHECKPOINT_BYTES
from counterfoil.gateway.log.tile_format import (
    CHECKPOINT_PATH,
    LOG_KEY_PATH,
    decode_bundle,
    decode_entries,
    encode_bundle,
    entries_path,
    most_bytes,
    tile_path,
)

ENTRIES = [b"", b"a", b"", b"b" * 300, b"c", b""]


def test_each_kind_of_file_has_its_own_longest() -> None:
    assert most_bytes(entries_path(0)) == len(encode_bundle([bytes(65_535)] * 256))
    assert most_bytes(tile_path(0, 0)) == 256 * 32
    assert most_bytes(CHECKPOINT_PATH) == most_bytes(LOG_KEY_PATH) == MAX_CHECKPOINT_BYTES


@pytest.mark.parametrize("length", [1, 2, 3, 301, 999])
def test_entries_are_read_from_pieces_of_any_length(length: int) -> None:
    data = encode_bundle(ENTRIES)
    pieces = [data[at : at + length] for at in range(0, len(data), length)]
    assert list(decode_entries(pieces)) == ENTRIES
    assert list(decode_entries([])) == []


def test_entries_that_are_cut_off_are_refused_after_those_before() -> None:
    data = encode_bundle([b"a", b"bc"])
    for cut in (data[:-1], data[:-2], data[:-3], data + b"\0"):
        for pieces in ([cut], [cut[:4], cut[4:]]):
            read = decode_entries(pieces)
            assert next(read) == b"a"
            with pytest.raises(TileError, match="cut off"):
                list(read)
        with pytest.raises(TileError):
            decode_bundle(cut, 2)
