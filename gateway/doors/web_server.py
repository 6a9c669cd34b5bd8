"""The HTTP servers of the gateway: without TLS on the loopback, and over TLS for devices and readers."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

_STOP_WITHIN_S = 5


class CertifiedProtocol(H11Protocol):
    """HTTP/1.1 whose requests carry the client's certificate in their scope, as ``ssl`` gives it, and its DER."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        certificate, app = transport.get_extra_info("peercert"), self.app
        tls = transport.get_extra_info("ssl_object")
        found = {
            "client_certificate": certificate,
            "client_certificate_der": tls.getpeercert(True) if tls else None,
        }

        async def with_certificate(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, **found}, receive, send)

        self.app = with_certificate

    def shutdown(self) -> None:
        """End the connection: at once when it is idle, since an idle peer may never respond to the end of TLS."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


class WebDoor:
    """One HTTP server in this process's event loop, with *tls* or without."""

    def __init__(
        self, app: Starlette, host: str, port: int, tls: ssl.SSLContext | None = None
    ) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            log_level="warning",
            timeout_graceful_shutdown=_STOP_WITHIN_S,
            http=CertifiedProtocol,
            ws="none",
            lifespan="off",
        )
        config.load()
        config.ssl = tls
        self._server = uvicorn.Server(config)
        # This process has its own handlers, and uvicorn would take them over.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        self._serving = asyncio.create_task(self._server.serve())

    async def stop(self) -> None:
        """Finish open requests, and close."""
        self._server.should_exit = True
        await self._serving
