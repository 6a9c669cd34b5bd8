"""A copy of a log, made from what its server publishes, and held against the checkpoint.

Rules kept here:

* Only entries are fetched. The hashes are made again here, so nothing of the server's is believed but what its
  checkpoint's root is over.
* The copy goes on where it ended: full tiles never change. The checkpoint is written last, once the root is shown.
* The root is over every record, also those that an earlier run copied: a log that was changed since is found. So is
  another state for the head that the copy's own checkpoint is of: two signed ones of one size can't both be true.
* A checkpoint that differs is kept beside the copy's own, under a name of its own: the log may never show it again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counterfoil.fault import Code
from counterfoil.gateway.errors import LogError, TileError
from counterfoil.gateway.log.checkpoint import (
    Checkpoint,
    Head,
    LogKey,
    parse_checkpoint,
    verify_checkpoint,
)
from counterfoil.gateway.log.cosignature import split_note
from counterfoil.gateway.log.merkle import root_at
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH, TILE_WIDTH
from counterfoil.gateway.logfiles.tiles import FileReader, TileReader, TileWriter, read_folder

MOST_RECORDS = 100_000_000
"""How long a log is copied unless more is asked for: a server may state any size."""
_PUBLISHED_EACH = 64 * TILE_WIDTH


class MirrorDiffers(LogError):
    """The records do not give the root that the log's checkpoint states, or it states another state than before."""

    code = Code("log.mirror_differs")
    to_do = (
        "Keep the folder with the checkpoint that the detail names: together they show it. Copy into a new folder; if "
        "that differs too, ask the log's operator, and compare with a witness."
    )


class LogTooLong(LogError):
    """The log is longer than was asked for."""

    code = Code("log.too_long")
    to_do = "Make room, and say how many records are wanted at most."


@dataclass(frozen=True)
class Mirrored:
    """The *checkpoint* that the copy was held against, and how many records came *new*."""

    checkpoint: Checkpoint
    new: int


def mirror(
    read: FileReader,
    folder: Path,
    key: LogKey | None,
    most: int = MOST_RECORDS,
    progress: Callable[[int, int], None] = lambda at, of: None,
) -> Mirrored:
    """Bring the copy in *folder* up to the checkpoint that *read* gives, signed by *key* where that is known.

    Raises MirrorDiffers when the records do not give its root; LogError when it can't be told.
    """
    note = read(CHECKPOINT_PATH)
    checkpoint = verify_checkpoint(note, key) if key else parse_checkpoint(split_note(note)[0])
    head = checkpoint.head
    if head.size > most:
        raise LogTooLong(f"{head.size:,} records, at most {most:,} were asked for")
    writer = TileWriter.open(folder)
    began = writer.size
    source = TileReader(read, head.size)
    for start in range(began, head.size, _PUBLISHED_EACH):
        writer.append(source.entries(start, start + _PUBLISHED_EACH))
        writer.publish()
        progress(writer.size, head.size)
    if writer.size == 0 and head.size == 0:
        writer.publish()
    copied = TileReader(read_folder(folder), writer.size)
    if root_at(head.size, copied.read) != head.root:
        detail = f"{folder}: its first {head.size:,} records do not give the root that the log's checkpoint states"
        raise _differs(writer, note, detail)
    before = _checkpointed(folder)
    is_same = before is not None and (before.size, before.root) == (head.size, head.root)
    if before is not None and is_same and before.state != head.state:
        detail = f"{folder}: its checkpoint and the log's are both of {head.size:,} records, with two states"
        raise _differs(writer, note, detail)
    if before is None or head.size >= before.size:
        writer.write_checkpoint(note)
    return Mirrored(checkpoint, writer.size - began)


def _differs(writer: TileWriter, note: bytes, detail: str) -> MirrorDiffers:
    """The finding, once its evidence is on the disk."""
    return MirrorDiffers(f"{detail}; the log's is kept as {writer.keep_checkpoint(note)}")


def _checkpointed(folder: Path) -> Head | None:
    """The head of the checkpoint in *folder*; None where there is none."""
    try:
        return parse_checkpoint(split_note(read_folder(folder)(CHECKPOINT_PATH))[0]).head
    except TileError:
        return None
