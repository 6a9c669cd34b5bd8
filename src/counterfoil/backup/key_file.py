"""The file with the backups' key: made once, readable by its owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from counterfoil.backup.cipher import BackupKey, new_key_text
from counterfoil.backup.errors import KeyMalformed
from counterfoil.given_file import read_text_file


def open_key(path: Path) -> BackupKey:
    """Return the key in the file at *path*.

    Raises:
        KeyMalformed: it is no key, or others may read it.
        GivenFileError: it can't be read.
    """
    text = read_text_file(path)
    if path.stat().st_mode & 0o077:
        raise KeyMalformed(f"{path}: others than its owner may read it; its mode must be 0600")
    try:
        return BackupKey.from_text(text)
    except KeyMalformed as wrong:
        raise KeyMalformed(f"{path}: {wrong}") from None


def make_key(path: Path) -> None:
    """Write a new key to the file at *path*, which is not there; raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(new_key_text())
        out.flush()
        os.fsync(out.fileno())
