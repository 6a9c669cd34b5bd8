"""One transaction, sent and waited for: for set-up and for commands.

What must take effect exactly once across crashes goes through :mod:`counterfoil.chain.sender` instead.
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
"""Calls on their way at a time, so that a node's pool and its blocks keep up."""
_LEAST_MAX_FEE = 1_000_000
"""Wei a unit of gas. From a base fee of 1 wei, twice of it is passed after three full blocks, this after a hundred."""


def fees(client: ChainClient) -> dict[str, int]:
    """Fee fields that are good for the next blocks, however full they are, in wei. The base fee alone is charged."""
    tip = 1
    most = max(2 * client.base_fee() + tip, _LEAST_MAX_FEE)
    return {"maxFeePerGas": most, "maxPriorityFeePerGas": tip}


def unsigned(
    client: ChainClient, sender: str, to: str | None, data: bytes, nonce: int | None = None
) -> dict[str, Any]:
    """A transaction ready to be signed, here or elsewhere.

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
    """Hand signed transactions to the node and answer their receipts, in order, once all are mined.

    One that the node forgets meanwhile (anvil does, when a block comes while many are handed over) it is given again.

    Raises:
        ChainError: it refuses one, which is not mined either.
        TransactionStuck: for so long none was mined.
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
    # By hand: at each look some are mined, some forgotten, and the time-out begins anew with each that is mined.
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
    """Send calls that don't depend on each other, many at once, and answer their receipts, all successful.

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
    """Send one transaction and answer its receipt, mined and successful.

    Raises:
        ContractReverted: it would revert, or did.
        TransactionStuck: it was not mined in time.
    """
    raw = signer.sign_transaction(unsigned(client, sender=signer.address, to=to, data=data))
    (receipt,) = send_all(client, [raw], timeout_s)
    _require_success(client, signer, to, data, receipt)
    return receipt
