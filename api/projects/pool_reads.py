"""Pools of investors: reads of ``oracle.db`` for one reader at a time.

Rules kept here:

* Whoever runs a project sees all investors of its pools; others see the pools in which they have a share, and their own
  share alone. Amounts are minor units.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.directory import Directory
from counterfoil.api.access.sight import Sight
from counterfoil.chain.address import Address
from counterfoil.oracle.ledger.revenue_split import PoolRow, PoolShare, paid_and_ends
from counterfoil.oracle.rules.investor_pool import earned


@dataclass(frozen=True)
class SeenShare:
    """An investor's share of a pool: what it has of all that was ever paid, and what it has taken."""

    account: Address
    weight: int
    earned_minor: int
    taken_minor: int


@dataclass(frozen=True)
class SeenPool:
    """A pool, with the shares that its reader may see, in the list's order."""

    pool: Address
    project: str
    investors: int
    weights: int
    is_complete: bool
    paid_minor: int
    shares: tuple[SeenShare, ...]


class PoolReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pools(
        self, sight: Sight, account: str | None = None, *, own_shares: bool = False
    ) -> list[SeenPool]:
        """Return the pools that the reader may see, by account, or the pool *account*.

        With *own_shares* no others' are read: a pool may have ten thousand.
        """
        names = {p.project_hash: p.project for p in Directory(self._engine).projects()}
        found: list[SeenPool] = []
        with Session(self._engine) as session:
            rows = select(PoolRow).order_by(col(PoolRow.account))
            if account is not None:
                rows = rows.where(PoolRow.account == account)
            for row in session.exec(rows):
                project = names.get(row.project_hash, "")
                query = select(PoolShare).where(PoolShare.pool == row.account)
                sees_all = sight.everything or project in sight.run
                if own_shares or not sees_all:
                    query = query.where(PoolShare.account == sight.account)
                shares = session.exec(query.order_by(col(PoolShare.place))).all()
                if not shares and not sees_all:
                    continue
                paid, ends = paid_and_ends(session, row.account)
                found.append(
                    SeenPool(
                        row.account,
                        project,
                        investors=row.investors,
                        weights=row.weights,
                        is_complete=row.is_complete,
                        paid_minor=paid,
                        shares=tuple(
                            SeenShare(
                                share.account,
                                weight=share.weight,
                                earned_minor=earned(
                                    paid, ends, share.before, share.weight, row.weights
                                )
                                if row.is_complete
                                else 0,
                                taken_minor=share.taken_minor,
                            )
                            for share in shares
                        ),
                    )
                )
        return found


def complete_pools_of(engine: Engine, account: str) -> list[Address]:
    """Return the pools with all their investors in which *account* has a share."""
    with Session(engine) as session:
        rows = session.exec(
            select(PoolRow)
            .join(PoolShare, col(PoolShare.pool) == col(PoolRow.account))
            .where(PoolShare.account == account, col(PoolRow.is_complete))
            .order_by(col(PoolRow.account))
        )
        return [row.account for row in rows]


def pools_of(session: Session, account: str) -> list[Address]:
    """Return the pools in which *account* has a share."""
    rows = session.exec(select(PoolShare).where(PoolShare.account == account))
    return [row.pool for row in rows]
