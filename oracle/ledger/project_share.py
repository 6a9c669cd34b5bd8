"""Shares in projects, made of the events of ProjectShare; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import ChainMinor
from counterfoil.oracle.store.table import OracleTable


class ShareProject(OracleTable, table=True):
    """Projected: a project's shares; ``per_share_minor`` is what one share has earned since the start."""

    __tablename__ = "share_project"

    project_hash: str = Field(primary_key=True)
    token: Address = Field(sa_type=AddressColumn)
    issuer: Address = Field(sa_type=AddressColumn)
    account: Address = Field(sa_type=AddressColumn)
    supply: ChainMinor = 0
    per_share_minor: ChainMinor = 0
    received_minor: ChainMinor = 0
    paid_minor: ChainMinor = 0
    carried_minor: ChainMinor = 0
    redemption_price_minor: ChainMinor = 0


class ShareHolding(OracleTable, table=True):
    """Projected: an account's shares of a project, and what it had earned when their number last changed."""

    __tablename__ = "share_holding"

    project_hash: str = Field(primary_key=True)
    holder: Address = Field(primary_key=True, sa_type=AddressColumn)
    shares: ChainMinor = 0
    earned_minor: ChainMinor = 0
    seen_minor: ChainMinor = 0


_Arguments = Mapping[str, Any]


def _project(session: Session, _: EventRow, a: _Arguments) -> None:
    session.merge(
        ShareProject(
            project_hash=a["project"], token=a["token"], issuer=a["issuer"], account=a["account"]
        )
    )


def _shares_issued(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).supply += int(a["shares"])
    _hold(session, project=a["project"], holder=a["holder"], change=int(a["shares"]))


def _shares_moved(session: Session, _: EventRow, a: _Arguments) -> None:
    _hold(session, project=a["project"], holder=a["from"], change=-int(a["shares"]))
    _hold(session, project=a["project"], holder=a["to"], change=int(a["shares"]))


def _income(session: Session, _: EventRow, a: _Arguments) -> None:
    shares = _shares(session, a)
    shares.received_minor += int(a["amount"])
    shares.per_share_minor, shares.carried_minor = int(a["perShare"]), int(a["carried"])


def _redemption(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).redemption_price_minor = int(a["price"])


def _redeemed(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).supply -= int(a["shares"])
    _hold(session, project=a["project"], holder=a["holder"], change=-int(a["shares"]))


def _paid(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).paid_minor += int(a["amount"])
    _hold(session, project=a["project"], holder=a["holder"], change=0).earned_minor = 0


def _shares(session: Session, a: _Arguments) -> ShareProject:
    return session.get_one(ShareProject, a["project"])


def _hold(session: Session, project: str, holder: Address, change: int) -> ShareHolding:
    """Store what the holder has earned so far, then change the number of its shares."""
    per_share = session.get_one(ShareProject, project).per_share_minor
    held = session.get(ShareHolding, (project, holder))
    if held is None:
        held = ShareHolding(project_hash=project, holder=holder)
        session.add(held)
    held.earned_minor += held.shares * (per_share - held.seen_minor)
    held.seen_minor = per_share
    held.shares += change
    return held


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("ProjectShare", "ProjectOpened"): _project,
    ("ProjectShare", "SharesIssued"): _shares_issued,
    ("ProjectShare", "SharesTransferred"): _shares_moved,
    ("ProjectShare", "IncomeReceived"): _income,
    ("ProjectShare", "RedemptionOffered"): _redemption,
    ("ProjectShare", "SharesRedeemed"): _redeemed,
    ("ProjectShare", "IncomePaid"): _paid,
}
