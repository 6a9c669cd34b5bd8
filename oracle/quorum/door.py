"""A node's door: the HTTP service for the other nodes, over mTLS and in a thread of its own.

Rules that this module keeps:

- A client must show a peer's pinned certificate. A proposal is judged only when that same peer signed it.
- 200 is a signature, 409 a dissent with its reason, 503 "can't tell yet", 422 more bytes than a proposal has.
- What a peer sends and is no proposal is a dissent, and is written down like any other.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.doors.problem import problem
from counterfoil.oracle.errors import NOT_A_PEER, InputMalformed
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.quorum.cosigner import Cosigner
from counterfoil.oracle.quorum.peers import Peer
from counterfoil.oracle.rules.judging.proposal import (
    MOST_BYTES,
    decode_call_proposal,
    decode_head_proposal,
)
from counterfoil.oracle.rules.judging.verdict import Dissents, NotYet
from counterfoil.peer_limits import PeerLimits
from counterfoil.web_server import WebServer

_MOST_LEAVES = 100_000


def create_door(
    peers: Sequence[Peer],
    cosigner: Cosigner,
    believed: BelievedLog,
    state: Callable[[], dict[str, Any]],
) -> FastAPI:
    """The application behind the door; *state* gives this node's status."""
    app = FastAPI(title="Counterfoil oracle node", docs_url=None, redoc_url=None)
    by_fingerprint = {peer.fingerprint: peer for peer in peers}

    def peer_of(request: Request) -> Peer | None:
        der = request.scope.get("client_certificate_der")
        return by_fingerprint.get(sha256(der).digest()) if der else None

    @app.exception_handler(Dissents)
    async def _dissents(_: Request, why: Dissents) -> JSONResponse:
        more = {} if why.log_index is None else {"log_index": why.log_index}
        return problem(409, why.code, str(why), more=more)

    @app.exception_handler(NotYet)
    async def _not_yet(_: Request, why: NotYet) -> JSONResponse:
        return problem(503, why.code, str(why))

    @app.exception_handler(InputMalformed)
    async def _malformed(_: Request, why: InputMalformed) -> JSONResponse:
        return problem(422, why.code, str(why))

    @app.post("/v1/heads")
    async def sign_head(request: Request) -> Response:
        """This node's signature over a proposed head (application/cbor)."""
        peer = peer_of(request)
        if peer is None:
            return problem(403, NOT_A_PEER, "no peer has this certificate")
        message = await _body(request)

        def sign() -> bytes:
            return cosigner.sign_head(
                cosigner.read("head", decode_head_proposal, message, peer), peer
            )

        return _signature(await run_in_threadpool(sign))

    @app.post("/v1/calls")
    async def sign_call(request: Request) -> Response:
        """This node's signature over a proposed call (application/cbor)."""
        peer = peer_of(request)
        if peer is None:
            return problem(403, NOT_A_PEER, "no peer has this certificate")
        message = await _body(request)

        def sign() -> bytes:
            return cosigner.sign_call(
                cosigner.read("call", decode_call_proposal, message, peer), peer
            )

        return _signature(await run_in_threadpool(sign))

    @app.get("/v1/leaves")
    def get_leaves(
        start: Annotated[int, Query(ge=0)], end: Annotated[int, Query(ge=0)]
    ) -> Response:
        """The leaf hashes of this node's copy, 32 bytes each, from *start* up to, not including, *end*."""
        found = believed.leaves(start, min(end, start + _MOST_LEAVES))
        return Response(b"".join(found), media_type="application/octet-stream")

    @app.get("/v1/status")
    def get_status() -> dict[str, Any]:
        """How far this node has come."""
        return state()

    return app


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > MOST_BYTES:
            raise InputMalformed(f"a proposal has at most {MOST_BYTES} bytes")
    return bytes(raw)


def _signature(signature: bytes) -> JSONResponse:
    return JSONResponse({"signature": to_hex(signature)})


class DoorServer:
    """The door, open from :meth:`start` to :meth:`stop`."""

    def __init__(
        self,
        app: Starlette,
        host: str,
        port: int,
        tls: ssl.SSLContext,
        limits: PeerLimits | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((host, port))
        # A client that connects between start() and the server's first accept waits; it is not refused.
        self._socket.listen(2048)
        self.port: int = self._socket.getsockname()[1]
        self._server = WebServer(app, tls=tls, limits=limits, stop_within_s=2)
        self._thread = threading.Thread(target=self._serve, name="door", daemon=True)

    def start(self) -> None:
        """Start to serve the peers."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the open requests, and close."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))
