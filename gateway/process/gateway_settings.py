"""Settings of the gateway: the environment (``COUNTERFOIL_GATEWAY_…``) over the defaults. No secret has a default."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.disk_room import disk_of_database
from counterfoil.peer_limits import PeerSettings
from counterfoil.settings_form import DatabaseUrl


class GatewaySettings(PeerSettings, BaseSettings):
    """Where the gateway listens, where it stores records, and the key that signs receipts."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_GATEWAY_")

    host: str = "127.0.0.1"
    mqtt_port: int = 8883
    http_port: int = 8884
    """HTTP without TLS: records, receipts, tiles, health and metrics. Keep it on the loopback, or behind a proxy."""
    https_port: int | None = None
    """The same over TLS, where a record is taken with the device's client certificate only."""
    reader_port: int | None = None
    """The log's entries over TLS, for oracle nodes and other readers who keep a copy."""
    readers: Path | None = None
    """PEM: certificates of the readers, or of the authorities of their certificates."""
    database_url: DatabaseUrl = "sqlite:///gateway.db"
    tls_certificate: Path
    tls_key: Path
    device_ca: Path
    """PEM: the device CA's certificates, root and issuing."""
    crl: Path | None = None
    """PEM: the revocation list; read again when it changes."""
    receipt_key: Path
    """PEM: the P-256 key that signs promises and receipts."""
    log_origin: str = "counterfoil.example/log"
    tiles: Path | None = None
    promise_within_s: int = 3_600
    verify_processes: int | None = None
    """Processes that check signatures: as many as there are processors, or 0 to check them in this one."""
    verify_silent_s: float = Field(default=5.0, gt=0)
    """A process that checks signatures and tells nothing for so long is replaced, and its work done again."""
    stalled_after_s: float = Field(default=10.0, gt=0)
    """When nothing was committed for so long though records wait, it is told."""
    batch: int = 1_024
    queue: int = 8_192
    in_flight: int = 512
    connections: int = 10_000
    refusals_at_once: int = 5_000
    refusals_a_minute: int = 300

    @property
    def disks(self) -> list[Path]:
        """The folders that are written, as far as they are on this machine."""
        return [*disk_of_database(self.database_url), *([self.tiles] if self.tiles else [])]
