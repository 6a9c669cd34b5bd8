"""Terms, distributions, credits and balances, made of the events of RevenueSplit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session, col, select

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import Count, Minor
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
    carried_minor: Minor = 0


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
    """Projected: what the split has credited to an account, and what it has withdrawn."""

    __tablename__ = "balance"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    credited_minor: Minor = 0
    withdrawn_minor: Minor = 0


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


def _carried(session: Session, _: EventRow, a: _Arguments) -> None:
    session.get_one(DistributedRow, a["batch"]).carried_minor = int(a["amount"])


def _withdrawn(session: Session, _: EventRow, a: _Arguments) -> None:
    _balance(session, a["account"]).withdrawn_minor += int(a["amount"])


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
    ("RevenueSplit", "Carried"): _carried,
    ("RevenueSplit", "Withdrawn"): _withdrawn,
}
