"""The gateway's door for readers who keep a copy of the log: raw entries by index, over TLS with client certificates.

Rules that this module keeps:

- A reader needs a certificate that is listed, or one of a listed authority.
- Entries are the records' own bytes in the log's order, from any index on: an interrupted reader continues there.
- A slow reader is sent no more than it takes: pieces are read from the store as the connection has room.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from counterfoil.gateway.doors.handshake import ServerContext
from counterfoil.gateway.doors.problem import problem
from counterfoil.gateway.errors import REQUEST_MALFORMED
from counterfoil.gateway.log.tile_format import encode_bundle
from counterfoil.gateway.store.gateway_store import GatewayStore

LOG_SIZE = "Log-Size"
"""Header: how many entries the log has now."""
MOST_ENTRIES = 10_000
_PIECE = 250
_DIGITS = re.compile("[0-9]{1,16}")


def reader_tls(certificate: Path, key: Path, readers: Path) -> ServerContext:
    """Return TLS 1.3 for clients that *readers* (PEM) lists, by their authority or by their own certificate."""
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(readers)
    context.verify_mode = ssl.CERT_REQUIRED
    # A listed certificate ends the path, whoever signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def create_reader(store: GatewayStore) -> Starlette:
    """Return the application of the readers' door."""

    def get_log(request: Request) -> Response:
        """Return entries from *start* on, each after its length in two bytes, big-endian; none at the log's end."""
        try:
            start = _asked(request, name="start", default=0, least=0, most=2**53)
            limit = _asked(request, name="limit", default=MOST_ENTRIES, least=1, most=MOST_ENTRIES)
        except ValueError as wrong:
            return problem(422, REQUEST_MALFORMED, str(wrong))
        size = store.size()
        end = min(size, start + limit)
        return StreamingResponse(
            _pieces(store, start, end),
            media_type="application/octet-stream",
            headers={LOG_SIZE: str(size), "Cache-Control": "no-store"},
        )

    return Starlette(routes=[Route("/v1/log", get_log)])


def _asked(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise ValueError(f"{name}: a whole number from {least} to {most}")
    return int(text)


def _pieces(store: GatewayStore, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        rows = store.records(start, min(_PIECE, end - start))
        if not rows:
            return
        yield encode_bundle(raw for _, raw in rows)
        start += len(rows)
