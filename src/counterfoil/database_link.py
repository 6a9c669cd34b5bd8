"""How long a process waits for a database's server: no connection is waited for without an end.

Rules kept here:

* A server that is not there, or a network that has gone, is an error within half a minute. What the URL itself says
  goes before.
* A query has no end of its own: a long one is right, and one that stands still is told by who waits for it.
"""

from __future__ import annotations

from sqlalchemy import make_url

_LIMITS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""libpq's names; seconds, but the last one, which is in milliseconds."""


def link_limits(url: str) -> dict[str, int]:
    """Return the arguments of a connection to the database at *url*; none for SQLite's files."""
    place = make_url(url)
    if not place.drivername.startswith("postgresql"):
        return {}
    return {name: value for name, value in _LIMITS.items() if name not in place.query}
