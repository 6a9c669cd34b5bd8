"""Calls of the chain from routes: a refusal by the chain becomes a problem with its code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import BaseModel

from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts
from counterfoil.api.http.faults import CHAIN_NOT_CONFIGURED
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError, ContractReverted, NodeUnreachable
from counterfoil.chain.transaction import unsigned


class UnsignedOut(BaseModel):
    """An unsigned EIP-1559 transaction; sign it and POST it to `/v1/transactions`."""

    transaction: dict[str, Any]


def client_of(parts: ApiParts) -> ChainClient:
    """Return a client of the consortium's contracts; 409 ``api.chain_not_configured`` without one."""
    client = parts.client()
    if client is None or not client.addresses:
        raise problems.conflict(CHAIN_NOT_CONFIGURED, "no node or deployment is set here")
    return client


@contextmanager
def refusable() -> Iterator[None]:
    """Turn a contract's refusal inside into 409 with its code, and a node's failure into 503."""
    try:
        yield
    except ContractReverted as error:
        raise problems.conflict(error.code, str(error)) from error
    except NodeUnreachable as error:
        # Where the node is, is nothing for a reader of the API.
        raise problems.ApiProblem(503, error.code, "the chain's node does not answer") from error
    except ChainError as error:
        raise problems.ApiProblem(503, error.code, str(error)) from error


def offer(
    client: ChainClient, sender: str, target: str, data: bytes, nonce: int | None = None
) -> dict[str, Any]:
    """Return an unsigned transaction of *sender*; 409 with the contract's code where it would be refused."""
    with refusable():
        return unsigned(client, sender, to=target, data=data, nonce=nonce)
