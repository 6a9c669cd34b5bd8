"""The genesis documents of an avalanche network: of the ledger, and of the primary network's own idle EVM chain."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.nodes.network.charter import Charter

GAS_LIMIT = 100_000_000
_WEI_EACH = 10**27
"""At a base fee of 1 wei, no account runs out of this."""


def _header() -> dict[str, Any]:
    zero = to_hex(bytes(32))
    return {
        "nonce": hex(0),
        "extraData": to_hex(bytes(1)),
        "difficulty": hex(0),
        "mixHash": zero,
        "coinbase": NOBODY,
        "number": hex(0),
        "gasUsed": hex(0),
        "parentHash": zero,
    }


def idle_genesis() -> dict[str, Any]:
    """The first block of the primary network's own EVM chain, on which no account has anything."""
    header = {"timestamp": "0x5FCB13D0", "gasLimit": "0x5f5e100"}
    return {"config": {"chainId": 43_777}, "alloc": {}, **header, **_header()}


def chain_genesis(charter: Charter, members: Sequence[str]) -> dict[str, Any]:
    """The ledger's first block: who may transact, who may deploy, and wei that never run out.

    With a base fee of 0, the chain would stall after the first transaction that pays nothing.
    """
    enabled = sorted({*charter.accounts, *charter.deployers} - set(members))
    deployers = sorted(set(charter.deployers) - set(members))
    lists = {"blockTimestamp": 0, "adminAddresses": list(members)}
    fees = {
        "gasLimit": GAS_LIMIT,
        "minBaseFee": 1,
        "targetGas": 1_000_000_000,
        "baseFeeChangeDenominator": 48,
        "targetBlockRate": 1,
        "minBlockGasCost": 0,
        "maxBlockGasCost": 0,
        "blockGasCostStep": 0,
    }
    return {
        "config": {
            "chainId": charter.chain_id,
            "feeConfig": fees,
            "txAllowListConfig": {**lists, "enabledAddresses": enabled},
            "contractDeployerAllowListConfig": {**lists, "enabledAddresses": deployers},
        },
        "alloc": {
            Address(account).raw.hex(): {"balance": hex(_WEI_EACH)}
            for account in sorted({*members, *enabled})
        },
        "timestamp": hex(int(time.time()) - 60),
        "gasLimit": hex(GAS_LIMIT),
        **_header(),
    }
