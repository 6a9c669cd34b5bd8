"""The log's files, from a folder or from the gateway's HTTP address."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from counterfoil.fault import Code
from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.tile_format import most_bytes
from counterfoil.gateway.logfiles.tiles import FileReader, read_folder

_TIMEOUT_S = 20


class LogUnreachable(TileError):
    """The server did not respond, so the log could not be read."""

    code = Code("log.unreachable")
    to_do = "Check the log's address and that its server runs; then ask again."


def open_source(where: str, verify: str | bool = True) -> FileReader:
    """Return a reader of the log at *where*, an http(s) address or a folder; TileError for absent files.

    *verify* is the CA file that a server's certificate must lead to. Raises LogUnreachable when no server responds.
    """
    if not where.startswith(("http://", "https://")):
        return read_folder(Path(where))
    import httpx

    client = httpx.Client(base_url=where.rstrip("/") + "/", timeout=_TIMEOUT_S, verify=verify)

    def read(path: str) -> bytes:
        try:
            with client.stream("GET", path) as response:
                if response.status_code == 404:
                    raise TileError(f"{path}: not there")
                if response.status_code != 200:
                    raise LogUnreachable(f"{where}/{path}: HTTP status {response.status_code}")
                return _bounded(response.iter_bytes(), path)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LogUnreachable(f"{where}: no answer, or not over HTTP") from error

    return read


def _bounded(pieces: Iterable[bytes], path: str) -> bytes:
    """Return the bytes of *pieces*; TileError when the log's file at *path* can't be that long."""
    found, most = bytearray(), most_bytes(path)
    for piece in pieces:
        found += piece
        if len(found) > most:
            raise TileError(f"{path}: longer than {most:,} bytes")
    return bytes(found)
