"""The anchored heads: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.oracle.ledger.record_anchor import AnchoredHead


class HeadReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def newest(self, final_number: int | None = None) -> AnchoredHead | None:
        """The newest anchored head, or the newest that lies in block *final_number* or before."""
        query = select(AnchoredHead).order_by(col(AnchoredHead.size).desc()).limit(1)
        if final_number is not None:
            query = query.where(AnchoredHead.block_number <= final_number)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).first()

    def covering(self, log_index: int) -> AnchoredHead | None:
        """The first anchored head that the record at *log_index* is under."""
        query = select(AnchoredHead).where(AnchoredHead.size > log_index)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query.order_by(col(AnchoredHead.size)).limit(1)).first()

    def head(self, size: int) -> AnchoredHead | None:
        """The anchored head of exactly this size."""
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get(AnchoredHead, size)

    def heads(self, below: int | None, limit: int) -> Sequence[AnchoredHead]:
        """Up to *limit* anchored heads smaller than *below*, the largest first."""
        query = select(AnchoredHead).order_by(col(AnchoredHead.size).desc()).limit(limit)
        if below is not None:
            query = query.where(AnchoredHead.size < below)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).all()
