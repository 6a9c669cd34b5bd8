"""Which files of a house are kept, as what, and in which order they are copied. Pure.

The order keeps every promise that one part makes of another (docs/backup.md):

1. ``oracle.db``: what it says of chain and log is there later too.
2. The log's tiles: they stand at anchored heads, and those are on the chain.
3. The chain: what is anchored on it is in the gateway's store.
4. ``gateway.db`` and each node's own copy of the records.
5. Everything else.

A file that this module does not know is kept, so that a new store joins by itself.
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import PurePosixPath

SETTINGS = "house.json"
_RECORDS = {"gateway.db", "records.db"}
_NOT_KEPT = {"logs", "devices"}
"""Logs of processes; journals of machines, which must never be restored: a number would be used twice."""
_OF_THE_NODE = {"states", "lock", "anvil.log", "ganache.log", "anvil.kept.json", "anvil.torn.json"}


class Part(IntEnum):
    """What a file is part of; smaller ones are copied first."""

    ORACLE = 1
    TILES = 2
    CHAIN = 3
    RECORDS = 4
    OTHER = 5


def part_of(path: PurePosixPath) -> Part | None:
    """Return what the file at *path*, below the house's folder, is part of; None when it is not kept."""
    if any(name.startswith(".") for name in path.parts) or path.parts[0] in _NOT_KEPT:
        return None
    if path.name.endswith(("-wal", "-shm", "-journal")) or path.name == "superseded.json":
        return None
    if path.parts[0] == "chain" and path.name != "mnemonic":
        return None if path.parts[1] in _OF_THE_NODE else Part.CHAIN
    if path.name == "oracle.db":
        return Part.ORACLE
    if "tiles" in path.parts[:-1]:
        return Part.TILES
    return Part.RECORDS if path.name in _RECORDS else Part.OTHER


def is_database(path: PurePosixPath) -> bool:
    """Whether the file at *path* is an SQLite database, to be copied by SQLite."""
    return path.suffix == ".db"


def is_secret(path: PurePosixPath) -> bool:
    """Whether the file holds a key, in clear or locked, or the passphrase of one."""
    text = str(path)
    return (
        text in {SETTINGS, "chain/mnemonic", "keys/passphrase"}
        or (path.parts[0] == "keys" and path.suffix in {".json", ".pem", ".key"})
        or (path.parts[0] == "pki" and path.suffix == ".key")
        or (path.parts[0] == "oracles" and path.name in {"key.json", "node.key"})
    )


def is_final_tile(path: PurePosixPath) -> bool:
    """Whether the file is a full tile, whose content never changes."""
    return "tile" in path.parts and not path.parent.name.endswith(".p")
