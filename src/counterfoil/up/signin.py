"""The first sign-in: a link that opens the pages once, for the person who started the processes."""

from __future__ import annotations

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.store.database import open_oracle_database
from counterfoil.up.data_folder import House

DAYS = 1


def sign_in_link(house: House, role: Role, party: str, name: str) -> str:
    """Return a link that opens one session as *party*: valid for 15 minutes, the session for a day."""
    engine = open_oracle_database(house.oracle_database)
    try:
        number, _ = auth.create_token(engine, role, party, name, DAYS)
        return f"{house.api_url}/login/{auth.create_login_code(engine, number)}"
    finally:
        engine.dispose()
