"""A house from a backup: everything verified first, then its name, then started and swept.

Rules kept here:

* Files are written beside the new folder under a name with a dot, each held against its hash and synced. The folder
  gets its name when all of it is there, so a kill leaves nothing that could be taken for a house.
* Before that, each house on this machine with the same keys is marked, and does not start any more.
* The log's floor is set before anything starts: until the store has what the chain has, no record is taken.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counterfoil.backup.errors import KeysMissing, NotOverwritten
from counterfoil.backup.house_files import SETTINGS
from counterfoil.backup.manifest import Manifest
from counterfoil.backup.old_house import note_restored, require_alone
from counterfoil.backup.repository import BackupReader, Repository, sync_folder
from counterfoil.chain.anchored_heads import newest_head
from counterfoil.chain.client import ChainClient
from counterfoil.chain.deployment_file import Deployment, check_edition
from counterfoil.chain.errors import ChainError
from counterfoil.gateway.logfiles.log_floor import raise_floor
from counterfoil.gateway.pki.certificate_file import replace_file
from counterfoil.given_file import GivenFileError, read_file
from counterfoil.up.superseded import supersede


@dataclass(frozen=True)
class Restored:
    """What was restored: the backup, and the files' number and bytes."""

    manifest: Manifest
    folder: Path
    files: int
    bytes: int


def restore(
    repository: Repository,
    to: Path,
    *,
    name: str = "",
    keys: Path | None = None,
    is_gone: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Make the house *to* from the backup *name*, or the newest; *keys* is a folder with the keys that it lacks.

    Raises:
        BackupError: it can't be restored; there is no folder *to*, and no other house was touched.
    """
    to = to.resolve()
    if os.path.lexists(to):
        raise NotOverwritten(f"{to} is there already")
    manifest = repository.manifest(name)
    check_edition(manifest.edition, repository.folder / manifest.name)
    repository.check(manifest)
    given = _given_keys(manifest, keys)
    same = require_alone(manifest, repository.folder, is_gone)
    fresh = to.with_name(f".{to.name}.restoring")
    shutil.rmtree(fresh, ignore_errors=True)  # a killed run leaves it
    fresh.mkdir(parents=True, mode=0o700)
    try:
        say(f"{len(manifest.files):,} files of {manifest.name}")
        with BackupReader(repository, manifest) as reader:
            for file in manifest.files:
                if file.path not in given:
                    reader.write(file, fresh / file.path)
        for path, content in given.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(fresh / path, content, 0o600)
        _set_floor(fresh, manifest)
        _sync(fresh)
        for house in same:
            supersede(house, to)
        note_restored(repository.folder, to, manifest.name)
        fresh.rename(to)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    sync_folder(to.parent)
    size = sum(file.size for file in manifest.files)
    return Restored(manifest, to, files=len(manifest.files), bytes=size)


def _given_keys(manifest: Manifest, keys: Path | None) -> dict[str, bytes]:
    """The files of keys that the backup lacks, out of the folder *keys*; raises KeysMissing."""
    if not manifest.left_out:
        return {}
    if keys is None:
        raise KeysMissing(f"{manifest.name} has no keys: {', '.join(manifest.left_out)}")
    try:
        return {path: read_file(keys / path) for path in manifest.left_out}
    except GivenFileError as missing:
        raise KeysMissing(str(missing)) from missing


def _set_floor(fresh: Path, manifest: Manifest) -> None:
    """Make the newest head of a chain that went on the log's floor."""
    floor = manifest.standing.anchored
    network = json.loads((fresh / SETTINGS).read_text()).get("network")
    if network and (fresh / "deployment.json").exists():
        floor = max(floor, _anchored_since(Path(network), fresh / "deployment.json"))
    for tiles in (fresh / "tiles", *(fresh / "oracles").glob("*/tiles")):
        raise_floor(tiles, floor)


def _anchored_since(network: Path, deployment: Path) -> int:
    """The size of the newest head on the network's chain; 0 where its node does not answer yet."""
    from counterfoil.chain.nodes.network.engines.choice import engine_of
    from counterfoil.chain.nodes.network.folder import read_folder

    try:
        member = read_folder(network)
        url = engine_of(member.network.engine).rpc_url(member)
        head = newest_head(ChainClient(url, Deployment.read(deployment).addresses))
    except (ChainError, OSError):
        return 0
    return 0 if head is None else int(head["size"])


def _sync(folder: Path) -> None:
    """Return once every name below *folder* is on the disk; the files are already."""
    for at, _, _ in os.walk(folder):
        sync_folder(Path(at))
