"""Terms, distributions, credits, balances and pools of investors, made of the events of RevenueSplit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session, col, select

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import ChainMinor, Count, Minor
from counterfoil.oracle.store.table import OracleTable

_Arguments = Mapping[str, Any]


class TermsRow(OracleTable, table=True):
    """Projected: a version of a project's terms."""

    __tablename__ = "terms"

    project_hash: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    effective_from: int
    terms_hash: str


class DistributedRow(OracleTable, table=True):
    """Projected: a distribution on the chain."""

    __tablename__ = "distributed"

    batch: str = Field(primary_key=True)
    project_hash: str = Field(index=True)
    version: int
    gross_minor: Minor
    head_size: Count
    facts_hash: str
    block_number: int
    transaction_hash: str


class Credit(OracleTable, table=True):
    """Projected: what one tier credited to one account."""

    __tablename__ = "credit"

    id: int | None = Field(default=None, primary_key=True)
    batch: str = Field(index=True)
    project_hash: str = Field(index=True)
    account: Address = Field(index=True, sa_type=AddressColumn)
    tier: int
    amount_minor: Minor


class Balance(OracleTable, table=True):
    """Projected: what the split has credited to an account, and what it has withdrawn; a pool's investors out of it."""

    __tablename__ = "balance"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    credited_minor: Minor = 0
    withdrawn_minor: Minor = 0


class PoolRow(OracleTable, table=True):
    """Projected: a pool of investors, under its own account."""

    __tablename__ = "investor_pool"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    project_hash: str = Field(index=True)
    investors: int = 0
    weights: ChainMinor = 0
    is_complete: bool = False


class PoolShare(OracleTable, table=True):
    """Projected: an investor's place in a pool, after ``before`` of its weights, and what it has taken."""

    __tablename__ = "pool_share"

    pool: Address = Field(primary_key=True, sa_type=AddressColumn)
    account: Address = Field(primary_key=True, index=True, sa_type=AddressColumn)
    place: int
    weight: ChainMinor
    before: ChainMinor
    taken_minor: ChainMinor = 0


class PoolEnd(OracleTable, table=True):
    """Projected: a run of a pool ended when ``paid_minor`` had ever been paid to it."""

    __tablename__ = "pool_end"

    id: int | None = Field(default=None, primary_key=True)
    pool: Address = Field(index=True, sa_type=AddressColumn)
    paid_minor: ChainMinor


def paid_and_ends(session: Session, pool: Address) -> tuple[int, list[int]]:
    """What was ever paid to a pool, and what had been when each of its runs ended."""
    balance = session.get(Balance, pool)
    ends = session.exec(
        select(PoolEnd.paid_minor).where(PoolEnd.pool == pool).order_by(col(PoolEnd.id))
    ).all()
    return (balance.credited_minor if balance else 0), list(ends)


def _terms(session: Session, _: EventRow, a: _Arguments) -> None:
    session.merge(
        TermsRow(
            project_hash=a["project"],
            version=int(a["version"]),
            effective_from=int(a["effectiveFrom"]),
            terms_hash=a["termsHash"],
        )
    )


def _distributed(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        DistributedRow(
            batch=a["batch"],
            project_hash=a["project"],
            version=int(a["version"]),
            gross_minor=int(a["gross"]),
            head_size=int(a["headSize"]),
            facts_hash=a["facts"],
            block_number=event.block_number,
            transaction_hash=event.transaction_hash,
        )
    )
    session.flush()


def _credited(session: Session, _: EventRow, a: _Arguments) -> None:
    amount = int(a["amount"])
    session.add(
        Credit(
            batch=a["batch"],
            project_hash=a["project"],
            account=a["account"],
            tier=int(a["tier"]),
            amount_minor=amount,
        )
    )
    _balance(session, a["account"]).credited_minor += amount


def _withdrawn(session: Session, _: EventRow, a: _Arguments) -> None:
    _balance(session, a["account"]).withdrawn_minor += int(a["amount"])


def _investors(session: Session, _: EventRow, a: _Arguments) -> None:
    pool = session.get(PoolRow, a["pool"])
    if pool is None:
        pool = PoolRow(account=a["pool"], project_hash=a["project"])
        session.add(pool)
    for one in a["piece"]:
        weight = int(one["weight"])
        session.add(
            PoolShare(
                pool=pool.account,
                account=one["account"],
                place=pool.investors,
                weight=weight,
                before=pool.weights,
            )
        )
        pool.investors += 1
        pool.weights += weight
    pool.is_complete = int(a["next"], 16) == 0


def _taken(session: Session, _: EventRow, a: _Arguments) -> None:
    amount = int(a["amount"])
    session.get_one(PoolShare, (a["pool"], a["account"])).taken_minor += amount
    _balance(session, a["pool"]).withdrawn_minor += amount


def _ended(session: Session, _: EventRow, a: _Arguments) -> None:
    session.add(PoolEnd(pool=a["pool"], paid_minor=int(a["paid"])))


def _balance(session: Session, account: Address) -> Balance:
    found = session.exec(select(Balance).where(col(Balance.account) == account)).first()
    if found is None:
        found = Balance(account=account)
        session.add(found)
    return found


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("RevenueSplit", "TermsSet"): _terms,
    ("RevenueSplit", "Distributed"): _distributed,
    ("RevenueSplit", "Credited"): _credited,
    ("RevenueSplit", "InvestorsAdded"): _investors,
    ("RevenueSplit", "PoolTaken"): _taken,
    ("RevenueSplit", "PoolEnded"): _ended,
    ("RevenueSplit", "Withdrawn"): _withdrawn,
}
