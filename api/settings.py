"""Settings of the API's process: the environment (``COUNTERFOIL_API_…``) over the defaults."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterfoil.chain.address import Address
from counterfoil.disk_room import disk_of_database
from counterfoil.peer_limits import PeerSettings
from counterfoil.settings_form import DatabaseUrl


class ApiSettings(PeerSettings, BaseSettings):
    """Where the API reads, and where it listens. No secret is in it.

    ``tiles`` is the log's folder of tiles; without it proofs are made from the stored records.
    ``bank_accounts`` are the bank's accounts beside the one that the token names: they see its files too.
    ``gateways`` are base URLs of gateways' HTTP: what their ``/healthz`` says must be seen to is said here too.
    ``time_zone`` is the zone of days on the pages. ``secure_cookies`` is for use behind TLS.
    """

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_API_")

    gateway_url: DatabaseUrl = "sqlite:///gateway.db"
    oracle_url: DatabaseUrl = "sqlite:///oracle.db"
    tiles: Path | None = None
    deployment: Path | None = None
    rpc_urls: list[str] = []
    gateways: list[str] = []
    final_depth: int = 0
    final_tag: str | None = None
    certificates: Path | None = None
    bank_accounts: list[Address] = []
    host: str = "127.0.0.1"
    port: int = 8080
    time_zone: str = "UTC"
    secure_cookies: bool = False
    session_hours: int = Field(default=12, ge=1, le=24 * 30)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    """For a request's body, where no file is uploaded."""
    max_upload_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    """For a file: a bank's statement, a provider's settlement file."""
    uploads_at_once: int = Field(default=4, ge=1)
    """How many bodies of more than ``max_body_bytes`` are read at a time, of all parties."""
    streams_a_party: int = Field(default=20, ge=1)
    writes_at_once: int = Field(default=1_000, ge=1)
    """How many writes a party may send at once; as many grow back as ``writes_a_minute`` says."""
    writes_a_minute: int = Field(default=300, ge=1)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                "it must be the IANA name of a time zone, such as Asia/Shanghai"
            ) from None
        return name

    @property
    def disks(self) -> list[Path]:
        """The folders of the databases and tiles, as far as they are on this machine."""
        databases = [*disk_of_database(self.oracle_url), *disk_of_database(self.gateway_url)]
        return databases + ([self.tiles] if self.tiles else [])
