"""The anchored heads: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow


class HeadReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self, final_number: int | None = None) -> AnchoredHeadRow | None:
        """Return the newest anchored head, or the newest in block *final_number* or before."""
        query = select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.size).desc()).limit(1)
        if final_number is not None:
            query = query.where(AnchoredHeadRow.block_number <= final_number)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).first()

    def covering(self, log_index: int) -> AnchoredHeadRow | None:
        """Return the first anchored head that covers the record at *log_index*."""
        query = select(AnchoredHeadRow).where(AnchoredHeadRow.size > log_index)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query.order_by(col(AnchoredHeadRow.size)).limit(1)).first()

    def head(self, size: int) -> AnchoredHeadRow | None:
        """Return the anchored head of exactly this size."""
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get(AnchoredHeadRow, size)

    def heads(self, below: int | None, limit: int) -> Sequence[AnchoredHeadRow]:
        """Return up to *limit* anchored heads smaller than *below*, the largest first."""
        query = select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.size).desc()).limit(limit)
        if below is not None:
            query = query.where(AnchoredHeadRow.size < below)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).all()
