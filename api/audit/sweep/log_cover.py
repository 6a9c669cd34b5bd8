"""How far the log that was given reaches: a copy may be older than the newest head on chain.

Rules kept here:

* What is not there is not taken for false: a log that ends before the newest head is swept as far as it reaches.
* Where there is no log at all nothing is swept.
* The size that a log states of itself only says which files to ask for. The records prove themselves under the heads.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from counterfoil.api.audit.sweep.ledger_view import AnchoredHead
from counterfoil.fault import Code
from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH, entries_path
from counterfoil.gateway.logfiles.source import LogUnreachable, open_source
from counterfoil.gateway.logfiles.tiles import SIZE_PATH, FileReader, TileReader


class LogUnreadable(Exception):
    """There is no log at the place that was given."""

    code = Code("log.unreadable")
    to_do = "Give the folder that has the log's `tile` folder in it, or the gateway's URL."


class LogCover(NamedTuple):
    """The first *heads* heads are of records that the log has; its files are those of a log of *size* records."""

    heads: int
    size: int


def cover_of(where: str, ca: str, heads: Sequence[AnchoredHead]) -> LogCover:
    """Return how far the log at *where* reaches.

    Raises:
        LogUnreadable: there is no log.
        LogUnreachable: the log's server does not respond.
    """
    if not where.startswith(("http://", "https://")) and not Path(where).is_dir():
        raise LogUnreadable(f"{where}: no folder, and no address that begins with http")
    sizes = [head.size for head in heads]
    if not sizes:
        return LogCover(0, 0)
    read = open_source(where, ca or True)
    if _has(read, sizes[-1]):
        return LogCover(len(sizes), sizes[-1])
    stated = sorted(set(_stated_sizes(read)), reverse=True)
    for size in stated:
        if _has(read, size):
            return LogCover(bisect_right(sizes, size), size)
    # A log only grows: where it has a head's records it has those of the heads before it.
    held = bisect_left(sizes, True, key=lambda size: not _has(read, size))
    if not (held or stated or _is_log(read)):
        raise LogUnreadable(f"{where}: no log is there, neither a checkpoint nor entries")
    return LogCover(held, sizes[held - 1] if held else 0)


def _has(read: FileReader, size: int) -> bool:
    """Whether the log shows its last record, or the record's hash, under the names that it has in a log of *size*."""
    if not 0 < size < 1 << 63:
        return False
    reader = TileReader(read, size)
    try:
        return bool(reader.read(0, size - 1))
    except LogUnreachable:
        raise
    except TileError:
        pass
    try:
        return any(True for _ in reader.entries(size - 1))
    except LogUnreachable:
        raise
    except TileError:
        return False


def _stated_sizes(read: FileReader) -> Iterator[int]:
    """The sizes that the log states of itself: its checkpoint's, and its writer's note."""
    for path, line in ((CHECKPOINT_PATH, 1), (SIZE_PATH, 0)):
        try:
            yield int(read(path)[:4_096].split(b"\n")[line].split()[0])
        except LogUnreachable:
            raise
        except (TileError, IndexError, ValueError):
            continue


def _is_log(read: FileReader) -> bool:
    try:
        return bool(read(entries_path(0)))
    except LogUnreachable:
        raise
    except TileError:
        return False
