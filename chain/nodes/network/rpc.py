"""JSON-RPC to a node on this machine, without the libraries of an EVM: what watches a node stays a small process."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx

from counterfoil.chain.errors import NodeUnreachable, RpcRefused

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Has no certificate authorities, which each call would read: loopback needs no TLS."""


def call_rpc(port: int, path: str, method: str, params: Any = None, timeout_s: float = 5.0) -> Any:
    """The result of one call at 127.0.0.1:*port*.

    Raises:
        NodeUnreachable: the node did not answer.
        RpcRefused: the node returned an error.
    """
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [] if params is None else params}
    url = f"http://127.0.0.1:{port}{path}"
    try:
        response = httpx.post(
            url, json=body, timeout=timeout_s, verify=_NO_TLS, trust_env=False
        ).json()
    except (httpx.HTTPError, ValueError) as failure:
        raise NodeUnreachable(f"no answer from the node: {type(failure).__name__}") from failure
    if not isinstance(response, dict) or response.get("error"):
        error = response.get("error") if isinstance(response, dict) else response
        raise RpcRefused(str(error.get("message", error) if isinstance(error, dict) else error))
    return response.get("result")


def listens(host: str, port: int, timeout_s: float = 1.0) -> bool:
    """Whether somebody accepts connections at *host*:*port*."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return True
    except OSError:
        return False
