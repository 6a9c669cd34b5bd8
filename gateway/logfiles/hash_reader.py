"""The log's hashes, from its tiles or from the store."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, select

from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.merkle import (
    HashReader,
    MemoryTree,
    consistency_proof,
    hash_leaf,
    inclusion_proof,
)
from counterfoil.gateway.logfiles.tiles import TileReader, read_folder, read_size
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.store.tables import StoredRecord

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]


class LogHashes:
    """The log's hashes up to the largest size asked for, and proofs from them. They are kept between requests."""

    def __init__(self, engine: Engine, tiles: Path | None) -> None:
        self._engine = engine
        self._tiles = tiles
        self._kept: tuple[int, HashReader] | None = None

    def inclusion_proof(self, log_index: int, size: int) -> list[Digest]:
        """Return the proof that the record is under the head of *size*."""
        return inclusion_proof(log_index, size, self._reader(size))

    def consistency_proof(self, first: int, second: int) -> list[Digest]:
        """Return the proof that the log of *first* records is the beginning of that of *second*."""
        return consistency_proof(first, second, self._reader(second))

    def _reader(self, size: int) -> HashReader:
        kept = self._kept
        if kept is None or kept[0] < size:
            kept = self._kept = (size, hash_reader(self._engine, self._tiles, size))
        return kept[1]


def hash_reader(engine: Engine, tiles: Path | None, size: int) -> HashReader:
    """Return a reader of the log's hashes up to *size*: from its tiles, or else from the store."""
    if tiles is not None:
        try:
            if read_size(tiles)[0] >= size:
                return TileReader(read_folder(tiles), size).read
        except TileError:
            pass
    query = select(_RECORD.c.raw).where(_RECORD.c.log_index < size).order_by(_RECORD.c.log_index)
    with engine.connect() as connection:
        return MemoryTree(hash_leaf(bytes(raw)) for (raw,) in connection.execute(query)).read
