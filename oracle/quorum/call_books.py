"""What a node's own copy and books say of a proposed distribution."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.store.directory_tables import KnownProject


class CallBooks:
    """Reads one ``oracle.db`` and one gateway store; waits for no writer."""

    def __init__(self, engine: Engine, store: GatewayStore) -> None:
        self._reads = engine.execution_options(reads_only=True)
        self._store = store
        self._history = RegistryHistory(engine)

    def project(self, name: str) -> KnownProject | None:
        """What this node was told of a project."""
        with Session(self._reads) as session:
            found = session.get(KnownProject, name)
            if found is not None:
                session.expunge(found)
            return found

    def is_anchored(self, size: int) -> bool:
        """Whether the head of *size* is anchored, as far as events were read."""
        with Session(self._reads) as session:
            return session.get(AnchoredHeadRow, size) is not None

    def size(self) -> int:
        """How many records the copy has."""
        return self._store.size()

    def records_at(self, indexes: list[int]) -> Mapping[int, bytes]:
        """The records at *indexes*, as far as they are here."""
        return self._store.records_at(indexes)

    def refresh(self) -> None:
        """Take in what was read of the registry since."""
        self._history.refresh()

    def project_of(self, device: DeviceId, block: int | None = None) -> bytes | None:
        """The project that *device* was in at *block*, or is in now."""
        return (
            self._history.project_of(device)
            if block is None
            else self._history.project_of(device, block)
        )

    def heads_over(self, first: int) -> list[tuple[int, int]]:
        """(size, block) of the anchored heads over record *first* and later ones, ascending."""
        with Session(self._reads) as session:
            return [
                (size, block)
                for size, block in session.exec(
                    select(AnchoredHeadRow.size, AnchoredHeadRow.block_number)
                    .where(AnchoredHeadRow.size > first)
                    .order_by(col(AnchoredHeadRow.size))
                )
            ]
