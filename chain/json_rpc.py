"""JSON-RPC to one node: calls in batches, and a node's errors as ours.

Rules that this module keeps:

- A revert becomes :class:`~counterfoil.chain.errors.ContractReverted` with the contract's own error and values.
- A failure to reach the node says its kind and status alone: its words may hold addresses and secrets.
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

_BATCH = 100
"""Calls a request: nodes limit it."""
_MOVED_ON = "blockoutofrangeerror"
"""How anvil says that it has no state of a block: also of its newest, when another came while it looked."""
_TRIES = 20
"""How often what was asked of the newest block is asked again, when that block was no longer the newest."""
_CONNECTIONS = httpx.Limits(max_keepalive_connections=10, keepalive_expiry=None)
_NO_STATE = ("missing trie node", "historical state", "world state unavailable")
"""How subnet-evm, geth and Besu say that they have pruned it."""


class RpcResponse:
    """One answer of a batch: a result, or an error that :meth:`unwrap` raises."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        self.result = answer.get("result")
        self.error = _error(answer["error"]) if answer.get("error") else None

    def unwrap(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.result


class JsonRpc:
    """The node at *url*; its connections are kept and used again, by any thread."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url
        # What the environment says of proxies is read once here, and not with every call.
        self._client = httpx.Client(
            verify=_tls(), timeout=timeout_s, limits=_CONNECTIONS, follow_redirects=True
        )

    def batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        """The answers to many calls, 100 a request, in their order; errors stay in their answers.

        Raises:
            NodeUnreachable: no answer.
            RpcRefused: the node refused a whole batch.
        """
        return [
            answer
            for start in range(0, len(calls), _BATCH)
            for answer in self._settled(calls[start : start + _BATCH])
        ]

    def _settled(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        """The answers to *calls*; those about a newest block that moved on meanwhile are asked for again.

        By hand: of a batch only these are asked for again, and at once.
        """
        answers = self._request(calls)
        for _ in range(_TRIES):
            again = [
                i
                for i, answer in enumerate(answers)
                if "latest" in calls[i][1] and _moved_on(answer)
            ]
            if not again:
                break
            for i, answer in zip(again, self._request([calls[i] for i in again]), strict=True):
                answers[i] = answer
        return answers

    def _request(self, calls: Sequence[tuple[str, list[Any]]]) -> list[RpcResponse]:
        body: Any = [
            {"jsonrpc": "2.0", "id": i, "method": method, "params": params}
            for i, (method, params) in enumerate(calls)
        ]
        try:
            reply = self._client.post(self._url, json=body)
            reply.raise_for_status()
            answers = reply.json()
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, ValueError) as failure:
            raise NodeUnreachable(f"no answer from the chain's node: {_why(failure)}") from failure
        if isinstance(answers, dict):
            raise RpcRefused(str(answers.get("error", {}).get("message", answers)))
        by_id = {answer.get("id"): answer for answer in answers}
        missing = {"error": {"message": "the node left a call of the batch unanswered"}}
        return [RpcResponse(by_id.get(i, missing)) for i in range(len(calls))]


@cache
def _tls() -> ssl.SSLContext:
    """The certificate authorities that are trusted, read once a process."""
    return httpx.create_ssl_context()


def _why(failure: Exception) -> str:
    """The failure's kind, and the status where there was an answer."""
    status = failure.response.status_code if isinstance(failure, httpx.HTTPStatusError) else ""
    return f"{type(failure).__name__} {status}".rstrip()


def _moved_on(answer: RpcResponse) -> bool:
    return isinstance(answer.error, RpcRefused) and _MOVED_ON in str(answer.error).lower()


def _error(error: Mapping[str, Any]) -> ChainError:
    """A node's error answer as one of ours; anvil, geth and ganache carry revert data in different places."""
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
