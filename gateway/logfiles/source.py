"""The log's files, from a folder or from the gateway's HTTP address."""

from __future__ import annotations

from pathlib import Path

from counterfoil.fault import Code
from counterfoil.gateway.errors import TileError
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
            response = client.get(path)
        except httpx.HTTPError as error:
            raise LogUnreachable(f"{where}: {type(error).__name__}") from error
        if response.status_code == 404:
            raise TileError(f"{path}: not there")
        if response.status_code != 200:
            raise LogUnreachable(f"{where}/{path}: HTTP status {response.status_code}")
        return response.content

    return read
