"""Where the log's next records come from: the gateway's store on this machine, or gateways over mTLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from typing import Protocol

import httpx

from counterfoil.gateway.errors import StoreBehindError, TileError
from counterfoil.gateway.log.tile_format import decode_entries
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.errors import GatewayNotThere, RecordRefused

_PIECE = 1_000
_READ = 2_000
_TIMEOUT_S = 15.0


class LogSource(Protocol):
    """The log's entries, as somebody has them who is not believed."""

    def pieces(self, start: int) -> Iterator[list[bytes]]:
        """Yield the entries from log index *start* on, in pieces, each read once the one before was taken.

        Raises:
            GatewayNotThere: nobody gave entries.
            RecordRefused: an entry is missing.
        """

    def turn_away(self) -> None:
        """Ask another one next, if there is one."""

    def close(self) -> None:
        """Close the connections."""


class StoreSource:
    """The gateway's store, read where it is: a piece at a time, so that no step of the loop takes long."""

    def __init__(self, store: GatewayStore) -> None:
        self._store = store

    def pieces(self, start: int) -> Iterator[list[bytes]]:
        rows = self._store.records(start, _READ)
        for expected, (log_index, _) in enumerate(rows, start):
            if log_index != expected:
                rows = rows[: expected - start]
                break
        if rows:
            yield [raw for _, raw in rows]
        elif (kept := self._store.size()) != start:
            raise RecordRefused(
                start, StoreBehindError.code, f"the gateway's store has {kept} records"
            )

    def turn_away(self) -> None:
        """There is no other store."""

    def close(self) -> None:
        """The store's owner closes it."""


class GatewaySource:
    """The doors for readers of *gateways* (base URLs), in turn."""

    def __init__(self, gateways: Sequence[str], tls: ssl.SSLContext) -> None:
        self._gateways = list(gateways)
        self._client = httpx.Client(verify=tls, timeout=_TIMEOUT_S)

    def pieces(self, start: int) -> Iterator[list[bytes]]:
        params = {"start": start, "limit": 10_000}
        try:
            with self._client.stream(
                "GET", f"{self._gateways[0]}/v1/log", params=params
            ) as response:
                response.raise_for_status()
                piece: list[bytes] = []
                for entry in decode_entries(response.iter_bytes()):
                    piece.append(entry)
                    if len(piece) == _PIECE:
                        yield piece
                        piece = []
                if piece:
                    yield piece
        except (httpx.HTTPError, ssl.SSLError, TileError) as failure:
            raise GatewayNotThere(f"no entries: {type(failure).__name__}: {failure}") from failure

    def turn_away(self) -> None:
        self._gateways.append(self._gateways.pop(0))

    def close(self) -> None:
        self._client.close()
