"""Whether the house that a backup was made of still runs: two must never sign with one key.

What can be seen from here is looked at, and refuses whatever anybody says. What can't be seen must be said.
"""

from __future__ import annotations

import json
import os
import socket
import time
from hashlib import sha256
from pathlib import Path

from counterfoil.backup.errors import OldOneRuns, OldOneUnknown
from counterfoil.backup.manifest import Manifest
from counterfoil.backup.repository import RESTORED, sync_folder
from counterfoil.up.folder_lock import FolderLock, HouseInUse

_MACHINE = Path("/etc/machine-id")


def host_id() -> str:
    """Return what tells this machine from others: a hash of its id and its name."""
    machine = _MACHINE.read_bytes() if _MACHINE.exists() else b""
    return sha256(machine + b"\0" + socket.gethostname().encode()).hexdigest()[:16]


def require_alone(manifest: Manifest, backups: Path, is_gone: bool) -> list[Path]:
    """Return the folders on this machine of houses with the same keys, none of which runs.

    *is_gone*: somebody says that the house, and each that was restored from it, is stopped for good.

    Raises:
        OldOneRuns: one of them runs.
        OldOneUnknown: that can't be seen, and nobody says it.
    """
    here: list[Path] = []
    elsewhere: list[str] = []
    for host, folder in [(manifest.host, manifest.house), *restored_before(backups)]:
        if host != host_id():
            elsewhere.append(folder)
        elif Path(folder).is_dir() and Path(folder) not in here:
            here.append(Path(folder))
    for house in here:
        try:
            with FolderLock(house):
                pass
        except HouseInUse as runs:
            raise OldOneRuns(f"{house} has the same keys, and runs") from runs
    if not is_gone:
        where = ", ".join([str(one) for one in here] + [f"{one} (elsewhere)" for one in elsewhere])
        raise OldOneUnknown(f"made of {manifest.house}; with the same keys: {where or 'unknown'}")
    return here


def restored_before(backups: Path) -> list[tuple[str, str]]:
    """Return (host, folder) of each house that was restored from these *backups*."""
    notes = backups / RESTORED
    if not notes.exists():
        return []
    rows = [json.loads(line) for line in notes.read_text().splitlines() if line.endswith("}")]
    return [(row["host"], row["folder"]) for row in rows]


def note_restored(backups: Path, folder: Path, name: str) -> None:
    """Note beside the *backups* that *name* is restored in *folder* of this machine."""
    row = {"host": host_id(), "folder": str(folder), "backup": name, "at": int(time.time())}
    with (backups / RESTORED).open("a") as notes:
        notes.write(json.dumps(row) + "\n")
        notes.flush()
        os.fsync(notes.fileno())
    sync_folder(backups)
