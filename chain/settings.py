"""Settings of the chain's commands: the environment (``COUNTERFOIL_CHAIN_…``) over the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.chain.client import Finality
from counterfoil.peer_limits import PeerSettings


class ChainSettings(PeerSettings, BaseSettings):
    """The node that the commands use, and where an embedded node keeps its state."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_CHAIN_")

    engine: Literal["anvil", "ganache"] = "anvil"
    state_dir: Path = Path("chain-data")
    port: int = 8545
    chain_id: int = 31_337
    block_time_s: float = 1.0
    rpc_url: str = "http://127.0.0.1:8545"
    deployment: Path = Path("deployment.json")
    keystore: Path | None = None
    passphrase: SecretStr | None = None
    final_depth: int = 0
    final_tag: str | None = None

    @property
    def finality(self) -> Finality:
        return Finality(self.final_depth, self.final_tag)
