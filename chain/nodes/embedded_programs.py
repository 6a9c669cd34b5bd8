"""Where anvil and ganache are on this machine, and the command lines that start them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from counterfoil.chain.errors import NodeMissing

_REPOSITORY = Path(__file__).resolve().parents[2]
FUNDED_ACCOUNTS = 32
FUNDS_ETHER = 1_000_000_000
BLOCK_GAS_LIMIT = 100_000_000
_DUMP_INTERVAL_S = 5
DUMP = "anvil.json"
"""The file in which anvil keeps its state."""
_HISTORY_S = 600


def anvil_command(state_dir: Path, port: int, chain_id: int, block_time_s: float) -> list[str]:
    """anvil over *state_dir*; it has no account of its own, and answers no page."""
    return [
        _program("anvil", _node_modules() / "@foundry-rs/anvil-linux-amd64/bin/anvil"),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--chain-id",
        str(chain_id),
        "--accounts",
        "0",
        "--no-cors",
        "--state",
        str(state_dir / DUMP),
        "--transaction-block-keeper",
        "1000000",
        "--block-time",
        str(block_time_s),
        "--order",
        "fifo",
        "--gas-limit",
        str(BLOCK_GAS_LIMIT),
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


def ganache_command() -> list[str]:
    """ganache in our own script, which reads its settings from the standard input.

    Raises:
        NodeMissing: it is not installed, or node is not.
    """
    node = shutil.which("node") or str(_REPOSITORY / ".venv/bin/node")
    if not Path(node).exists() or not _ganache().exists():
        raise NodeMissing(
            "ganache is not installed here: run scripts/setup run, or npm install ganache@7.9.2 and set "
            "COUNTERFOIL_NODE_MODULES to its node_modules"
        )
    return [node, str(Path(__file__).with_name("ganache.js"))]


def ganache_settings(
    state_dir: Path, where: Mapping[str, object], chain_id: int, block_time_s: float, mnemonic: str
) -> bytes:
    """What ``ganache.js`` reads; *where* is its ``port`` or its ``socket``."""
    return json.dumps(
        {
            **where,
            "program": str(_ganache()),
            "chainId": chain_id,
            "database": str(state_dir / "ganache"),
            "mnemonic": mnemonic,
            "accounts": FUNDED_ACCOUNTS,
            "balance": FUNDS_ETHER,
            "blockTime": block_time_s,
            "gasLimit": hex(BLOCK_GAS_LIMIT),
        }
    ).encode()


def _ganache() -> Path:
    return _node_modules() / "ganache/dist/node/core.js"


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
