"""Opens the oracle's database with the API's own tables in it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from counterfoil.api.store.tables import metadata
from counterfoil.oracle.store.database import open_database


def open_oracle_database(url: str) -> Engine:
    """Return the engine of the oracle's database at *url*, migrated, with the API's own tables in it."""
    engine = open_database(url)
    metadata.create_all(engine)
    return engine


def known_oracle_database(url: str) -> Engine:
    """Return the same of a database that is there: none is made where *url* was mistaken.

    Raises FileNotFoundError for a SQLite file that is not there.
    """
    place = make_url(url)
    if place.drivername.startswith("sqlite") and not Path(place.database or "").is_file():
        raise FileNotFoundError(f"there is no database {place.database}")
    return open_oracle_database(url)
