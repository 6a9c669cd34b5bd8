"""Sends transactions and waits for them: for set-up and for commands.

A transaction that must take effect exactly once across crashes goes through :mod:`counterfoil.chain.sender`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from eth_utils.crypto import keccak

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import TransactionStuck
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.signer import Signer

_GAS_MARGIN_PERCENT = 30
_POLL_S = 0.05
_GIVE_AGAIN_S = 2.0
_AT_ONCE = 500
"""At most this many transactions in flight, so that a node's pool and its blocks keep up."""
_LEAST_MAX_FEE = 1_000_000
"""Wei per gas. From a base fee of 1 wei, three full blocks pass twice that fee; a hundred pass this one."""


def fees(client: ChainClient) -> dict[str, int]:
    """Fee fields, in wei, that hold for the next blocks even if these are full. Only the base fee is charged."""
    tip = 1
    most = max(2 * client.base_fee() + tip, _LEAST_MAX_FEE)
    return {"maxFeePerGas": most, "maxPriorityFeePerGas": tip}


def unsigned(
    client: ChainClient, sender: str, to: str | None, data: bytes, nonce: int | None = None
) -> dict[str, Any]:
    """A transaction for a signer, here or elsewhere.

    Raises:
        ContractReverted: it would revert now.
    """
    gas = client.estimate_gas(sender, to, data)
    transaction: dict[str, Any] = {
        "chainId": client.chain_id(),
        "nonce": client.nonce(sender, "pending") if nonce is None else nonce,
        "gas": gas + gas * _GAS_MARGIN_PERCENT // 100,
        "value": 0,
        "data": to_hex(data),
        "type": 2,
        **fees(client),
    }
    if to is not None:
        transaction["to"] = to
    return transaction


def send_all(
    client: ChainClient, raws: Sequence[bytes], timeout_s: float = 60.0
) -> list[Mapping[str, Any]]:
    """Send signed transactions to the node. Returns their receipts, in order, once all are mined.

    A transaction that the node forgets is sent again. anvil forgets some when a block comes while it takes many.

    Raises:
        ChainError: the node refuses a transaction that is not mined either.
        TransactionStuck: no transaction was mined for *timeout_s*.
    """
    hashes = [keccak(raw) for raw in raws]
    found: dict[int, Mapping[str, Any]] = {}

    def look(places: Sequence[int]) -> bool:
        receipts = client.receipts([hashes[at] for at in places])
        mined = {at: one for at, one in zip(places, receipts, strict=True) if one is not None}
        found.update(mined)
        return bool(mined)

    for at, error in enumerate(client.send_raw(raws)):
        if error is not None and not look([at]):
            raise error
    # No retry library does this: the time-out begins again with each transaction that is mined.
    progressed_at = given_at = time.monotonic()
    while waiting := [at for at in range(len(raws)) if at not in found]:
        now = time.monotonic()
        if look(waiting[:1]):
            look(waiting[1:])
            progressed_at = now
        elif now - progressed_at > timeout_s:
            name = to_hex(hashes[waiting[0]])
            raise TransactionStuck(f"{name} was not mined within {timeout_s:.0f} s")
        elif now - given_at > _GIVE_AGAIN_S:
            client.send_raw(client.forgotten([raws[at] for at in waiting]))
            given_at = now
        else:
            time.sleep(_POLL_S)
    return [found[at] for at in range(len(raws))]


def transact_all(
    client: ChainClient,
    signer: Signer,
    calls: Sequence[tuple[str, bytes]],
    timeout_s: float = 60.0,
) -> list[Mapping[str, Any]]:
    """Send calls that don't depend on each other, many at once. Returns their receipts, all successful.

    Raises:
        ContractReverted: one would revert, or did; those before it may have taken effect.
        TransactionStuck: one was not mined in time.
    """
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(calls), _AT_ONCE):
        piece = calls[start : start + _AT_ONCE]
        nonce = client.nonce(signer.address, "pending")
        raws = [
            signer.sign_transaction(
                unsigned(client, sender=signer.address, to=to, data=data, nonce=nonce + i)
            )
            for i, (to, data) in enumerate(piece)
        ]
        receipts = send_all(client, raws, timeout_s)
        for (to, data), receipt in zip(piece, receipts, strict=True):
            _require_success(client, signer, to, data, receipt)
        found += receipts
    return found


def _require_success(
    client: ChainClient, signer: Signer, to: str | None, data: bytes, receipt: Mapping[str, Any]
) -> None:
    if int(receipt["status"], 16) != 1:
        client.estimate_gas(signer.address, to, data)
        raise TransactionStuck(f"{receipt['transactionHash']} failed for a reason that has passed")


def transact(
    client: ChainClient, signer: Signer, to: str | None, data: bytes, timeout_s: float = 60.0
) -> Mapping[str, Any]:
    """Send one transaction. Returns its receipt, once it is mined and successful.

    Raises:
        ContractReverted: it would revert, or did.
        TransactionStuck: it was not mined in time.
    """
    raw = signer.sign_transaction(unsigned(client, sender=signer.address, to=to, data=data))
    (receipt,) = send_all(client, [raw], timeout_s)
    _require_success(client, signer, to, data, receipt)
    return receipt
