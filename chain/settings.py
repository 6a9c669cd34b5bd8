"""Settings of the chain's commands: the environment (``COUNTERFOIL_CHAIN_…``) over the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.chain.client import Finality
from counterfoil.peer_limits import PeerSettings
from counterfoil.settings_form import with_file_contents


class ChainSettings(PeerSettings, BaseSettings):
    """The node that the commands use, and where an embedded node keeps its state."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_CHAIN_")

    engine: Literal["anvil", "ganache"] = "anvil"
    state_dir: Path = Path("chain-data")
    port: int = 8545
    chain_id: int = 31_337
    block_time_s: float = 1.0
    origins: list[str] = []
    """Whose pages may ask the embedded node: ``["http://127.0.0.1:8080"]``. Nobody else's are answered."""
    rpc_url: str = "http://127.0.0.1:8545"
    deployment: Path = Path("deployment.json")
    keystore: Path | None = None
    passphrase: SecretStr | None = None
    passphrase_file: Path | None = None
    """A file with the passphrase, so that it stands in no environment."""
    final_depth: int = 0
    final_tag: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, given: dict[str, Any]) -> dict[str, Any]:
        return with_file_contents(given, names=("passphrase",))

    @property
    def finality(self) -> Finality:
        return Finality(self.final_depth, self.final_tag)
