"""What a backup says of itself: its files, the blocks that they are made of, and where the house stood. Pure.

Rules kept here:

* A manifest's first line is in clear and names the format, the key's fingerprint and the salt; the rest is sealed, with
  the first line authenticated.
* A block is named by its content and stands at a place in the data file of this backup or of an earlier one of its set.
* A path leads nowhere but below the house.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from counterfoil.backup.cipher import BackupKey
from counterfoil.backup.errors import BackupDamaged, KeyWrong

FORMAT = "counterfoil-backup-1"
FULL, INCREMENTAL = "full", "incremental"
BLOCK_BYTES = 64 * 1024
"""Of a file at most; a multiple of a database's page, so that unchanged pages give unchanged blocks."""


class Block(NamedTuple):
    """*length* sealed bytes at *offset* in the data file of the backup *source*, whose content is called *name*."""

    source: str
    offset: int
    length: int
    name: str


@dataclass(frozen=True)
class KeptFile:
    """One file of the house: its path below it, its mode, the size and SHA-256 of its content, its blocks in order."""

    path: str
    mode: int
    size: int
    sha256: str
    blocks: tuple[Block, ...]
    modified_ns: int = 0
    """Of the house's file, where its content is final (a tile); 0 for others, which are read each time."""


@dataclass(frozen=True)
class Standing:
    """Where the house stood: what is after this is not in the backup."""

    records: int
    """In the gateway's store."""
    tiles: int
    """Records in the log's tiles."""
    anchored: int
    """Records under the newest head on chain; 0 before the first."""
    chain_id: int
    block: int
    block_hash: str
    is_embedded: bool
    """Whether the chain itself is in the backup."""


@dataclass(frozen=True)
class Manifest:
    """One backup. *made_at* is this machine's UTC clock in seconds, when the copy began."""

    name: str
    kind: str
    number: int
    """In its set: 0 for the full one."""
    made_at: int
    program: str
    edition: int
    with_keys: bool
    left_out: tuple[str, ...]
    """The paths of keys that are not in it."""
    house: str
    """The house's folder."""
    host: str
    """The machine's own id, and its name."""
    standing: Standing
    salts: Mapping[str, str]
    """Of this backup and of each earlier one that blocks are taken from, in hexadecimal."""
    files: tuple[KeptFile, ...] = field(default=())

    @property
    def set_name(self) -> str:
        """The name of the full backup that this one goes on from, or is."""
        return min(self.salts)


def write_manifest(manifest: Manifest, key: BackupKey) -> bytes:
    """Return the bytes of the file ``manifest``."""
    salt = manifest.salts[manifest.name]
    first = json.dumps(
        {"format": FORMAT, "key": key.fingerprint, "name": manifest.name, "salt": salt}
    ).encode()
    body = json.dumps(asdict(manifest), separators=(",", ":")).encode()
    return first + b"\n" + key.sealer(bytes.fromhex(salt)).seal(body, first)


def read_manifest(data: bytes, key: BackupKey, name: str) -> Manifest:
    """Return the manifest of the backup *name*.

    Raises:
        KeyWrong: it was made with another key.
        BackupDamaged: it is not what was written.
    """
    first, newline, sealed = data.partition(b"\n")
    try:
        said: Any = json.loads(first)
        salt = bytes.fromhex(said["salt"])
        is_ours = said["format"] == FORMAT and said["name"] == name and newline
        made_with = str(said["key"])
    except (ValueError, KeyError, TypeError) as wrong:
        raise BackupDamaged(f"{name}: its manifest has no first line") from wrong
    if not is_ours:
        raise BackupDamaged(f"{name}: its manifest is of another backup or format")
    if made_with != key.fingerprint:
        raise KeyWrong(f"{name} was made with key {made_with}, given was {key.fingerprint}")
    found = json.loads(key.sealer(salt).open(sealed, first))
    files = tuple(_file(row) for row in found.pop("files"))
    standing = Standing(**found.pop("standing"))
    left_out = tuple(found.pop("left_out"))
    return Manifest(**found, left_out=left_out, standing=standing, files=files)


def _file(row: dict[str, Any]) -> KeptFile:
    blocks = tuple(Block(*block) for block in row.pop("blocks"))
    path = PurePosixPath(row["path"])
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise BackupDamaged(f"{row['path']!r} leads out of the house")
    return KeptFile(**row, blocks=blocks)
