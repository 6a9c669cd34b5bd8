"""Brings a gateway database up to date, with Alembic and the migrations that the package ships.

Rules kept here:

* An up-to-date database is only read, without loading Alembic, which would stay in the gateway's memory. Any other
  is changed by one process at a time, however many open it.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

VERSION_TABLE = "alembic_version_gateway"
NEWEST = "0003"
_UPGRADE_LOCK = 0x436F756F  # an arbitrary number that all gateways of one PostgreSQL database share


def upgrade(engine: Engine) -> None:
    """Bring the tables of *engine*'s database up to date."""
    with engine.connect() as connection:
        if _version(connection) == NEWEST:
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parent / "migrations"))
    with engine.execution_options(appends=True).connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        if _version(connection) == NEWEST:
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    """Return the newest migration that the database has; None for an empty one."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.execute(
        text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  # a name of ours
    ).scalar()
    return found
