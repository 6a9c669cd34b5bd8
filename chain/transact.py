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
from counterfoil.chain.keys import Signer

_GAS_MARGIN_PERCENT = 30
_POLL_S = 0.05


def fees(client: ChainClient) -> dict[str, int]:
    """Fee fields that are good for the next blocks, in wei."""
    tip = 1
    return {"maxFeePerGas": 2 * client.base_fee() + tip, "maxPriorityFeePerGas": tip}


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
        "data": "0x" + data.hex(),
        "type": 2,
        **fees(client),
    }
    if to is not None:
        transaction["to"] = to
    return transaction


def wait_mined(client: ChainClient, tx_hash: bytes, timeout_s: float = 60.0) -> Mapping[str, Any]:
    """The receipt of a transaction, once it is mined.

    Raises:
        TransactionStuck: it was not mined in time.
    """
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        (receipt,) = client.receipts([tx_hash])
        if receipt is not None:
            return receipt
        time.sleep(_POLL_S)
    raise TransactionStuck(f"0x{tx_hash.hex()} was not mined within {timeout_s:.0f} s")


def transact_all(
    client: ChainClient,
    signer: Signer,
    calls: Sequence[tuple[str, bytes]],
    timeout_s: float = 60.0,
) -> list[Mapping[str, Any]]:
    """Send calls that don't depend on each other, wait once, and answer their receipts, all successful.

    Raises:
        ContractReverted: one would revert, or did; those before it may have taken effect.
        TransactionStuck: one was not mined in time.
    """
    nonce = client.nonce(signer.address, "pending")
    raws = [
        signer.sign_transaction(unsigned(client, signer.address, to, data, nonce + i))
        for i, (to, data) in enumerate(calls)
    ]
    for error in client.send_raw(raws):
        if error is not None:
            raise error
    receipts = [wait_mined(client, keccak(raw), timeout_s) for raw in raws]
    for (to, data), receipt in zip(calls, receipts, strict=True):
        _require_success(client, signer, to, data, receipt)
    return receipts


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
    raw = signer.sign_transaction(unsigned(client, signer.address, to, data))
    (error,) = client.send_raw([raw])
    if error is not None:
        raise error
    receipt = wait_mined(client, keccak(raw), timeout_s)
    _require_success(client, signer, to, data, receipt)
    return receipt
