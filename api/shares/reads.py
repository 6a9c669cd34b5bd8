"""Shares in projects: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import col

from counterfoil.api.access.rows import all_rows
from counterfoil.oracle.ledger.project_share import ShareHolding, ShareProject


class ShareReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def share_projects(self) -> Sequence[ShareProject]:
        """Return every project whose shares are open."""
        return all_rows(self.engine, ShareProject, order=col(ShareProject.project_hash))

    def holdings(self, project_hash: str) -> Sequence[ShareHolding]:
        """Return the holdings of a project's shares."""
        wanted = ShareHolding.project_hash == project_hash
        return all_rows(self.engine, ShareHolding, wanted, order=col(ShareHolding.holder))
