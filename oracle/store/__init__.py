"""``oracle.db``: what the oracle knows, decides and projects; the API reads it."""

from counterfoil.oracle.store.database import open_database

__all__ = ["open_database"]
