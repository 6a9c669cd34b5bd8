"""Claims and their parts, made of the events of Receivables; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from counterfoil.chain.tables import ChainEvent
from counterfoil.oracle.assets import Handler
from counterfoil.oracle.assets.credit import today
from counterfoil.oracle.assets.names import KINDS, STATES
from counterfoil.oracle.store.asset_tables import (
    ClaimBalance,
    ClaimEntry,
    ClaimFunding,
    LoanEntry,
    PartEntry,
)

_Arguments = Mapping[str, Any]


def _drafted(session: Session, event: ChainEvent, a: _Arguments) -> None:
    t = a["terms"]
    session.merge(
        ClaimEntry(
            root=int(a["root"]),
            kind=KINDS[int(t["kind"])],
            state="draft",
            obligor=t["obligor"],
            creditor=t["creditor"],
            token=t["token"],
            face_minor=int(t["face"]),
            issue_date=int(t["issueDate"]),
            due_date=int(t["dueDate"]),
            default_days=int(t["defaultDays"]),
            invoice=t["invoice"],
            document=t["document"],
            block_number=event.block_number,
            transaction_hash=event.transaction_hash,
        )
    )


def _state(state: str) -> Handler:
    def handler(session: Session, _: ChainEvent, a: _Arguments) -> None:
        _claim(session, a).state = state

    return handler


def _changed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _claim(session, a).state = STATES[int(a["state"])]


def _cancelled(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _claim(session, a).state = "cancelled"
    gone = update(PartEntry).where(col(PartEntry.root) == int(a["root"])).values(live=False)
    session.exec(gone)


def _delivered(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _claim(session, a).delivery = a["document"]


def _disputed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    claim = _claim(session, a)
    claim.disputed, claim.dispute_reason, claim.dispute_outcome = True, a["reason"], None


def _resolved(session: Session, _: ChainEvent, a: _Arguments) -> None:
    claim = _claim(session, a)
    claim.disputed, claim.dispute_outcome = False, a["outcome"]


def _funded(session: Session, event: ChainEvent, a: _Arguments) -> None:
    _claim(session, a).redeemed_minor = int(a["redeemed"])
    session.merge(
        ClaimFunding(
            transaction_hash=event.transaction_hash,
            log_index=event.log_index,
            root=int(a["root"]),
            payer=a["by"],
            amount_minor=int(a["amount"]),
            redeemed_minor=int(a["redeemed"]),
            date=today(session),
        )
    )


def _minted(session: Session, event: ChainEvent, a: _Arguments) -> None:
    """A part is minted for a claim, or for whom it was passed on to; what follows says if it was otherwise."""
    part = PartEntry(
        part=int(a["part"]),
        root=int(a["root"]),
        parent=int(a["parent"]),
        holder=a["holder"],
        amount_minor=int(a["amount"]),
        recourse=bool(a["recourse"]),
        block_number=event.block_number,
        transaction_hash=event.transaction_hash,
    )
    parent = session.get(PartEntry, part.parent)
    if parent is not None:
        parent.live = False
        part.redeemed_minor = parent.redeemed_minor
        part.depth, part.received = parent.depth + 1, part.part
    session.merge(part)


def _split(session: Session, _: ChainEvent, a: _Arguments) -> None:
    """Its children are held as it was."""
    parent = _part(session, a)
    for child in a["children"]:
        part = session.get_one(PartEntry, int(child))
        part.depth, part.received = parent.depth, parent.received


def _redeemed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    part, amount = _part(session, a), int(a["amount"])
    part.redeemed_minor += amount
    if part.pledgee is not None:
        part.retained_minor += amount
        return
    _balance(session, part, part.holder).credited_minor += amount
    if part.redeemed_minor == part.amount_minor:
        part.live = False


def _offered(session: Session, _: ChainEvent, a: _Arguments) -> None:
    part = _part(session, a)
    part.offered_to, part.offer_recourse = a["to"], bool(a["recourse"])
    part.offer_expires = int(a["expires"])


def _offer_ended(session: Session, _: ChainEvent, a: _Arguments) -> None:
    part = _part(session, a)
    part.offered_to = part.offer_recourse = part.offer_expires = None


def _pledged(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _part(session, a).pledgee = a["pledgee"]


def _taken(session: Session, _: ChainEvent, a: _Arguments) -> None:
    part, amount = _part(session, a), int(a["amount"])
    part.retained_minor -= amount
    if amount:
        _balance(session, part, a["pledgee"]).credited_minor += amount


def _released(session: Session, _: ChainEvent, a: _Arguments) -> None:
    """The part is free, and secures no loan any more."""
    part, to_holder = _part(session, a), int(a["toHolder"])
    part.pledgee, part.retained_minor = None, 0
    if to_holder:
        _balance(session, part, part.holder).credited_minor += to_holder
    if part.redeemed_minor == part.amount_minor:
        part.live = False
    secured = update(LoanEntry).where(col(LoanEntry.collateral) == part.part)
    session.exec(secured.values(collateral=0))


def _demanded(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _part(session, a).demanded = True


def _recourse_paid(session: Session, _: ChainEvent, a: _Arguments) -> None:
    """The endorser holds again what it held: its part's depth and origin are those from before it endorsed."""
    gone = _part(session, a)
    _balance(session, gone, gone.holder).credited_minor += int(a["amount"])
    received = session.get_one(PartEntry, gone.received)
    before = session.get_one(PartEntry, received.parent)
    regained = session.get_one(PartEntry, int(a["regained"]))
    regained.depth, regained.received = before.depth, before.received


def _withdrawn(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _account(session, a["token"], a["account"]).withdrawn_minor += int(a["amount"])


def _claim(session: Session, a: _Arguments) -> ClaimEntry:
    return session.get_one(ClaimEntry, int(a["root"]))


def _part(session: Session, a: _Arguments) -> PartEntry:
    return session.get_one(PartEntry, int(a["part"]))


def _balance(session: Session, part: PartEntry, account: str) -> ClaimBalance:
    return _account(session, session.get_one(ClaimEntry, part.root).token, account)


def _account(session: Session, token: str, account: str) -> ClaimBalance:
    found = session.get(ClaimBalance, (token, account))
    if found is None:
        found = ClaimBalance(token=token, account=account)
        session.add(found)
    return found


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("Receivables", "ClaimDrafted"): _drafted,
    ("Receivables", "ClaimRegistered"): _state("registered"),
    ("Receivables", "ClaimConfirmed"): _state("confirmed"),
    ("Receivables", "ClaimCancelled"): _cancelled,
    ("Receivables", "ClaimDelivered"): _delivered,
    ("Receivables", "ClaimStateChanged"): _changed,
    ("Receivables", "ClaimDisputed"): _disputed,
    ("Receivables", "DisputeResolved"): _resolved,
    ("Receivables", "ClaimFunded"): _funded,
    ("Receivables", "PartMinted"): _minted,
    ("Receivables", "PartSplit"): _split,
    ("Receivables", "PartRedeemed"): _redeemed,
    ("Receivables", "PartOffered"): _offered,
    ("Receivables", "OfferEnded"): _offer_ended,
    ("Receivables", "PartPledged"): _pledged,
    ("Receivables", "RetainedTaken"): _taken,
    ("Receivables", "PartReleased"): _released,
    ("Receivables", "RecourseDemanded"): _demanded,
    ("Receivables", "RecoursePaid"): _recourse_paid,
    ("Receivables", "Withdrawn"): _withdrawn,
}
