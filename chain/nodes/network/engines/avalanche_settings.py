"""Settings of avalanchego and its subnet-evm at each start: consensus, database, pool, and the kept states."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from counterfoil.chain.nodes.network.engines.avalanche_genesis import GAS_LIMIT
from counterfoil.chain.nodes.network.folder import MemberFolder

_COMMIT_BLOCKS = 256
# A small set of validators needs samples far larger than itself: with these, 3 of 4 and 4 of 5 go on.
SAMPLE, _PREFERENCE, CONFIDENCE, _COMMIT, _REPOLLS = 100, 51, 67, 20, 4
_SNOW = {
    "k": SAMPLE,
    "alphaPreference": _PREFERENCE,
    "alphaConfidence": CONFIDENCE,
    "beta": _COMMIT,
    "concurrentRepolls": _REPOLLS,
    "optimalProcessing": 10,
    "maxOutstandingItems": 256,
    "maxItemProcessingTime": 30_000_000_000,
}
SNOW_FLAGS = (
    f"--snow-sample-size={SAMPLE}",
    f"--snow-preference-quorum-size={_PREFERENCE}",
    f"--snow-confidence-quorum-size={CONFIDENCE}",
    f"--snow-commit-threshold={_COMMIT}",
    f"--snow-concurrent-repolls={_REPOLLS}",
)
DATABASE = b64encode(json.dumps({"sync": True, "cacheSize": 64 << 20}).encode()).decode()
"""A node accepts a block only after the block is on its disk."""
_APIS = [
    "eth",
    "eth-filter",
    "net",
    "web3",
    "internal-eth",
    "internal-blockchain",
    "internal-transaction",
    "internal-tx-pool",
]


def subnet_settings(folder: MemberFolder) -> dict[str, Any]:
    """Only validators, and members that this folder knows, may follow the chain."""
    known = [member.node_id for member in folder.network.members]
    return {"validatorOnly": True, "allowedNodes": known, "snowParameters": _SNOW}


def chain_settings(folder: MemberFolder) -> dict[str, Any]:
    keeps_all = folder.states == "archive"
    settings = {
        "eth-apis": _APIS,
        "local-txs-enabled": False,
        "tx-pool-account-slots": 4_096,
        "tx-pool-global-slots": 65_536,
        "tx-pool-account-queue": 4_096,
        "tx-pool-global-queue": 65_536,
        "min-delay-target": folder.network.engine_facts["block_delay_ms"],
        "rpc-gas-cap": GAS_LIMIT,
        "pruning-enabled": not keeps_all,
        # An archive that becomes a pruned node keeps its old states and adds none.
        "allow-missing-tries": not keeps_all,
        # A pruned node that was killed runs up to this many blocks again.
        "commit-interval": _COMMIT_BLOCKS,
        "state-sync-enabled": False,
        # The chain's program makes one at each start; without this, in the machine's temporary folder.
        "keystore-directory": str(folder.scratch / "keystore"),
        "metrics-expensive-enabled": False,
        "database-config": DATABASE,
        "log-level": "warn",
    }
    pruned_once = folder.data / "pruned"
    if not keeps_all:
        pruned_once.touch(mode=0o600)
    elif pruned_once.exists():  # compute the missing states again
        settings["populate-missing-tries"] = 0
    return settings
