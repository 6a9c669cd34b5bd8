"""Writes a member's folder into one file, and restores it: keys, network documents and, if wanted, the chain's data.

The file holds keys, so only its owner can read it. The keystores of the owner and the account stay encrypted; the
node's own keys are in clear, because the engine reads them so.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from counterfoil.chain.nodes.network.engines.process import running_pid
from counterfoil.chain.nodes.network.errors import BACKUP_MALFORMED, EXISTS, RUNNING, NetworkError
from counterfoil.chain.nodes.network.folder import MemberFolder, read_folder
from counterfoil.chain.nodes.network.member_files import require_outside_of_a_repository

_KEPT = ("network.json", "member.json", "keys", "README.md")


def backup(folder: MemberFolder, to: Path, with_data: bool = False) -> Path:
    """Write *folder* into the file *to*. The data can be included only while the node is stopped.

    Raises:
        NetworkError: *to* exists or lies in a repository, or the node runs and the data is wanted.
    """
    require_outside_of_a_repository(to.parent)
    if to.exists():
        raise NetworkError(EXISTS, f"{to} is there already; a backup is never overwritten")
    if with_data and running_pid(folder) is not None:
        raise NetworkError(
            RUNNING, f"{folder.name}'s node runs: stop it first, or leave its data out"
        )
    fresh = to.with_name(f".{to.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz") as archive:
            names = [*_KEPT, f"counterfoil-{folder.name}.service"]
            for name in names + (["data"] if with_data else []):
                if (folder.path / name).exists():
                    archive.add(folder.path / name, f"{folder.name}/{name}")
        out.flush()
        os.fsync(out.fileno())
    fresh.rename(to)
    return to


def restore(file: Path, out: Path) -> MemberFolder:
    """Make the folder *out* from the backup *file*.

    Do not restore a node that may still run elsewhere: two nodes with one key harm each other.

    Raises:
        NetworkError: *out* exists or lies in a repository, or *file* is no backup.
    """
    require_outside_of_a_repository(out)
    if out.exists():
        raise NetworkError(EXISTS, f"{out} is there already; nothing is restored over it")
    fresh = out.with_name(f".{out.name}.new")
    try:
        with tarfile.open(file, "r:gz") as archive:
            archive.extractall(fresh, _files_inside(archive))  # noqa: S202  # checked
        (inner,) = list(fresh.iterdir())
        read_folder(inner)
    except (OSError, tarfile.TarError, ValueError, NetworkError) as malformed:
        shutil.rmtree(fresh, ignore_errors=True)
        raise NetworkError(BACKUP_MALFORMED, f"{file} is no backup: {malformed}") from malformed
    inner.chmod(0o700)
    (inner / "keys").chmod(0o700)
    inner.rename(out)
    fresh.rmdir()
    return read_folder(out)


def _files_inside(archive: tarfile.TarFile) -> list[tarfile.TarInfo]:
    """The archive's members, to be owned and written by the restoring user alone.

    Debian's Python is older than the standard library's filter for this.

    Raises:
        ValueError: a member is no file or folder, or lies outside of the archive.
    """
    members = archive.getmembers()
    for member in members:
        # A file with two names is stored once, and linked.
        names = [member.name, member.linkname] if member.islnk() else [member.name]
        paths = [PurePosixPath(name) for name in names]
        is_inside = not any(path.is_absolute() or ".." in path.parts for path in paths)
        if not is_inside or not (member.isreg() or member.isdir() or member.islnk()):
            raise ValueError(f"{member.name} does not belong into a backup")
        member.mode = member.mode & 0o755 | (0o700 if member.isdir() else 0o600)
        member.uid = member.gid = -1
        member.uname = member.gname = ""
    return members
