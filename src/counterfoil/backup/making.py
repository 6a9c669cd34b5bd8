"""A backup of a house, running or not: a copy of each part in the order that keeps their promises, then the manifest.

Rules kept here:

* The house goes on. Where it does not run, nobody can start it meanwhile.
* Copies of databases are made inside the house's own folder, so that nothing unsealed lies with the backups.
* A machine whose key the chain's copy lacks is in no copy of the gateway's store (:func:`_chain_and_records`).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath

from counterfoil import __version__
from counterfoil.backup.cipher import SALT_BYTES
from counterfoil.backup.errors import BackupDamaged, HouseMissing, SourceDamaged
from counterfoil.backup.house_files import (
    SETTINGS,
    Part,
    is_database,
    is_final_tile,
    is_secret,
    part_of,
)
from counterfoil.backup.house_state import HouseState, read_state
from counterfoil.backup.manifest import FULL, Block, KeptFile, Manifest, Standing
from counterfoil.backup.old_house import host_id
from counterfoil.backup.repository import BackupWriter, Repository
from counterfoil.backup.retention import backup_name, kind_due, made_at, to_drop
from counterfoil.backup.snapshot import (
    copy_database,
    copy_ganache,
    device_keys,
    dump_anvil,
    record_count,
)
from counterfoil.chain.deployment_file import EDITION
from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.log.checkpoint import parse_checkpoint
from counterfoil.gateway.log.cosignature import split_note
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH, TILE_WIDTH
from counterfoil.gateway.logfiles.tiles import SIZE_PATH, read_folder, read_size
from counterfoil.up.folder_lock import FolderLock, HouseInUse

STAGING = ".backup"
_TRIES = 5


@dataclass(frozen=True)
class Policy:
    """What is kept: a full backup every so many days, the newest so many full ones with what goes on from them."""

    full_every_days: int = 7
    keep_fulls: int = 5


@dataclass(frozen=True)
class Made:
    """One finished backup. *read* and *written* are bytes."""

    name: str
    kind: str
    folder: str
    files: int
    read: int
    written: int
    seconds: float
    with_keys: bool
    standing: Standing
    dropped: list[str] = field(default_factory=list)


def make_backup(
    folder: Path,
    repository: Repository,
    *,
    with_keys: bool,
    kind: str | None = None,
    policy: Policy = Policy(),
    now: Callable[[], float] = time.time,
) -> Made:
    """Make a backup of the house in *folder*, and drop what the *policy* keeps no longer; *kind* None: what is due.

    Raises:
        BackupError: it could not be made; what was there before stays.
    """
    folder = folder.resolve()
    if not (folder / "gateway.db").exists() and not (folder / SETTINGS).exists():
        raise HouseMissing(f"{folder} has no house")
    began = time.monotonic()
    with ExitStack() as held:
        held.enter_context(repository.writing())
        is_running = False
        lock = FolderLock(folder)
        try:
            lock.take()
            held.callback(lock.give_back)
        except HouseInUse:
            is_running = True
        names = repository.names()
        at = int(now())
        if names:  # names are in the order in which they were made, whatever the clock says
            at = max(at, (made_at(names[-1]) or 0) + 1)
        kind = kind or kind_due(names, at, policy.full_every_days)
        before = None if kind == FULL or not names else _newest(repository)
        kind = FULL if before is None else kind
        staging = _fresh(folder / STAGING)
        held.callback(shutil.rmtree, staging, ignore_errors=True)
        name, salt = backup_name(at, kind), os.urandom(SALT_BYTES)
        writer = BackupWriter(repository, name, salt=salt, known=_known(before))
        copying = _Copying(
            read_state(folder),
            writer,
            staging=staging,
            before=before,
            with_keys=with_keys,
            running=is_running,
        )
        try:
            copying.run()
            manifest = Manifest(
                name=name,
                kind=kind,
                number=0 if before is None else before.number + 1,
                made_at=at,
                program=__version__,
                edition=EDITION,
                with_keys=with_keys,
                left_out=tuple(sorted(copying.left_out)),
                house=str(folder),
                host=host_id(),
                standing=copying.standing(),
                salts={**(before.salts if before else {}), name: salt.hex()},
                files=tuple(copying.files),
            )
            done = writer.finish(manifest)
        except BaseException:
            writer.give_up()
            raise
        dropped = to_drop(repository.names(), policy.keep_fulls)
        for one in dropped:
            repository.drop(one)
    return Made(
        name,
        kind,
        folder=str(done),
        files=len(manifest.files),
        read=sum(file.size for file in manifest.files),
        written=writer.written,
        seconds=round(time.monotonic() - began, 2),
        with_keys=with_keys,
        standing=manifest.standing,
        dropped=dropped,
    )


def _newest(repository: Repository) -> Manifest | None:
    """The manifest to go on from; None where it is damaged, so that a full backup is made."""
    try:
        found = repository.manifest()
        repository.check(found)
    except BackupDamaged:
        return None
    return found


def _known(before: Manifest | None) -> dict[str, Block]:
    files = () if before is None else before.files
    return {block.name: block for file in files for block in file.blocks}


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)  # a killed run leaves it
    folder.mkdir(mode=0o700)
    return folder


class _Copying:
    """Copies one house into one backup."""

    def __init__(
        self,
        state: HouseState,
        writer: BackupWriter,
        staging: Path,
        before: Manifest | None,
        *,
        with_keys: bool,
        running: bool,
    ) -> None:
        self._state = state
        self._folder = state.folder
        self._writer = writer
        self._staging = staging
        self._before = {file.path: file for file in before.files} if before else {}
        self._with_keys = with_keys
        self._running = running
        self._staged = 0
        self._records = 0
        self._tiles = 0
        self._oracle: Path | None = None
        self.files: list[KeptFile] = []
        self.left_out: set[str] = set()
        """Paths of keys that are not in this backup."""

    def run(self) -> None:
        """Copy part by part."""
        for path in self._paths(Part.ORACLE):
            copy = self._database(path)
            self._oracle = self._oracle or copy
        for tiles in self._tile_folders():
            self._copy_tiles(tiles)
        self._chain_and_records()
        for path in self._paths(Part.OTHER):
            self._plain_or_database(path)

    def standing(self) -> Standing:
        """Where the house stood, as far as the copies say."""
        return self._state.standing(
            records=self._records, tiles=self._tiles, oracle=self._oracle, running=self._running
        )

    def _paths(self, part: Part) -> Iterator[PurePosixPath]:
        for path in _walk(self._folder):
            if part_of(path) == part:
                yield path

    # ---- tiles

    def _tile_folders(self) -> list[PurePosixPath]:
        found = [path.parent for path in self._paths(Part.TILES) if path.name == SIZE_PATH]
        return sorted(found)

    def _copy_tiles(self, tiles: PurePosixPath) -> None:
        """Checkpoint and size first: all tiles that they name are there then, and stay."""
        sizes = [_checkpoint_size(self._folder / tiles)]
        size, _ = read_size(self._folder / tiles)
        sizes.append(size)
        self._tiles = max(self._tiles, size)
        first = [tiles / name for name in (CHECKPOINT_PATH, SIZE_PATH)]
        for path in first:
            self._plain(path)
        done = set(first)
        for _ in range(_TRIES):
            left = [one for one in self._below(tiles, sizes) if one not in done]
            gone = [one for one in left if not self._tile(one)]
            done |= set(left) - set(gone)
            if not gone:
                return
        raise SourceDamaged(f"{self._folder / tiles}: tiles vanish while they are read")

    def _below(self, tiles: PurePosixPath, sizes: list[int]) -> Iterator[PurePosixPath]:
        for path in self._paths(Part.TILES):
            if path.is_relative_to(tiles) and _is_named(path, sizes):
                yield path

    def _tile(self, path: PurePosixPath) -> bool:
        """Keep the file, as it was kept before if it is a full tile that nobody wrote since; False when it is gone."""
        try:
            seen = (self._folder / path).stat()
        except FileNotFoundError:
            return False
        kept = self._before.get(str(path))
        if (
            kept is not None
            and is_final_tile(path)
            and (kept.size, kept.modified_ns) == (seen.st_size, seen.st_mtime_ns)
        ):
            self.files.append(kept)
            return True
        return self._plain(path, modified_ns=seen.st_mtime_ns if is_final_tile(path) else 0)

    # ---- the chain, and the records

    def _chain_and_records(self) -> None:
        """Copy the chain, then the gateway's store; again when a machine's key came in between.

        A key is in the store only after it is on the chain. So when the store's copy has no key that the store did not
        have before, the chain's copy has all of them.
        """
        gateway = self._folder / "gateway.db"
        for _ in range(_TRIES):
            keys = device_keys(gateway)
            chain = self._stage_chain()
            records = [(path, self._stage(path)) for path in self._records_last()]
            copied = [copy for path, copy in records if path.name == "gateway.db"]
            if not self._state.is_embedded or all(device_keys(copy) <= keys for copy in copied):
                break
        else:
            raise SourceDamaged("machines are registered faster than the chain is copied")
        for path, copy in [*chain, *records]:
            with copy.open("rb") as content:
                self.files.append(self._writer.add(str(path), content, 0o600))
        self._records = sum(record_count(copy) for copy in copied)

    def _records_last(self) -> list[PurePosixPath]:
        """The copies of the records, the gateway's own store last: what a node has, it has."""
        return sorted(self._paths(Part.RECORDS), key=lambda path: path.name == "gateway.db")

    def _stage_chain(self) -> list[tuple[PurePosixPath, Path]]:
        """The chain's files as they are to be restored, each with its copy; none where the chain is a network."""
        if not self._state.is_embedded:
            return []
        self._staged += 1
        to = self._staging / f"chain-{self._staged}"
        if self._state.engine == "anvil" and self._running:
            to.mkdir()
            dump_anvil(self._folder / "chain", self._state.rpc_url, to / "anvil.json")
            return [(PurePosixPath("chain/anvil.json"), to / "anvil.json")]
        source = self._folder / "chain" / self._state.engine
        if self._state.engine == "ganache" and source.is_dir():
            copy_ganache(source, to)
            return [(PurePosixPath("chain/ganache") / one, to / one) for one in _walk(to)]
        return [(path, self._folder / path) for path in self._paths(Part.CHAIN)]

    # ---- single files

    def _plain_or_database(self, path: PurePosixPath) -> None:
        if not self._with_keys and is_secret(path):
            self.left_out.add(str(path))
            if str(path) == SETTINGS:
                self._add(path, json.dumps(self._state.settings_without_secret).encode())
        elif is_database(path):
            self._database(path)
        else:
            self._plain(path)

    def _database(self, path: PurePosixPath) -> Path:
        copy = self._stage(path)
        with copy.open("rb") as content:
            self.files.append(self._writer.add(str(path), content, 0o600))
        return copy

    def _stage(self, path: PurePosixPath) -> Path:
        self._staged += 1
        copy = self._staging / f"{self._staged}.db"
        copy_database(self._folder / path, copy)
        return copy

    def _plain(self, path: PurePosixPath, modified_ns: int = 0) -> bool:
        """Keep the file; False when it is gone."""
        try:
            with (self._folder / path).open("rb") as content:
                mode = os.fstat(content.fileno()).st_mode & 0o777
                self.files.append(
                    self._writer.add(str(path), content, mode, modified_ns=modified_ns)
                )
        except FileNotFoundError:
            return False
        return True

    def _add(self, path: PurePosixPath, content: bytes) -> None:
        self.files.append(self._writer.add(str(path), BytesIO(content), 0o600))


def _walk(folder: Path) -> Iterator[PurePosixPath]:
    """The regular files below *folder*, each by its path below it; links are not followed."""
    for at, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(at) / name
            if path.is_file() and not path.is_symlink():
                yield PurePosixPath(path.relative_to(folder))


def _is_named(path: PurePosixPath, sizes: list[int]) -> bool:
    """Whether a log of one of these *sizes* has this tile: any full one, and of the others those of its right edge."""
    if not path.parent.name.endswith(".p"):
        return True
    level = path.parts[path.parts.index("tile") + 1]
    height = 8 * int(level) if level.isdigit() else 0
    return path.name in {str((size >> height) % TILE_WIDTH) for size in sizes}


def _checkpoint_size(tiles: Path) -> int:
    """The size that the newest checkpoint states; 0 where there is none yet."""
    try:
        return parse_checkpoint(split_note(read_folder(tiles)(CHECKPOINT_PATH))[0]).head.size
    except GatewayError:
        return 0
