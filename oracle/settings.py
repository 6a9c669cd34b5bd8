"""Settings of the oracle: the environment (``COUNTERFOIL_ORACLE_…``) over the defaults. No secret has a default."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.chain.client import Finality


class OracleSettings(BaseSettings):
    """Where the oracle reads and writes, and the keystores that it signs with."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_ORACLE_")

    database_url: str = "sqlite:///oracle.db"
    gateway_database_url: str = "sqlite:///gateway.db"
    rpc_url: str = "http://127.0.0.1:8545"
    deployment: Path = Path("deployment.json")
    tiles: Path = Path("tiles")
    keystore: Path
    """Sends anchors and distributions (role ORACLE), and signs heads."""
    passphrase: SecretStr
    bank_keystore: Path | None = None
    """The bank's key, where this process mints for it (the embedded default)."""
    bank_passphrase: SecretStr | None = None
    log_key: Path | None = None
    """PEM: the Ed25519 key that signs checkpoints."""
    log_origin: str = "counterfoil.example/log"
    batch_records: int = 10_000
    batch_ms: int = 1_000
    final_depth: int = 0
    final_tag: str | None = None
    poll_s: float = 0.2

    @property
    def finality(self) -> Finality:
        return Finality(self.final_depth, self.final_tag)
