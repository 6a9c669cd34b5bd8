"""How many records the gateway's store must have before it may take another one: as many as the log has already.

Rules kept here:

* The log is at least as long as its tiles, and as the newest anchored head that somebody read from the chain and noted
  beside them. A store that is shorter was put back from an older copy: a record taken now would get a place that
  another one has.
* The note only grows.
"""

from __future__ import annotations

import os
from pathlib import Path

from counterfoil.gateway.errors import TileError
from counterfoil.gateway.logfiles.tiles import read_size

FLOOR_PATH = "anchored-size"


def read_floor(tiles: Path) -> int:
    """Return the least number of records of the log whose tiles are in the folder *tiles*."""
    try:
        size, _ = read_size(tiles)
    except TileError:
        size = 0  # damaged; who writes them makes them again
    return max(size, _noted(tiles))


def raise_floor(tiles: Path, size: int) -> None:
    """Note that a head over *size* records is anchored; a smaller size than was noted changes nothing."""
    if size > _noted(tiles):
        tiles.mkdir(parents=True, exist_ok=True)
        fresh = tiles / f".{FLOOR_PATH}.new"
        with fresh.open("w") as out:
            out.write(f"{size}\n")
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(tiles / FLOOR_PATH)


def _noted(tiles: Path) -> int:
    try:
        return int((tiles / FLOOR_PATH).read_text())
    except (FileNotFoundError, ValueError):
        return 0
