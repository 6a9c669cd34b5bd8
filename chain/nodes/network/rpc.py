"""JSON-RPC to a node's own services, without the libraries of an EVM: a node is watched by a small process."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from counterfoil.chain.errors import NodeUnreachable, RpcRefused


def ask(port: int, path: str, method: str, params: Any = None, timeout_s: float = 5.0) -> Any:
    """The result of one call at 127.0.0.1:*port*.

    Raises:
        NodeUnreachable: no answer.
        RpcRefused: an error answer.
    """
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [] if params is None else params}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as failure:
        raise NodeUnreachable(f"no answer from the node: {type(failure).__name__}") from failure
    finally:
        connection.close()
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
