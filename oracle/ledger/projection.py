"""Tables made of chain events, one handler per event, inside the feed's database transaction. Handlers never commit.

Each module of this folder that defines ``HANDLERS`` belongs to a contract, and defines the contract's tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from sqlalchemy import delete
from sqlmodel import Session

from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle import ledger
from counterfoil.oracle.store.table import OracleTable

_FILES = [
    import_module(f"{ledger.__name__}.{found.name}")
    for found in iter_modules(ledger.__path__)
    if found.name != "projection"
]
_HANDLERS: Mapping[tuple[str, str], Handler] = {
    event: handler for file in _FILES for event, handler in file.HANDLERS.items()
}
CONTRACTS = tuple(dict.fromkeys(contract for contract, _ in _HANDLERS))
_PROJECTED = tuple(
    found
    for file in _FILES
    for found in vars(file).values()
    if isinstance(found, type)
    and issubclass(found, OracleTable)
    and found.__module__ == file.__name__
)


class LedgerProjection:
    """Keeps every *projected* table true to the events that were read."""

    def apply(self, session: Session, event: EventRow) -> None:
        """Take one event in; an event without a handler is ignored."""
        handler = _HANDLERS.get((event.contract, event.name))
        if handler is not None:
            handler(session, event, event.arguments)

    def reset(self, session: Session) -> None:
        """Empty every projected table."""
        for table in _PROJECTED:
            session.exec(delete(table))
