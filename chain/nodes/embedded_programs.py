"""Where anvil and ganache are on this machine, and the command lines that start them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from counterfoil.chain.errors import NodeMissing

_REPOSITORY = Path(__file__).resolve().parents[2]
_BLOCK_GAS_LIMIT = 100_000_000
_DUMP_INTERVAL_S = 5
_HISTORY_S = 600


def anvil_command(
    state_dir: Path, port: int, chain_id: int, block_time_s: float, mnemonic: str
) -> list[str]:
    return [
        _program("anvil", _node_modules() / "@foundry-rs/anvil-linux-amd64/bin/anvil"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--chain-id",
        str(chain_id),
        "--mnemonic",
        mnemonic,
        "--accounts",
        "32",
        "--balance",
        "1000000000",
        "--state",
        str(state_dir / "anvil.json"),
        "--transaction-block-keeper",
        "1000000",
        "--block-time",
        str(block_time_s),
        "--order",
        "fifo",
        "--gas-limit",
        str(_BLOCK_GAS_LIMIT),
        "--base-fee",
        "1",
        "--quiet",
    ]


def history_options(folder: Path, block_time_s: float) -> list[str]:
    """The options with which anvil keeps the states of some minutes in *folder* while it runs."""
    return [
        "--state-interval",
        str(_DUMP_INTERVAL_S),
        "--cache-path",
        str(folder),
        "--max-persisted-states",
        str(round(_HISTORY_S / block_time_s)),
    ]


def ganache_command(
    state_dir: Path, port: int, chain_id: int, block_time_s: float, mnemonic: str
) -> list[str]:
    node = shutil.which("node") or str(_REPOSITORY / ".venv/bin/node")
    script = _node_modules() / "ganache/dist/node/cli.js"
    if not Path(node).exists() or not script.exists():
        raise NodeMissing(
            "ganache is not installed here: run scripts/setup run, or npm install ganache@7.9.2 and set "
            "COUNTERFOIL_NODE_MODULES to its node_modules"
        )
    return [
        node,
        str(script),
        "--server.host",
        "127.0.0.1",
        "--server.port",
        str(port),
        "--chain.chainId",
        str(chain_id),
        "--chain.networkId",
        str(chain_id),
        "--chain.hardfork",
        "merge",
        "--database.dbPath",
        str(state_dir / "ganache"),
        "--wallet.mnemonic",
        mnemonic,
        "--wallet.totalAccounts",
        "32",
        "--wallet.defaultBalance",
        "1000000000",
        "--miner.blockTime",
        str(block_time_s),
        "--miner.blockGasLimit",
        hex(_BLOCK_GAS_LIMIT),
        "--miner.defaultGasPrice",
        "0x1",
        "--logging.quiet",
        "true",
    ]


def _node_modules() -> Path:
    named = os.environ.get("COUNTERFOIL_NODE_MODULES")
    return Path(named) if named else _REPOSITORY / "hardhat-free-config/node_modules"


def _program(name: str, installed: Path) -> str:
    variable = f"COUNTERFOIL_{name.upper()}"
    found = os.environ.get(variable) or (
        str(installed) if installed.exists() else shutil.which(name)
    )
    if not found or not Path(found).exists():
        raise NodeMissing(
            f"{name} is not installed here: run scripts/setup run, or put it on PATH, or set {variable} to its path"
        )
    return found
