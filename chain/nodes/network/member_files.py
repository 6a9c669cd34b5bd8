"""Writes files whole, with a mode that can keep others from reading them; reads them; measures folders and disks."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from counterfoil.chain.nodes.network.errors import FILE_MALFORMED, IN_REPOSITORY, NetworkError
from counterfoil.given_file import GivenFileError, read_file

_BLOCK = 512
"""The unit of ``st_blocks``, in bytes, on every file system."""


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write *data* to *path* with *mode*. A crash leaves the old file or the new one, whole."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Write *value* to *path* as JSON."""
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode(), mode)


def read_json(path: Path) -> Any:
    """The JSON at *path*.

    Raises:
        NetworkError: the file can't be read, or is no JSON.
    """
    try:
        return json.loads(read_file(path))
    except GivenFileError as missing:
        raise NetworkError(missing.code, str(missing)) from missing
    except ValueError as malformed:
        raise NetworkError(FILE_MALFORMED, f"{path} is no JSON: {malformed}") from malformed


def require_outside_of_a_repository(folder: Path) -> None:
    """Refuse a folder in a git repository: keys never go into one.

    Raises:
        NetworkError: *folder* lies in a checkout.
    """
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            raise NetworkError(
                IN_REPOSITORY,
                f"{folder} lies in the repository {parent}: keys don't belong there",
            )


def size_of(folder: Path) -> int:
    """The bytes of disk that the files in *folder* take, preallocated blocks included.

    A file that vanishes meanwhile counts 0.
    """
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(root) / name).lstat().st_blocks * _BLOCK
            except OSError:
                continue
    return total


def disk_of(folder: Path) -> tuple[int, int]:
    """The free bytes and the size of the disk of *folder*."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total
