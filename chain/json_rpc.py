"""JSON-RPC to one node: calls in batches, and the node's errors as exceptions of this package.

Rules that this module keeps:

- A revert becomes :class:`~counterfoil.chain.errors.ContractReverted` with the contract's own error and values.
- An error about a node that is not reached says its host and port, what happened and the HTTP status: the rest of an
  address may hold a secret.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import httpx

from counterfoil.chain.abi.reverts import decode_revert
from counterfoil.chain.errors import (
    ChainError,
    ContractReverted,
    NodeUnreachable,
    RpcRefused,
    StateNotKept,
)
from counterfoil.chain.hexadecimal import from_hex, has_prefix
from counterfoil.printable import address_shown

_BATCH = 100
"""Calls in one request: nodes limit it."""
_MOVED_ON = "blockoutofrangeerror"
"""anvil's error for a block without a state. The newest block gives it too, when the next one comes meanwhile."""
_TRIES = 20
"""How often a call about the newest block is repeated when a newer block came meanwhile."""
_CONNECTIONS = httpx.Limits(max_keepalive_connections=10, keepalive_expiry=None)
_NO_STATE = ("missing trie node", "historical state", "world state unavailable")
"""The errors of subnet-evm, geth and Besu for a state that they have pruned."""


class RpcResponse:
    """One response of a batch: a result, or an error that :meth:`unwrap` raises."""

    def __init__(self, response: Mapping[str, Any]) -> None:
        self.result = response.get("result")
        self.error = _error(response["error"]) if response.get("error") else None

    def unwrap(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class JsonRpc:
    """The node at *url*. Its connections are kept, and any thread may use them."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        self._shown = address_shown(url)
        # The client reads the environment's proxies once here, not at every call.
        self._client = httpx.Client(
            verify=_tls(), timeout=timeout_s, limits=_CONNECTIONS, follow_redirects=True
        )

    def batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        """The responses to *calls*, in their order. An error stays in its response. A request holds 100 calls.

        Raises:
            NodeUnreachable: the node did not answer.
            RpcRefused: the node refused a whole batch.
        """
        return [
            response
            for start in range(0, len(calls), _BATCH)
            for response in self._settled(calls[start : start + _BATCH])
        ]

    def _settled(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        """The responses to *calls*. A call that failed because a newer block came meanwhile is repeated.

        No retry library does this: only those calls of a batch are repeated, and at once.
        """
        responses = self._request(calls)
        for _ in range(_TRIES):
            again = [
                i
                for i, response in enumerate(responses)
                if "latest" in calls[i][1] and _moved_on(response)
            ]
            if not again:
                break
            for i, response in zip(again, self._request([calls[i] for i in again]), strict=True):
                responses[i] = response
        return responses

    def _request(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        body: Any = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in enumerate(calls)
        ]
        try:
            reply = self._client.post(self._url, json=body)
            reply.raise_for_status()
            responses = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, ValueError) as failure:
            raise NodeUnreachable(
                f"no answer from the chain's node at {self._shown}: {_why(failure)}"
            ) from failure
        if isinstance(responses, dict):
            raise RpcRefused(str(responses.get("error", {}).get("message", responses)))
        if not isinstance(responses, list) or not all(isinstance(one, dict) for one in responses):
            raise NodeUnreachable(f"no chain's node answers at {self._shown}")
        by_id = {response.get("id"): response for response in responses}
        missing = {"error": {"message": "the node left a call of the batch unanswered"}}
        return [RpcResponse(by_id.get(i, missing)) for i in range(len(calls))]


@cache
def _tls() -> ssl.SSLContext:
    """The trusted certificate authorities, read once in a process."""
    return httpx.create_ssl_context()


def _why(failure: Exception) -> str:
    """What happened, in plain words, with the HTTP status where there was a response."""
    match failure:
        case httpx.HTTPStatusError():
            return f"HTTP status {failure.response.status_code}"
        case httpx.UnsupportedProtocol() | httpx.InvalidURL() | httpx.LocalProtocolError():
            return "that is no http:// or https:// address"
        case httpx.ConnectTimeout() | httpx.TimeoutException():
            return "it took too long"
        case httpx.ConnectError():
            return "nothing listens there, or the name is not known"
        case ssl.SSLError():
            return "its certificate or TLS is not accepted"
        case httpx.HTTPError():
            return "the connection was broken off"
        case _:
            return "what answers is no chain's node"


def _moved_on(response: RpcResponse) -> bool:
    return isinstance(response.error, RpcRefused) and _MOVED_ON in str(response.error).lower()


def _error(error: Mapping[str, Any]) -> ChainError:
    """A node's error as a ChainError; anvil, geth and ganache put the revert data in different places."""
    data = error.get("data")
    if isinstance(data, dict):
        data = data.get("result") or data.get("data")
    if isinstance(data, str) and has_prefix(data) and len(data) >= 10:
        return decode_revert(from_hex(data))
    message = str(error.get("message", ""))
    if "revert" in message:
        return ContractReverted("Reverted", {"message": message})
    if any(word in message.lower() for word in _NO_STATE):
        return StateNotKept(
            "this node no longer keeps the state of that block; ask one that keeps all of them "
            f"(an archive): {message}",
            error.get("code"),
        )
    return RpcRefused(message, error.get("code"))
