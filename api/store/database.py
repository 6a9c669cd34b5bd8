"""Opens the oracle's database with the API's own tables in it."""

from __future__ import annotations

from sqlalchemy import Engine

from counterfoil.api.store.tables import metadata
from counterfoil.oracle.store.database import open_database


def open_oracle_database(url: str) -> Engine:
    """Return the engine of the oracle's database at *url*, migrated, with the API's own tables in it."""
    engine = open_database(url)
    metadata.create_all(engine)
    return engine
