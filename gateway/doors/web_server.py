"""The HTTP servers of the gateway: without TLS on the loopback, and over TLS for devices and readers."""

from __future__ import annotations

import asyncio
import ssl

from starlette.applications import Starlette

from counterfoil.peer_limits import PeerLimits
from counterfoil.web_server import WebServer


class WebDoor:
    """One HTTP server in this process's event loop, with *tls* or without."""

    def __init__(
        self,
        app: Starlette,
        host: str,
        port: int,
        tls: ssl.SSLContext | None = None,
        limits: PeerLimits | None = None,
    ) -> None:
        self._server = WebServer(app, host=host, port=port, tls=tls, limits=limits)
        self._serving = asyncio.create_task(self._server.serve())

    async def stop(self) -> None:
        """Finish open requests, and close."""
        self._server.should_exit = True
        await self._serving
