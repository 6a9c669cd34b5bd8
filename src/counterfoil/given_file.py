"""A file that somebody names on the command line: read whole, with a bound, or refused in one line that names it.

Rules kept here:

* Only a regular file is read, so that a device without an end or a pipe without a writer holds nobody up.
* Never more is read than the limit, whatever the file's size is said to be.
* What is refused is said in plain words, after the file's name: no number of an error, no library.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from counterfoil.fault import FILE_EMPTY, FILE_MALFORMED, FILE_TOO_LARGE, FILE_UNREADABLE, Code

SMALL_FILE_BYTES = 16 * 1024 * 1024
"""For certificates, deployments, keys and other files that a person could read."""


class GivenFileError(OSError):
    """A file that was named can't be used; ``str`` is one line that begins with its name."""

    code: Code = FILE_UNREADABLE

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")


class GivenFileUnreadable(GivenFileError):
    """It is not there, is no regular file, or may not be read."""

    code = FILE_UNREADABLE


class GivenFileTooLarge(GivenFileError):
    """It is longer than is read here."""

    code = FILE_TOO_LARGE


class GivenFileEmpty(GivenFileError):
    """It has no bytes."""

    code = FILE_EMPTY


class GivenFileMalformed(GivenFileError, ValueError):
    """It is another thing than it is taken for."""

    code = FILE_MALFORMED


def read_file(path: Path, limit: int = SMALL_FILE_BYTES) -> bytes:
    """Return the bytes of the file at *path*: at least one, at most *limit*; or raise a GivenFileError."""
    with open_file(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise GivenFileTooLarge(path, f"longer than {limit:,} bytes, the most that is read here")
    if not data:
        raise GivenFileEmpty(path, "the file is empty")
    return data


def read_text_file(path: Path, limit: int = SMALL_FILE_BYTES) -> str:
    """Return the text of the file at *path*, which is UTF-8; or raise a GivenFileError."""
    try:
        return read_file(path, limit).decode()
    except UnicodeDecodeError as error:
        raise GivenFileMalformed(path, f"no UTF-8 text at byte {error.start}") from error


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Give the regular file at *path*, open to be read; GivenFileUnreadable where it can't be opened or read."""
    try:
        # A pipe without a writer is opened at once this way, and then refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                what = "a folder" if stat.S_ISDIR(mode) else "a device or a pipe"
                raise GivenFileUnreadable(path, f"{what}, not a file")
            yield file
    except GivenFileError:
        raise
    except OSError as error:
        if error.errno is None:  # not the system's: a format's own, of whoever reads
            raise
        raise GivenFileUnreadable(path, why_not(error)) from error


def why_not(error: OSError) -> str:
    """Return why the system refused a file, in plain words."""
    match error:
        case FileNotFoundError():
            return "there is no such file"
        case PermissionError():
            return "this user may not read it"
        case IsADirectoryError():
            return "a folder, not a file"
        case NotADirectoryError():
            return "there is no such file: a part of its path is no folder"
        case _:
            return f"it can't be read: {(error.strerror or 'no reason is known').lower()}"
