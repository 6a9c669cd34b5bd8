"""Settings of the oracle's process: the environment (``COUNTERFOIL_ORACLE_…``) over the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.chain.address import Address
from counterfoil.chain.client import Finality
from counterfoil.peer_limits import PeerSettings
from counterfoil.settings_form import DatabaseUrl, NoDatabaseOrUrl, with_file_contents


def trigger_of(cron: str, zone: ZoneInfo) -> CronTrigger:
    """The trigger of *cron* (minute, hour, day of month, month, day of week) in *zone*; raises ValueError."""
    return CronTrigger.from_crontab(cron, timezone=zone)


MINT_LIMIT_MINOR = 100_000_000
"""1,000,000.00 of a currency with cents."""


class OracleSettings(PeerSettings, BaseSettings):
    """Where the oracle reads and writes, and the keystores that it signs with."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_ORACLE_")

    database_url: DatabaseUrl = "sqlite:///oracle.db"
    gateway_database_url: NoDatabaseOrUrl = "sqlite:///gateway.db"
    rpc_url: str = "http://127.0.0.1:8545"
    deployment: Path = Path("deployment.json")
    tiles: Path = Path("tiles")
    told: Path | None = None
    """The second copy of what this oracle was told; None: ``told.db`` beside the tiles."""
    keystore: Path
    """The key that signs and sends heads and distributions."""
    passphrase: SecretStr
    """Or, so that it stands in no environment, the name of a file with it in ``passphrase_file``; so for the others."""
    bank_keystore: Path | None = None
    """The bank's key, when this process mints for it (the embedded default)."""
    bank_passphrase: SecretStr | None = None
    mint_limit_minor: int = Field(default=MINT_LIMIT_MINOR, ge=0)
    """Minor units that are minted within a day on one account's word; what is above waits for a second one."""
    mint_confirmers: list[Address] = []
    """Accounts that confirm such mints through the API, none of them the bank's own."""
    party_keys: Path | None = None
    """A folder of participants' keystores (``*.json``), when this process signs for them (the embedded default)."""
    party_passphrase: SecretStr | None = None
    paid_calls_a_day: int = Field(default=20, ge=0)
    """Calls that anybody may make, which this process sends and pays for one participant within 24 hours."""
    passphrase_file: Path | None = None
    bank_passphrase_file: Path | None = None
    party_passphrase_file: Path | None = None
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
    silent_after_s: float = Field(default=10.0, gt=0, le=60)
    """An oracle without a sign of life for so long is an alarm, and so is a part of it that fails for so long."""
    step_within_s: float = Field(default=60.0, gt=0)
    """How long one step may take before it counts as no sign of life."""
    niceness: int = Field(default=2, ge=0, le=19)
    """The niceness of this process: the gateway goes first, since machines wait for its acknowledgement."""
    peers: Path | None = None
    """The file that lists the quorum's nodes (``quorum.peers``). If set, this process is one of them."""
    node_certificate: Path = Path("node.crt")
    node_key: Path = Path("node.key")
    """PEM: this node's certificate, as the peers' file has it, and its key."""
    node_host: str = "127.0.0.1"
    node_port: int = 7443
    records_database_url: DatabaseUrl = "sqlite:///records.db"
    """The node's own copy of the log."""
    gateways: list[str] = []
    """Base URLs of the gateways' doors for readers; the first that responds is read."""
    gateway_ca: Path = Path("gateway-ca.pem")
    """PEM: the CA of the gateways' certificates."""
    round_ms: int = 5_000
    """How long the node whose turn it is has to send the head, before the next one proposes."""
    settles: bool = True
    """Whether this node reads the payment files, matches, and proposes distributions: one node of a quorum does.
    Only that node uses ``gateway_database_url``, to tell the gateway the machines' keys."""
    time_zone: str = ""
    """IANA name of the zone whose date is the business date; required with ``day_close_cron``."""
    day_close_cron: str = ""
    """When to close the day: minute, hour, day of month, month, day of week. Empty: only on request."""

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        return with_file_contents(
            given, names=("passphrase", "bank_passphrase", "party_passphrase")
        )

    @model_validator(mode="after")
    def _check_clock(self) -> OracleSettings:

        try:
            zone = ZoneInfo(self.time_zone or "UTC")
        except (KeyError, ValueError, OSError) as unknown:
            raise ValueError(f"time_zone: no time zone is called {self.time_zone!r}") from unknown
        if self.day_close_cron:
            if not self.time_zone:
                raise ValueError("time_zone: it must be set where day_close_cron is")
            try:
                trigger_of(self.day_close_cron, zone)
            except ValueError as wrong:
                raise ValueError(f"day_close_cron: {wrong}") from wrong
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the business date."""
        return ZoneInfo(self.time_zone or "UTC")

    @property
    def finality(self) -> Finality:
        return Finality(self.final_depth, self.final_tag)
