"""Opens ``oracle.db`` and brings it up to date, with Alembic and the migrations that the package ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event

from counterfoil.database_link import link_limits


def open_database(url: str, *, migrate: bool = True) -> Engine:
    """The engine of the database at *url*; with *migrate* its tables are the newest (``sqlite:///…``, ``postgresql+psycopg://…``).

    SQLite runs in WAL mode with synchronous FULL. A transaction takes its write lock when it begins, so a transaction
    that reads first can't fail to get the lock later. ``engine.execution_options(reads_only=True)`` gives an engine
    over the same connections whose transactions only read, and never wait.
    """
    engine = create_engine(
        url, pool_pre_ping=not url.startswith("sqlite"), connect_args=link_limits(url)
    )
    if engine.dialect.name == "sqlite":
        if engine.url.database:
            Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    if migrate:
        config = Config()
        folder = Path(__file__).resolve().parent / "migrations"
        config.set_main_option("script_location", str(folder))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return engine


def _set_pragmas(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins no transaction; _begin does
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
