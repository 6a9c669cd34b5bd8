"""The door of an embedded chain: the one way to it, for what a consortium's node answers and nothing else.

Rules that this module keeps:

- What is run for a question has the gas of a block at most: nobody keeps the chain busy without an end.
- The methods that may be asked are listed. What gives orders to a development chain (another's account, a balance, a
  code, a time, a block) is on no list, and nothing is signed here: what comes in is signed already.
- A request with an ``Origin`` is a page's in somebody's browser: it is answered when the origin is listed. So is a
  request for another name than the loopback's, which a page would reach by a name server of its own.
- The chain's own socket is in a folder of its owner, behind this door.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

from counterfoil.chain.errors import NodeNotReady, NodeUnreachable, RpcRefused
from counterfoil.chain.nodes.embedded_programs import BLOCK_GAS_LIMIT
from counterfoil.peer_limits import PeerLimits
from counterfoil.web_server import WebServer

METHODS = frozenset(
    {
        "eth_blobBaseFee",
        "eth_blockNumber",
        "eth_call",
        "eth_chainId",
        "eth_createAccessList",
        "eth_estimateGas",
        "eth_feeHistory",
        "eth_gasPrice",
        "eth_getBalance",
        "eth_getBlockByHash",
        "eth_getBlockByNumber",
        "eth_getBlockReceipts",
        "eth_getBlockTransactionCountByHash",
        "eth_getBlockTransactionCountByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getProof",
        "eth_getStorageAt",
        "eth_getTransactionByBlockHashAndIndex",
        "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionByHash",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_maxPriorityFeePerGas",
        "eth_protocolVersion",
        "eth_sendRawTransaction",
        "eth_syncing",
        "net_listening",
        "net_peerCount",
        "net_version",
        "web3_clientVersion",
    }
)
"""What may be asked."""
_RUNS = frozenset({"eth_call", "eth_createAccessList", "eth_estimateGas"})
"""What runs code in the chain's own process; anvil neither ends it with its asker nor makes blocks meanwhile."""
_GAS = ("gas", "gasLimit", "gas_limit")
_REFUSED = -32601
_MOST_BYTES = 4 * 1024 * 1024
_MOST_CALLS = 1_000
_MOST_AT_ONCE = 64
_ANSWER_WITHIN_S = 60.0
_START_WITHIN_S = 20.0
_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


def refusal_of(asked: object) -> str | None:
    """Return why *asked*, the JSON of a request, is not passed on; None when it is."""
    calls = asked if isinstance(asked, list) else [asked]
    if len(calls) > _MOST_CALLS:
        return f"a batch has at most {_MOST_CALLS} calls"
    for call in calls:
        if not isinstance(call, dict):
            return "a call is an object"
        method = call.get("method")
        if not isinstance(method, str) or method not in METHODS:
            return f"the method {str(method)[:60]} is not available"
        if method in _RUNS and not _has_an_end(call.get("params")):
            return f"{method} has at most {BLOCK_GAS_LIMIT:,} gas, as a block"
    return None


def _has_an_end(params: object) -> bool:
    """Whether what *params* ask to be run is given no more gas than a block has, as a call or by another block."""
    objects = [one for one in params if isinstance(one, dict)] if isinstance(params, list) else []
    named = [one[name] for one in objects for name in _GAS if one.get(name) is not None]
    try:
        gas = [int(one, 0) if isinstance(one, str) else int(one) for one in named]
    except (ValueError, TypeError, OverflowError):
        return False
    return isinstance(params, list) and all(0 <= one <= BLOCK_GAS_LIMIT for one in gas)


def ask_engine(folder: Path, name: str, method: str, *params: object) -> Any:
    """Ask the chain at its own socket *name* in *folder*, behind the door; return the result.

    Raises:
        NodeUnreachable: it does not answer.
        RpcRefused: it refuses.
    """
    descriptor = os.open(folder, os.O_DIRECTORY | os.O_RDONLY)
    asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(_ANSWER_WITHIN_S)
            peer.connect(f"/proc/self/fd/{descriptor}/{name}")
            peer.sendall(json.dumps(asked).encode() + b"\n")
            with peer.makefile("rb") as lines:
                answer = json.loads(lines.readline())
    except (OSError, ValueError) as failure:
        raise NodeUnreachable(f"no answer from the embedded chain: {failure}") from failure
    finally:
        os.close(descriptor)
    if "error" in answer:
        raise RpcRefused(str(answer["error"].get("message", "")))
    return answer["result"]


class _Engine:
    """Connections to the chain's own socket; each carries one request at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        # By the folder's descriptor, since the path of a socket may have no more than 107 bytes.
        self._folder = os.open(folder, os.O_DIRECTORY | os.O_RDONLY)
        self._path = f"/proc/self/fd/{self._folder}/{name}"
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)

    async def ask(self, body: bytes) -> bytes:
        """Return the response to *body*, one line of JSON.

        Raises:
            OSError, TimeoutError: the chain is away, or takes too long.
        """
        async with self._connection() as (reader, writer):
            writer.write(body)
            answer = await asyncio.wait_for(reader.readline(), _ANSWER_WITHIN_S)
            if not answer.endswith(b"\n"):
                raise ConnectionResetError("the chain has ended")
            return answer

    @contextlib.asynccontextmanager
    async def _connection(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with self._room:
            while self._idle:
                pair = self._idle.pop()
                if not pair[0].at_eof():
                    break
            else:
                pair = await asyncio.open_unix_connection(self._path, limit=1 << 30)
            try:
                yield pair
            except BaseException:
                pair[1].close()  # a late answer would be taken for another's
                raise
            self._idle.append(pair)

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()
        os.close(self._folder)


class RpcDoor:
    """JSON-RPC over HTTP on the loopback's *port*, passed on to the socket *name* in *folder*, in its own thread."""

    def __init__(
        self,
        folder: Path,
        name: str,
        port: int,
        *,
        origins: Collection[str] = (),
        limits: PeerLimits | None = None,
    ) -> None:
        self._where = (folder, name)
        self._origins = frozenset(origins)
        self._engine: _Engine | None = None
        self._server = WebServer(self._app, port=port, limits=limits, stop_within_s=2)
        self._thread = threading.Thread(target=self._serve, name="rpc-door", daemon=True)
        self._started = threading.Event()

    def start(self) -> None:
        """Open the door; it is open when this returns.

        Raises:
            NodeNotReady: the port is taken.
        """
        self._thread.start()
        for _ in range(round(_START_WITHIN_S / 0.02)):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            self._started.wait(0.02)
        raise NodeNotReady(f"port {self._server.config.port} can't be listened on")

    def stop(self) -> None:
        """Answer what was asked, and close."""
        self._server.should_exit = True
        self._thread.join(10)

    def _serve(self) -> None:
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that it can't listen
            asyncio.run(self._run())

    async def _run(self) -> None:
        self._engine = _Engine(*self._where)
        try:
            await self._server.serve()
        finally:
            self._engine.close()

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        origin = headers.get(b"origin")
        allowed = origin if origin is not None and origin in self._origins else None
        if origin is not None and allowed is None:
            return await _respond(send, 403, body={"error": "this origin is not listed"})
        if headers.get(b"host", "").rsplit(":", 1)[0] not in _NAMES:
            return await _respond(send, 403, {"error": "this is the loopback's node"})
        if scope["method"] == "OPTIONS" and allowed is not None:
            return await _respond(send, 204, body=None, origin=allowed)
        if scope["method"] != "POST":
            return await _respond(send, 405, body={"error": "JSON-RPC is posted"}, origin=allowed)
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > _MOST_BYTES:
                return await _respond(
                    send, 413, body={"error": f"at most {_MOST_BYTES} bytes"}, origin=allowed
                )
        return await self._answer(bytes(body), send, allowed)

    async def _answer(self, body: bytes, send: Any, allowed: str | None) -> None:
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return await _respond(send, 400, body={"error": "no JSON"}, origin=allowed)
        why = refusal_of(asked)
        if why is not None:
            number = asked.get("id") if isinstance(asked, dict) else None
            error = {"code": _REFUSED, "message": why}
            return await _respond(
                send, 200, {"jsonrpc": "2.0", "id": number, "error": error}, origin=allowed
            )
        if asked == []:
            return await _respond(send, 200, body=[], origin=allowed)
        assert self._engine is not None  # noqa: S101  # the server runs
        try:
            # As it was read, on one line: the chain sees what was checked.
            answer = await self._engine.ask(json.dumps(asked).encode() + b"\n")
        except (OSError, TimeoutError):
            return await _respond(
                send, 502, body={"error": "the chain does not answer"}, origin=allowed
            )
        return await _respond(send, 200, body=answer, origin=allowed)


async def _respond(send: Any, status: int, body: object, origin: str | None = None) -> None:
    raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(raw)).encode()),
    ]
    if origin is not None:
        headers += [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-allow-headers", b"content-type"),
            (b"access-control-allow-methods", b"POST"),
            (b"vary", b"origin"),
        ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": raw})
