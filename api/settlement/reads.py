"""Deals on chain: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import col

from counterfoil.api.access.rows import all_rows
from counterfoil.oracle.ledger.settlement import DealRow


class DealReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def deal(self, digest: str) -> Sequence[DealRow]:
        """Return the deal on chain, settled or revoked; None before."""
        return all_rows(self.engine, DealRow, DealRow.deal == digest, order=col(DealRow.by))
