"""The HTTP server of every process: uvicorn, with an end to all that a peer can keep waiting.

Rules that this module keeps:

- A handshake of TLS, a request's head, its body, and the reading of a response each have a time. Who needs longer loses
  its own connection. A peer that the application itself keeps waiting loses nothing.
- A door has a number of connections. What comes beyond it is closed before anything of it is read.
- A body that nobody wants any more, since its response is complete, is thrown away for a moment, so that the peer gets
  the response; then its connection is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from counterfoil.peer_limits import PeerLimits

_LOOK_S = 0.5
_LINGER_S = 3.0


@dataclass
class _Watched:
    """Since when a connection's peer is waited for, and what it has brought since then."""

    since: float
    received: int = 0


class PatientProtocol(H11Protocol):
    """HTTP/1.1 of one connection, which ends when its peer is too slow.

    Requests carry the client's certificate in their scope, as ``ssl`` gives it, and its DER.
    """

    limits = PeerLimits()
    _watched: _Watched | None = None
    _look: asyncio.TimerHandle | None = None
    _unread_bytes = 0
    _unread_since = float("inf")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watched = _Watched(self.loop.time())
        if len(self.connections) > self.limits.connections:
            transport.abort()
            return
        self._look = self.loop.call_later(_LOOK_S, self._look_again)
        certificate, app = transport.get_extra_info("peercert"), self.app
        tls = transport.get_extra_info("ssl_object")
        found = {
            "client_certificate": certificate,
            "client_certificate_der": tls.getpeercert(True) if tls else None,
        }

        async def with_certificate(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, **found}, receive, send)

        self.app = with_certificate

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._watched is None:
            self._watched = _Watched(self.loop.time())
        self._watched.received += len(data)
        super().data_received(data)
        if self.conn.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED):
            self._watched = None  # the request is here: it is the application's turn

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(_LINGER_S, self._close_unless_new, self.cycle)

    def shutdown(self) -> None:
        """End the connection: at once when it is idle, since an idle peer may never respond to the end of TLS."""
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()

    def _close_unless_new(self, answered: object) -> None:
        if self.cycle is answered and self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    def _look_again(self) -> None:
        now = self.loop.time()
        if self._is_too_slow(now) or self._leaves_unread(now):
            self.transport.abort()
            return
        self._look = self.loop.call_later(_LOOK_S, self._look_again)

    def _is_too_slow(self, now: float) -> bool:
        watched = self._watched
        if watched is None:
            return False
        if self.flow.read_paused:
            # The application has not taken what is here. Its time is not the peer's.
            watched.since += _LOOK_S
            return False
        if self.conn.their_state is not h11.SEND_BODY:
            return now - watched.since > self.limits.head_within_s
        earned = watched.received / self.limits.body_bytes_a_second
        return now - watched.since > self.limits.body_within_s + earned

    def _leaves_unread(self, now: float) -> bool:
        """Whether the peer has taken nothing of what waits for it, for too long."""
        waiting = self.transport.get_write_buffer_size()
        if waiting == 0 or waiting < self._unread_bytes:
            self._unread_since = now
        self._unread_bytes = waiting
        return waiting > 0 and now - self._unread_since > self.limits.unread_within_s


class WebServer(uvicorn.Server):
    """uvicorn with :class:`PeerLimits`, over *tls* or in clear."""

    def __init__(
        self,
        app: Any,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        limits: PeerLimits | None = None,
        stop_within_s: int = 5,
        lifespan: str = "off",
    ) -> None:
        self._limits = limits or PeerLimits()
        self._protocol = type("LimitedProtocol", (PatientProtocol,), {"limits": self._limits})
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,  # this process's loggers have a form of their own
            log_level="warning",
            timeout_graceful_shutdown=stop_within_s,
            http=self._protocol,
            ws="none",
            interface="asgi3",
            lifespan=lifespan,  # type: ignore[arg-type]
            server_header=False,
        )
        config.load()
        config.ssl = tls
        super().__init__(config)

    _is_the_process = False

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the process's signals only where this server is all of it: others have handlers of their own."""
        with super().capture_signals() if self._is_the_process else contextlib.nullcontext():
            yield

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until SIGTERM or Ctrl-C."""
        self._is_the_process = True
        with contextlib.suppress(KeyboardInterrupt):
            super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. uvicorn's own has no word on how long a handshake may take, which would be a minute."""
        if self.config.ssl is None:
            await super().startup(sockets)
            return
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        protocol: Callable[[], asyncio.Protocol] = partial(
            self._protocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        listen = partial(
            loop.create_server,
            protocol,
            ssl=self.config.ssl,
            ssl_handshake_timeout=self._limits.handshake_within_s,
            ssl_shutdown_timeout=self._limits.handshake_within_s,
            backlog=self.config.backlog,
        )
        if sockets is None:
            self.servers = [await listen(host=self.config.host, port=self.config.port)]
        else:
            self.servers = [await listen(sock=one) for one in sockets]
        self.started = True
