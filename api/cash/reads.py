"""Withdrawals from the bank's token: reads of ``oracle.db`` for one reader at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.sight import Sight
from counterfoil.oracle.ledger.deposit_token import Payout


class CashReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def payouts(self, sight: Sight, below: int | None, limit: int) -> Sequence[Payout]:
        """Return up to *limit* withdrawals, the newest first: the reader's own, or all for those who see everything."""
        query = select(Payout).order_by(col(Payout.id).desc()).limit(limit)
        if not sight.everything:
            query = query.where(Payout.holder == sight.account)
        if below is not None:
            query = query.where(Payout.id < below)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).all()
