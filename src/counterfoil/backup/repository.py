"""The folder of backups: each is a folder of its own, with ``data`` (sealed blocks) and ``manifest``.

Rules kept here:

* A backup is written under a name that begins with a dot, synced, and renamed: one with its own name is whole.
* What a killed run left behind is removed by the next one. One process at a time writes.
* A backup that is dropped first gets a name with a dot, and the newest go first, so that the rest is always whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from counterfoil.backup.cipher import BackupKey, Sealer
from counterfoil.backup.errors import (
    BackupBusy,
    BackupDamaged,
    BackupIncomplete,
    BackupUnknown,
    PlaceRefused,
)
from counterfoil.backup.manifest import (
    BLOCK_BYTES,
    Block,
    KeptFile,
    Manifest,
    read_manifest,
    write_manifest,
)
from counterfoil.backup.retention import made_at
from counterfoil.chain.nodes.folder_lock import lock_file
from counterfoil.given_file import GivenFileError, read_file

DATA, MANIFEST, RESTORED = "data", "manifest", "restored.jsonl"
_MOST_MANIFEST = 1 << 30


class Repository:
    """The backups in *folder*, sealed with *key*."""

    def __init__(self, folder: Path, key: BackupKey) -> None:
        self.folder = folder
        self.key = key

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let no other process write here meanwhile; what a killed run left behind is removed first.

        Raises:
            BackupBusy: another process writes.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            lock = lock_file(self.folder / ".lock", within_s=0)
        except BlockingIOError as taken:
            raise BackupBusy(f"{self.folder} is in use by another backup") from taken
        try:
            for left in self.folder.glob(".*.*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            os.close(lock)

    def names(self) -> list[str]:
        """The finished backups, the oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(one.name for one in self.folder.iterdir() if made_at(one.name) is not None)

    def manifest(self, name: str = "") -> Manifest:
        """The manifest of the backup *name*, or of the newest one.

        Raises:
            BackupUnknown: there is none of that name, or none at all.
            BackupIncomplete: its manifest is not there.
            KeyWrong, BackupDamaged: it does not open.
        """
        there = self.names()
        if not there or name not in {"", *there}:
            raise BackupUnknown(f"{self.folder}: no finished backup {name}".rstrip())
        chosen = name or there[-1]
        try:
            data = read_file(self.folder / chosen / MANIFEST, _MOST_MANIFEST)
        except GivenFileError as missing:
            raise BackupIncomplete(str(missing)) from missing
        return read_manifest(data, self.key, chosen)

    def drop(self, name: str) -> None:
        """Remove the backup *name*."""
        going = self.folder / f".{name}.dropped"
        (self.folder / name).rename(going)
        sync_folder(self.folder)
        shutil.rmtree(going, ignore_errors=True)

    def check(self, manifest: Manifest) -> None:
        """Return when every data file that *manifest* needs is there and long enough; raises BackupIncomplete."""
        ends: dict[str, int] = {}
        for file in manifest.files:
            for block in file.blocks:
                ends[block.source] = max(ends.get(block.source, 0), block.offset + block.length)
        for source, end in ends.items():
            path = self.folder / source / DATA
            if source not in manifest.salts or not path.is_file() or path.stat().st_size < end:
                raise BackupIncomplete(f"{manifest.name} needs {path}, of {end:,} bytes or more")


class BackupWriter:
    """Writes one new backup *name*, whose blocks may be in *known*; :meth:`finish` makes it one."""

    def __init__(
        self, repository: Repository, name: str, salt: bytes, known: dict[str, Block]
    ) -> None:
        self._repository = repository
        self._name = name
        self._known = known
        self._sealer = repository.key.sealer(salt)
        self._fresh = repository.folder / f".{name}.partial"
        self._fresh.mkdir(mode=0o700)
        self._data: BinaryIO = _create(self._fresh / DATA)
        self.written = 0
        """Bytes in this backup's data file."""

    def add(
        self, path: str, content: BinaryIO, mode: int, modified_ns: int = 0, most: int | None = None
    ) -> KeptFile:
        """Keep *content*, the file at *path* of the house; at most its first *most* bytes."""
        digest, size, blocks = sha256(), 0, list[Block]()
        while piece := content.read(BLOCK_BYTES if most is None else min(BLOCK_BYTES, most - size)):
            digest.update(piece)
            size += len(piece)
            blocks.append(self._block(piece))
        return KeptFile(
            path,
            mode,
            size=size,
            sha256=digest.hexdigest(),
            blocks=tuple(blocks),
            modified_ns=modified_ns,
        )

    def _block(self, piece: bytes) -> Block:
        name = self._repository.key.name_of(piece)
        if name not in self._known:
            sealed = self._sealer.seal(piece, name.encode())
            self._data.write(sealed)
            self._known[name] = Block(self._name, self.written, length=len(sealed), name=name)
            self.written += len(sealed)
        return self._known[name]

    def finish(self, manifest: Manifest) -> Path:
        """Write the manifest, sync all of it, and give the backup its name; return its folder."""
        self._data.flush()
        os.fsync(self._data.fileno())
        self._data.close()
        with _create(self._fresh / MANIFEST) as out:
            out.write(write_manifest(manifest, self._repository.key))
            out.flush()
            os.fsync(out.fileno())
        sync_folder(self._fresh)
        done = self._repository.folder / self._name
        self._fresh.rename(done)
        sync_folder(self._repository.folder)
        return done

    def give_up(self) -> None:
        """Remove what was written."""
        self._data.close()
        shutil.rmtree(self._fresh, ignore_errors=True)


class BackupReader:
    """Reads the files of one *manifest* back, each held against its hash; a context that closes what it opened."""

    def __init__(self, repository: Repository, manifest: Manifest) -> None:
        self._repository = repository
        self._manifest = manifest
        self._open: dict[str, BinaryIO] = {}
        self._sealers: dict[str, Sealer] = {}

    def __enter__(self) -> BackupReader:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open.values():
            file.close()

    def pieces(self, file: KeptFile) -> Iterator[bytes]:
        """Yield the content of *file*; raises BackupDamaged when it is not what was kept."""
        digest = sha256()
        for block in file.blocks:
            piece = self._read(block)
            digest.update(piece)
            yield piece
        if digest.hexdigest() != file.sha256:
            raise BackupDamaged(f"{file.path} is not what was kept")

    def write(self, file: KeptFile, to: Path) -> None:
        """Write *file* at the path *to*, which is not there, and sync it."""
        to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _create(to, file.mode) as out:
            for piece in self.pieces(file):
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())

    def _read(self, block: Block) -> bytes:
        if block.source not in self._open:
            self._open[block.source] = (self._repository.folder / block.source / DATA).open("rb")
            salt = bytes.fromhex(self._manifest.salts[block.source])
            self._sealers[block.source] = self._repository.key.sealer(salt)
        data = self._open[block.source]
        data.seek(block.offset)
        return self._sealers[block.source].open(data.read(block.length), block.name.encode())


def require_apart(house: Path, backups: Path, key: Path) -> None:
    """Return when house, backups and key don't lie in one another; raises PlaceRefused."""
    places = {"the house": house, "the backups": backups, "the key": key}
    resolved = {what: path.resolve() for what, path in places.items()}
    for inner, outer in (
        ("the backups", "the house"),
        ("the house", "the backups"),
        ("the key", "the backups"),
        ("the key", "the house"),
    ):
        if resolved[inner].is_relative_to(resolved[outer]):
            raise PlaceRefused(f"{inner} ({resolved[inner]}) would lie in {outer}")


def sync_folder(folder: Path) -> None:
    """Return once the names in *folder* are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path, mode: int = 0o600) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb")
