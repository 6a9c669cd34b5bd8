"""Files that others must not read, and files that are whole or as they were before."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from counterfoil.chain.nodes.network.errors import NetworkError

_BLOCK = 512
"""What ``st_blocks`` counts, whatever the file system's own blocks are."""


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Make *path* hold *data*, whole or as it was before, with *mode*."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)


def write_json(path: Path, value: Any, mode: int = 0o644) -> None:
    """Make *path* hold *value* as JSON."""
    write_whole(path, (json.dumps(value, indent=1) + "\n").encode(), mode)


def read_json(path: Path) -> Any:
    """The JSON at *path*.

    Raises:
        NetworkError: it is not there, or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except OSError as missing:
        raise NetworkError("file_missing", f"{path} can't be read: {missing.strerror}") from missing
    except ValueError as malformed:
        raise NetworkError("file_malformed", f"{path} is no JSON: {malformed}") from malformed


def require_outside_of_a_repository(folder: Path) -> None:
    """Keys never go into a repository: refuse a folder that git would take in.

    Raises:
        NetworkError: *folder* lies in a checkout.
    """
    folder = folder.resolve()
    for parent in (folder, *folder.parents):
        if (parent / ".git").exists():
            raise NetworkError(
                "in_repository",
                f"{folder} lies in the repository {parent}: keys don't belong there",
            )


def size_of(folder: Path) -> int:
    """Bytes that the files in *folder* take on the disk, with what is set aside for them.

    A file that goes away meanwhile counts nothing.
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
    """Bytes that are free on the disk of *folder*, and its size."""
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total
