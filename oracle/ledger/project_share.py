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
    """Projected: a project's shares.

    ``per_share`` is what one share has earned since the start, and ``carried`` what does not divide; both in parts of
    2^-96 of a minor unit.
    """

    __tablename__ = "share_project"

    project_hash: str = Field(primary_key=True)
    token: Address = Field(sa_type=AddressColumn)
    issuer: Address = Field(sa_type=AddressColumn)
    account: Address = Field(sa_type=AddressColumn)
    cap: ChainMinor
    issues: ChainMinor = 0
    supply: ChainMinor = 0
    per_share: ChainMinor = 0
    carried: ChainMinor = 0
    received_minor: ChainMinor = 0
    paid_minor: ChainMinor = 0
    redemption_price_minor: ChainMinor = 0


class ShareHolding(OracleTable, table=True):
    """Projected: an account's shares of a project, and what it had earned when their number last changed.

    ``earned`` and ``seen`` are in parts of 2^-96 of a minor unit.
    """

    __tablename__ = "share_holding"

    project_hash: str = Field(primary_key=True)
    holder: Address = Field(primary_key=True, sa_type=AddressColumn)
    shares: ChainMinor = 0
    earned: ChainMinor = 0
    seen: ChainMinor = 0


PARTS_BITS = 96
"""A minor unit has 2^96 parts, as in ProjectShare.sol."""
_Arguments = Mapping[str, Any]


def _project(session: Session, _: EventRow, a: _Arguments) -> None:
    session.merge(
        ShareProject(
            project_hash=a["project"],
            token=a["token"],
            issuer=a["issuer"],
            account=a["account"],
            cap=int(a["cap"]),
        )
    )


def _shares_issued(session: Session, _: EventRow, a: _Arguments) -> None:
    shares = _shares(session, a)
    shares.supply += int(a["shares"])
    shares.issues += 1
    _hold(session, project=a["project"], holder=a["holder"], change=int(a["shares"]))


def _shares_moved(session: Session, _: EventRow, a: _Arguments) -> None:
    _hold(session, project=a["project"], holder=a["from"], change=-int(a["shares"]))
    _hold(session, project=a["project"], holder=a["to"], change=int(a["shares"]))


def _income(session: Session, _: EventRow, a: _Arguments) -> None:
    shares = _shares(session, a)
    shares.received_minor += int(a["amount"])
    shares.per_share, shares.carried = int(a["perShare"]), int(a["carried"])
    if shares.supply == 0:
        issuers = _hold(session, project=a["project"], holder=shares.issuer, change=0)
        issuers.earned += int(a["amount"]) << PARTS_BITS


def _redemption(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).redemption_price_minor = int(a["price"])


def _redeemed(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).supply -= int(a["shares"])
    _hold(session, project=a["project"], holder=a["holder"], change=-int(a["shares"]))


def _paid(session: Session, _: EventRow, a: _Arguments) -> None:
    _shares(session, a).paid_minor += int(a["amount"])
    held = _hold(session, project=a["project"], holder=a["holder"], change=0)
    held.earned -= int(a["amount"]) << PARTS_BITS


def claimable_minor(project: ShareProject, held: ShareHolding) -> int:
    """Return what the holder can withdraw of what has come in."""
    return (held.earned + held.shares * (project.per_share - held.seen)) >> PARTS_BITS


def _shares(session: Session, a: _Arguments) -> ShareProject:
    return session.get_one(ShareProject, a["project"])


def _hold(session: Session, project: str, holder: Address, change: int) -> ShareHolding:
    """Store what the holder has earned so far, then change the number of its shares."""
    per_share = session.get_one(ShareProject, project).per_share
    held = session.get(ShareHolding, (project, holder))
    if held is None:
        held = ShareHolding(project_hash=project, holder=holder)
        session.add(held)
    held.earned += held.shares * (per_share - held.seen)
    held.seen = per_share
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
