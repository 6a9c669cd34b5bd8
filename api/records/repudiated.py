"""Which records the committee has repudiated, by the projection."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.record.identity import device_hash
from counterfoil.gateway.record.record import Record
from counterfoil.oracle.ledger.device_registry import RegistryKeyRow


class Repudiated:
    """The ranges of all keys, as they were when this was made: there are few of them."""

    def __init__(self, engine: Engine) -> None:
        query = select(RegistryKeyRow).where(col(RegistryKeyRow.disputed_until).is_not(None))
        with Session(engine) as session:
            self._ranges = {
                (key.device_hash, key.epoch): (
                    int(key.until_sequence),
                    int(key.disputed_until or 0),
                )
                for key in session.exec(query)
            }

    def has(self, record: Record) -> bool:
        """Whether *record* was anchored, and taken back."""
        if not self._ranges:
            return False
        found = self._ranges.get((to_hex(device_hash(record.device)), record.epoch))
        return found is not None and found[0] < record.sequence <= found[1]
