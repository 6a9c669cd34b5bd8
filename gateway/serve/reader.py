"""The gateway's door for those who keep a copy of the log: raw entries by place, over TLS with client certificates.

Rules that this module keeps:

- Only who has a certificate of an authority that is listed, or one that is listed itself, comes in.
- Entries are the records' own bytes in the log's order, from any place on: whoever was cut off goes on where it was.
- A reader that is slow is sent no more than it takes: pieces are read from the store as the connection has room.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse

from counterfoil.gateway.log.tiles import encode_bundle
from counterfoil.gateway.store import GatewayStore

LOG_SIZE = "Log-Size"
"""Header: how many entries the log has now."""
MOST_ENTRIES = 10_000
_PIECE = 250


def reader_tls(certificate: Path, key: Path, readers: Path) -> ssl.SSLContext:
    """TLS 1.3 that takes only clients whom *readers* (PEM) lists: by their authority, or by their own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(readers)
    context.verify_mode = ssl.CERT_REQUIRED
    # A certificate that is listed itself ends the path, whoever signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def create_reader(store: GatewayStore) -> FastAPI:
    """The application behind the readers' door."""
    app = FastAPI(title="Counterfoil gateway, the log", docs_url=None, redoc_url=None)

    @app.exception_handler(RequestValidationError)
    async def _malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        detail = "; ".join(f"{e['loc'][-1]}: {e['msg']}" for e in error.errors())
        body = {"type": "about:blank", "title": "range_malformed", "status": 422}
        return JSONResponse(
            {**body, "code": "range_malformed", "detail": detail},
            422,
            media_type="application/problem+json",
        )

    @app.get("/v1/log")
    def get_log(
        start: Annotated[int, Query(ge=0, le=2**53)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = MOST_ENTRIES,
    ) -> StreamingResponse:
        """Entries from *start* on, each after its length in two bytes, big-endian; none at the log's end."""
        size = store.size()
        end = min(size, start + limit)
        return StreamingResponse(
            _pieces(store, start, end),
            media_type="application/octet-stream",
            headers={LOG_SIZE: str(size), "Cache-Control": "no-store"},
        )

    return app


def _pieces(store: GatewayStore, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        rows = store.records(start, min(_PIECE, end - start))
        if not rows:
            return
        yield encode_bundle(raw for _, raw in rows)
        start += len(rows)
