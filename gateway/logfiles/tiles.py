"""The log as static files that anyone can fetch and check (C2SP tlog-tiles), on a folder.

Rules kept here:

* ``tile/<L>/<N>`` holds 256 hashes of level 8·L, ``tile/entries/<N>`` holds 256 entries, each
  after its length in two bytes, big-endian. The rightmost one, while not full, is at
  ``…/<N>.p/<W>``, W its width. N is written in groups of three digits, all but the last
  after an ``x``: 1234067 is ``x001/x234/067``.
* A file is written under another name and renamed, so a reader sees all of it or none. A full
  tile never changes, and takes the place of the partial ones before it: a reader of an earlier
  size finds its hashes at the start of the full tile.
* All files can be made again from the records in the store.
* ``tree-size`` names the size up to which all tiles are there, and its root. It is written last, once the files and
  their folders are on the disk; only then the partial tiles go whose place full ones have taken. So after a power
  cut it names nothing that is not there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from itertools import repeat
from pathlib import Path

from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.merkle import EMPTY_ROOT, HashReader, hash_children, hash_leaf, root_at
from counterfoil.gateway.log.tile_format import (
    CHECKPOINT_PATH,
    LOG_KEY_PATH,
    MAX_ENTRY_BYTES,
    TILE_WIDTH,
    decode_bundle,
    encode_bundle,
    entries_path,
    most_bytes,
    tile_path,
    width_at,
)
from counterfoil.gateway.record.identity import Digest
from counterfoil.given_file import GivenFileEmpty, GivenFileError, read_file

SIZE_PATH = "tree-size"
FileReader = Callable[[str], bytes]
"""Returns the bytes at a path below the log's prefix: from a folder, or over HTTP."""


def read_folder(folder: Path) -> FileReader:
    """Return a reader of the log's files below *folder*; it raises TileError for absent ones."""

    def read(path: str) -> bytes:
        try:
            return read_file(folder / path, most_bytes(path))
        except GivenFileEmpty:
            return b""
        except GivenFileError as error:
            raise TileError(str(error)) from error

    return read


def _fold(row: list[Digest]) -> Digest:
    """Return the root over *row*, whose length is a power of two."""
    while len(row) > 1:
        row = [hash_children(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


class TileReader:
    """The hashes and entries of a log of *size* records, read from its tiles as needed."""

    def __init__(self, read: FileReader, size: int) -> None:
        self.size = size
        self._read = read
        self._tile = lru_cache(maxsize=256)(self._load_tile)

    def read(self, level: int, index: int) -> Digest:
        """Return the hash of the complete subtree at (level, index), a ``HashReader``."""
        tile_level, height = divmod(level, 8)
        number, first = divmod(index << height, TILE_WIDTH)
        tile = self._tile(tile_level, number)
        count = 1 << height
        if (first + count) * 32 > len(tile):
            raise TileError(f"no complete subtree at level {level}, index {index}")
        row = [Digest(tile[32 * at : 32 * at + 32]) for at in range(first, first + count)]
        return _fold(row)

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the entries from index *start* up to, not including, *end* (the size)."""
        stop = self.size if end is None else min(end, self.size)
        while start < stop:
            number, first = divmod(start, TILE_WIDTH)
            width = width_at(number, self.size)
            bundle = self._load_bundle(number, width)
            last = min(width, stop - number * TILE_WIDTH)
            yield from bundle[first:last]
            start = number * TILE_WIDTH + last

    def _load_tile(self, tile_level: int, number: int) -> bytes:
        width = width_at(number, self.size >> (8 * tile_level))
        if width == 0:
            raise TileError(f"no tile {tile_level}/{number} in a log of {self.size}")
        try:
            tile = self._read(tile_path(tile_level, number, width))
        except TileError:
            tile = self._read(tile_path(tile_level, number))[: 32 * width]
        if len(tile) != 32 * width:
            raise TileError(f"tile {tile_level}/{number} is not {width} hashes wide")
        return tile

    def _load_bundle(self, number: int, width: int) -> list[bytes]:
        try:
            return decode_bundle(self._read(entries_path(number, width)), width)
        except TileError:
            if width == TILE_WIDTH:
                raise
            return decode_bundle(self._read(entries_path(number)), TILE_WIDTH)[:width]


def read_size(folder: Path) -> tuple[int, Digest]:
    """Return the published (size, root) below *folder*; (0, the empty root) when it is new."""
    try:
        return parse_size((folder / SIZE_PATH).read_bytes())
    except FileNotFoundError:
        return 0, EMPTY_ROOT


def parse_size(data: bytes) -> tuple[int, Digest]:
    """Return the (size, root) that the file ``tree-size`` states; TileError when it is none."""
    try:
        size, root = data.decode().split()
        return int(size), Digest(bytes.fromhex(root))
    except ValueError as error:
        raise TileError("tree-size is not a size and a root") from error


class TileWriter:
    """Grows the tiles below a folder; keeps only the right edge in memory, whose size stays small.

    ``append`` writes the tiles that became full. ``publish`` writes the partial ones too, then
    ``tree-size``. After a crash ``open`` continues from the last published size; the same
    entries, appended again, give the same files.
    """

    def __init__(self, folder: Path) -> None:
        """Start an empty log below *folder*; files there are overwritten."""
        self._folder = folder
        self._size = 0
        self._bundle: list[bytes] = []
        self._edges: list[list[Digest]] = [[]]
        self._fresh: list[Path] = []
        """Files that were written since the last published size, and may not be on the disk yet."""
        self._replaced: list[Path] = []
        """Folders of partial tiles whose place full ones have taken since."""

    @classmethod
    def open(cls, folder: Path) -> TileWriter:
        """Continue the log below *folder* from its last published size; empty when it is new.

        Raises TileError when the right edge does not give the published root. Then make the
        tiles again from the store, with a new writer.
        """
        writer = cls(folder)
        size, root = read_size(folder)
        reader = TileReader(read_folder(folder), size)
        if root_at(size, reader.read) != root:
            raise TileError(f"the tiles do not give the root published with size {size}")
        writer._size = size
        writer._bundle = list(reader.entries(size - size % TILE_WIDTH))
        writer._edges = []
        items = size
        while items or not writer._edges:
            level = 8 * len(writer._edges)
            first = items - items % TILE_WIDTH
            writer._edges.append([reader.read(level, index) for index in range(first, items)])
            items //= TILE_WIDTH
        return writer

    @property
    def size(self) -> int:
        """The number of entries appended."""
        return self._size

    def append(self, entries: Iterable[bytes], leaves: Iterable[Digest] | None = None) -> None:
        """Add *entries*, in the log's order, and write each tile that became full.

        *leaves* are their leaf hashes, where they are known.
        """
        known = repeat(None) if leaves is None else leaves
        for entry, leaf in zip(entries, known, strict=leaves is not None):
            if len(entry) > MAX_ENTRY_BYTES:
                raise TileError(f"an entry of {len(entry)} bytes")
            self._bundle.append(entry)
            if len(self._bundle) == TILE_WIDTH:
                path = entries_path(self._size // TILE_WIDTH)
                self._write_full(path, encode_bundle(self._bundle))
                self._bundle.clear()
            self._add_hash(hash_leaf(entry) if leaf is None else leaf)
            self._size += 1

    def publish(self) -> Digest:
        """Write the partial tiles, then ``tree-size``; return the root over what was appended."""
        number = self._size // TILE_WIDTH
        if self._bundle:
            path = entries_path(number, len(self._bundle))
            self._write(path, encode_bundle(self._bundle))
        for level, edge in enumerate(self._edges):
            if edge:
                path = tile_path(level, self._size >> (8 * level + 8), len(edge))
                self._write(path, b"".join(edge))
        root = self._root()
        self._reach_the_disk()
        self._write(SIZE_PATH, f"{self._size} {root.hex()}\n".encode())
        self._reach_the_disk()
        for partial in self._replaced:
            shutil.rmtree(partial, ignore_errors=True)
        self._replaced.clear()
        return root

    def write_checkpoint(self, note: bytes) -> None:
        """Put *note* in place as the log's newest checkpoint: after the tiles that it names."""
        self._write(CHECKPOINT_PATH, note)
        self._reach_the_disk()

    def keep_checkpoint(self, note: bytes) -> str:
        """Keep *note* beside the log's newest checkpoint, under a name of its own; return the name."""
        name = f"{CHECKPOINT_PATH}.{sha256(note).hexdigest()[:16]}"
        self._write(name, note)
        self._reach_the_disk()
        return name

    def write_log_key(self, verifier_key: str) -> None:
        """Publish the key that signs the checkpoints, for readers to compare with what they were told."""
        self._write(LOG_KEY_PATH, f"{verifier_key}\n".encode())
        self._reach_the_disk()

    def _add_hash(self, leaf_hash: Digest) -> None:
        node, level = leaf_hash, 0
        while True:
            if level == len(self._edges):
                self._edges.append([])
            edge = self._edges[level]
            edge.append(node)
            if len(edge) < TILE_WIDTH:
                return
            path = tile_path(level, self._size >> (8 * level + 8))
            self._write_full(path, b"".join(edge))
            self._edges[level] = []
            node = _fold(edge)
            level += 1

    def _root(self) -> Digest:
        return EMPTY_ROOT if self._size == 0 else root_at(self._size, self._edge_reader())

    def _edge_reader(self) -> HashReader:
        """Return a reader of hashes: from the right edge, or else from the written tiles."""
        on_disk = TileReader(read_folder(self._folder), self._size)

        def read(level: int, index: int) -> Digest:
            tile_level, height = divmod(level, 8)
            number, first = divmod(index << height, TILE_WIDTH)
            if number < self._size >> (8 * tile_level + 8):
                return on_disk.read(level, index)
            return _fold(self._edges[tile_level][first : first + (1 << height)])

        return read

    def _write_full(self, path: str, data: bytes) -> None:
        self._write(path, data)
        partial = self._folder / f"{path}.p"
        if partial.is_dir():
            self._replaced.append(partial)

    def _write(self, path: str, data: bytes) -> None:
        target = self._folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.new")
        with temporary.open("wb") as file:
            file.write(data)
            if path == SIZE_PATH:  # the others reach the disk before this one takes its name
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
        self._fresh.append(target)

    def _reach_the_disk(self) -> None:
        """Return once all fresh files are on the disk, under their names."""
        folders = {
            above
            for file in self._fresh
            for above in file.parents
            if above == self._folder or self._folder in above.parents
        }
        for path in (*self._fresh, *sorted(folders, reverse=True)):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._fresh.clear()
