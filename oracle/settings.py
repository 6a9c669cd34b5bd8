"""Settings of the oracle's process: the environment (``COUNTERFOIL_ORACLE_…``) over the defaults."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.chain.client import Finality


def trigger_of(cron: str, zone: ZoneInfo) -> CronTrigger:
    """When *cron* (minute, hour, day of month, month, day of week) fires in *zone*; ValueError where it is none."""
    return CronTrigger.from_crontab(cron, timezone=zone)


class OracleSettings(BaseSettings):
    """Where the oracle reads and writes, and the keystores that it signs with."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_ORACLE_")

    database_url: str = "sqlite:///oracle.db"
    gateway_database_url: str = "sqlite:///gateway.db"
    rpc_url: str = "http://127.0.0.1:8545"
    deployment: Path = Path("deployment.json")
    tiles: Path = Path("tiles")
    keystore: Path
    """Sends anchors and distributions, and signs them."""
    passphrase: SecretStr
    bank_keystore: Path | None = None
    """The bank's key, where this process mints for it (the embedded default)."""
    bank_passphrase: SecretStr | None = None
    party_keys: Path | None = None
    """A folder of keystores (``*.json``) of participants for whom this process writes (the embedded default)."""
    party_passphrase: SecretStr | None = None
    log_key: Path | None = None
    """PEM: the Ed25519 key that signs checkpoints."""
    log_origin: str = "counterfoil.example/log"
    witnesses: Path | None = None
    """JSON: ``[{"key": name+id+base64, "url": …}]``, who is asked to cosign checkpoints."""
    batch_records: int = 10_000
    batch_ms: int = 1_000
    final_depth: int = 0
    final_tag: str | None = None
    poll_s: float = 0.2
    niceness: int = Field(default=2, ge=0, le=19)
    """How far this process steps back where processors are short: machines wait for the gateway's acknowledgement."""
    peers: Path | None = None
    """The file that lists the quorum's nodes (``oracle.node.identity``). Set, this process is one of them."""
    node_certificate: Path = Path("node.crt")
    node_key: Path = Path("node.key")
    """PEM: this node's certificate, as the peers' file has it, and its key."""
    node_host: str = "127.0.0.1"
    node_port: int = 7443
    records_database_url: str = "sqlite:///records.db"
    """The node's own copy of the log."""
    gateways: list[str] = []
    """Base URLs of the gateways' doors for readers; the first that responds is read."""
    gateway_ca: Path = Path("gateway-ca.pem")
    """PEM: who signs the gateways' certificates."""
    round_ms: int = 5_000
    """How long the node whose turn it is has to send the head, before the next one proposes."""
    settles: bool = True
    """Whether this node takes the payment files in, matches, and proposes distributions: one node of a quorum does.
    It alone uses ``gateway_database_url``, to tell the gateway the machines' keys."""
    time_zone: str = ""
    """IANA name of the zone whose date is the business date; must be said where ``day_close_cron`` is."""
    day_close_cron: str = ""
    """When to close the day: minute, hour, day of month, month, day of week. Empty: only when it is asked for."""

    @model_validator(mode="after")
    def _check_clock(self) -> OracleSettings:

        try:
            zone = ZoneInfo(self.time_zone or "UTC")
        except (KeyError, ValueError, OSError) as unknown:
            raise ValueError(f"time_zone: no time zone is called {self.time_zone!r}") from unknown
        if self.day_close_cron:
            if not self.time_zone:
                raise ValueError("day_close_cron needs time_zone")
            trigger_of(self.day_close_cron, zone)
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the business date."""
        return ZoneInfo(self.time_zone or "UTC")

    @property
    def finality(self) -> Finality:
        return Finality(self.final_depth, self.final_tag)
