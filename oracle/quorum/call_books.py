"""What a judge of distributions reads: this node's own copy of the log and its database."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.store.directory_tables import KnownProject


class CallBooks:
    """Reads one ``oracle.db`` and one gateway store without waiting for writers."""

    def __init__(self, engine: Engine, store: GatewayStore, now_s: Callable[[], int]) -> None:
        self._reads = engine.execution_options(reads_only=True)
        self._store = store
        self._history = RegistryHistory(engine)
        self._now_s = now_s

    def now_s(self) -> int:
        """Chain time now, in seconds, by this node's own chain node and clock."""
        return self._now_s()

    def project(self, name: str) -> KnownProject | None:
        """What this node was told of a project."""
        with Session(self._reads) as session:
            found = session.get(KnownProject, name)
            if found is not None:
                session.expunge(found)
            return found

    def is_anchored(self, size: int) -> bool:
        """Whether the head of *size* is anchored, by the events read so far."""
        with Session(self._reads) as session:
            return session.get(AnchoredHeadRow, size) is not None

    def size(self) -> int:
        """Number of records in the copy."""
        return self._store.size()

    def records_at(self, indexes: list[int]) -> Mapping[int, bytes]:
        """Those of the records at *indexes* that the copy has."""
        return self._store.records_at(indexes)

    def refresh(self) -> None:
        """Take in the registry's events that were read since."""
        self._history.refresh()

    def project_of(self, device: DeviceId, block: int | None = None) -> bytes | None:
        """The project that *device* was in at *block*, or is in now."""
        return (
            self._history.project_of(device)
            if block is None
            else self._history.project_of(device, block)
        )

    def counts(self, device: DeviceId, epoch: int, sequence: int) -> bool:
        """Whether a number of *device* counts, by the registry as of now."""
        key = self._history.keys_at().get((device, epoch))
        return key is not None and key.from_sequence <= sequence <= key.until_sequence

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
