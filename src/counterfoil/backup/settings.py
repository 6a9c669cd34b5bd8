"""Settings of backups: the environment (``COUNTERFOIL_BACKUP_…``) over the defaults."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BackupSettings(BaseSettings):
    """Where backups go, the file of their key, and how long they are kept."""

    model_config = SettingsConfigDict(env_prefix="COUNTERFOIL_BACKUP_")

    to: Path | None = None
    """The folder of the backups: best on another machine's or another disk's."""
    key: Path | None = None
    """The file with the key; kept apart from house and backups."""
    full_every_days: int = Field(default=7, ge=1)
    """A run makes a full backup when the newest one is as old as this, else one that goes on from the one before."""
    keep_fulls: int = Field(default=5, ge=1)
    """So many full backups are kept, each with those that go on from it."""
