"""What PostgreSQL must promise before a commit may be acknowledged.

Rules kept here:

* A commit is on the disk when it returns: ``synchronous_commit`` is not off for any connection of ours.
* A server that runs without ``fsync`` or ``full_page_writes`` may lose commits in a crash: it is refused.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event, text

from counterfoil.fault import Code
from counterfoil.gateway.errors import GatewayError

_REQUIRED = ("fsync", "full_page_writes")


class StoreNotDurableError(GatewayError):
    """The database may lose what it has committed."""

    code = Code("store.not_durable")
    to_do = (
        "Set the database to write through (fsync and synchronous_commit on) before records "
        "come in."
    )


def require_durable(engine: Engine) -> None:
    """Make every connection of *engine* commit to the disk.

    Raises:
        StoreNotDurableError: the server's settings may lose commits.
    """
    event.listen(engine, "connect", _commit_synchronously)
    with engine.connect() as connection:
        for name in _REQUIRED:
            value = connection.execute(text(f"SHOW {name}")).scalar_one()
            if value != "on":
                raise StoreNotDurableError(f"the server's setting {name} is {value}, not on")


def _commit_synchronously(connection: Any, _: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false)"
            " WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()
