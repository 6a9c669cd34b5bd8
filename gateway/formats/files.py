"""A file's bytes, decompressed where it is gzip, and never more of them than a limit."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path

from counterfoil.gateway.formats.errors import (
    ColumnsError,
    FileTooLargeError,
    FileUnreadableError,
    FormatError,
)
from counterfoil.given_file import GivenFileError, open_file

MAX_BYTES = 256 * 1024 * 1024
_GZIP = b"\x1f\x8b"


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """Return the content of *path*, decompressed when it is gzip.

    Raises FileUnreadableError, or FileTooLargeError past *limit* bytes of content.
    """
    try:
        with open_file(path) as file:
            zipped = file.read(2) == _GZIP
            file.seek(0)
            if zipped:
                with gzip.GzipFile(fileobj=file) as unzipped:
                    content = unzipped.read(limit + 1)
            else:
                content = file.read(limit + 1)
    except GivenFileError as error:
        raise FileUnreadableError(str(error)) from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileUnreadableError(f"{path}: its gzip is cut off or damaged") from error
    if len(content) > limit:
        raise FileTooLargeError(f"{path}: more than {limit} bytes")
    return content


def text_of(content: bytes) -> str:
    """Return *content* as text: UTF-8, with or without a byte order mark; or FormatError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"not UTF-8 text at byte {error.start}") from error


def header_of(text: str) -> frozenset[str]:
    """Return the column names in the first line of the CSV in *text*; an empty set when it is no CSV."""
    first = text.split("\n", maxsplit=1)[0].rstrip("\r")
    try:
        return frozenset(next(csv.reader([first[:10_000]]), []))
    except csv.Error:
        return frozenset()


def table_rows(text: str, columns: frozenset[str]) -> Iterator[tuple[int, dict[str, str] | None]]:
    """Yield (line number, row by column name) for each row of the CSV in *text*.

    The row is None when it has another number of cells than the first line names. Raises
    ColumnsError when that first line lacks one of *columns*, FormatError on broken quoting.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        missing = columns.difference(header)
        if missing:
            raise ColumnsError(f"no column {', '.join(sorted(missing))}")
        for cells in reader:
            if cells:
                whole = len(cells) == len(header)
                yield reader.line_num, dict(zip(header, cells, strict=True)) if whole else None
    except csv.Error as error:
        raise FormatError(f"line {reader.line_num}: {error}") from error
