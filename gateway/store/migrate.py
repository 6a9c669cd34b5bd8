"""Brings a gateway database up to date, with Alembic and the migrations that the package ships.

Rules kept here:

* An up-to-date database is only read. One that is not is changed by one process, whoever else opens it meanwhile.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

VERSION_TABLE = "alembic_version_gateway"
_UPGRADE_LOCK = 0x436F756F  # an arbitrary number that all gateways of one PostgreSQL database share


def upgrade(engine: Engine) -> None:
    """Make the database behind *engine* have the newest tables."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parent / "migrations"))
    newest = set(ScriptDirectory.from_config(config).get_heads())
    with engine.connect() as connection:
        if _heads(connection) == newest:
            return
    with engine.execution_options(appends=True).connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        if _heads(connection) == newest:
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _heads(connection: Connection) -> set[str]:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return set(context.get_current_heads())
