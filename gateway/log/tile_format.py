"""Names and bytes of a log's tiles and entry bundles (C2SP tlog-tiles). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.checkpoint import MAX_CHECKPOINT_BYTES

TILE_WIDTH = 256
MAX_ENTRY_BYTES = 0xFFFF
CHECKPOINT_PATH = "checkpoint"
LOG_KEY_PATH = "log-key"


def _number_path(number: int) -> str:
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.append(f"x{number % 1000:03}")
    return "/".join(reversed(groups))


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Return the path of hash tile *number* of tile level *level*, *width* hashes wide."""
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{_number_path(number)}{suffix}"


def entries_path(number: int, width: int = TILE_WIDTH) -> str:
    """Return the path of entry bundle *number*, *width* entries long."""
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/entries/{_number_path(number)}{suffix}"


def most_bytes(path: str) -> int:
    """Return how long the log's file at *path* can be at most."""
    if path.startswith("tile/entries/"):
        return TILE_WIDTH * (2 + MAX_ENTRY_BYTES)
    return TILE_WIDTH * 32 if path.startswith("tile/") else MAX_CHECKPOINT_BYTES


def width_at(number: int, items: int) -> int:
    """Return the width of tile *number* when its level has *items* hashes or entries."""
    return max(0, min(TILE_WIDTH, items - number * TILE_WIDTH))


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return *entries*, each after its length in two bytes; TileError when one is over 65,535."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileError(f"an entry of {len(entry)} bytes")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the *width* entries of a bundle; TileError when there are more, fewer, or one is cut off."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise TileError("the entry bundle is cut off")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width:
        raise TileError(f"{len(entries)} entries in a bundle of {width}")
    return entries


def decode_entries(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the entries of a bundle of any width as its *pieces* come in; TileError when it is cut off."""
    rest = b""
    for piece in pieces:
        rest += piece
        at = 0
        while len(rest) - at >= 2:
            end = at + 2 + int.from_bytes(rest[at : at + 2], "big")
            if end > len(rest):
                break
            yield rest[at + 2 : end]
            at = end
        rest = rest[at:]
    if rest:
        raise TileError("the entries are cut off")
