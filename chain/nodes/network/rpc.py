"""JSON-RPC to a node's own services, without the libraries of an EVM: a node is watched by a small process."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx

from counterfoil.chain.errors import NodeUnreachable, RpcRefused

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Without certificate authorities, which would be read for each call: loopback is spoken to in the clear."""


def call_rpc(port: int, path: str, method: str, params: Any = None, timeout_s: float = 5.0) -> Any:
    """The result of one call at 127.0.0.1:*port*.

    Raises:
        NodeUnreachable: no answer.
        RpcRefused: an error answer.
    """
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [] if params is None else params}
    url = f"http://127.0.0.1:{port}{path}"
    try:
        answer = httpx.post(
            url, json=body, timeout=timeout_s, verify=_NO_TLS, trust_env=False
        ).json()
    except (httpx.HTTPError, ValueError) as failure:
        raise NodeUnreachable(f"no answer from the node: {type(failure).__name__}") from failure
    if not isinstance(answer, dict) or answer.get("error"):
        error = answer.get("error") if isinstance(answer, dict) else answer
        raise RpcRefused(str(error.get("message", error) if isinstance(error, dict) else error))
    return answer.get("result")


def listens(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Whether somebody accepts connections at *host*:*port*."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return True
    except OSError:
        return False
