"""Claims and their parts, made of the events of Receivables; handlers never commit.

Ids are the contracts' own, counted from 1; amounts minor units, dates YYYYMMDD of the business calendar, accounts
checksummed. States and kinds are the contracts' names in lower case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import Field, Session, col, select

from counterfoil.chain.abi.enums import ClaimKind, ClaimState
from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.ledger.business_calendar import today
from counterfoil.oracle.ledger.credit_line import LoanRow
from counterfoil.oracle.store.columns import ChainId, ChainKey, ChainMinor
from counterfoil.oracle.store.integers import Unsigned
from counterfoil.oracle.store.table import OracleTable


class ClaimRow(OracleTable, table=True):
    """Projected: a claim by its contract terms.

    ``set_off_minor`` of ``redeemed_minor`` was paid on its invoice before, under another claim.
    """

    __tablename__ = "claim"

    root: ChainKey
    kind: str
    state: str = Field(index=True)
    obligor: Address = Field(index=True, sa_type=AddressColumn)
    creditor: Address = Field(index=True, sa_type=AddressColumn)
    token: Address = Field(sa_type=AddressColumn)
    face_minor: ChainMinor
    redeemed_minor: ChainMinor = 0
    set_off_minor: ChainMinor = 0
    issue_date: int
    due_date: int = Field(index=True)
    default_days: int
    invoice: str = Field(index=True)
    document: str
    tag: str
    delivery: str | None = None
    disputed: bool = False
    dispute_reason: str | None = None
    dispute_outcome: str | None = None
    block_number: int
    transaction_hash: str


class ClaimFunding(OracleTable, table=True):
    """Projected: a payment towards a claim, and the total paid of it up to then."""

    __tablename__ = "claim_funding"

    transaction_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    root: ChainId
    payer: Address = Field(sa_type=AddressColumn)
    amount_minor: ChainMinor
    redeemed_minor: ChainMinor
    date: int


class PartRow(OracleTable, table=True):
    """Projected: a part of a claim; ``received`` is the part as which its holder received it.

    ``base_minor`` is what had been paid on the claim when the part was made, ``credited_minor`` what of the payments
    since its holder or pledgee has had. What was paid on it follows from its claim: `paid_on`.
    """

    __tablename__ = "claim_part"

    part: ChainKey
    root: ChainId
    parent: ChainMinor
    received: ChainMinor = 0
    depth: int = 0
    holder: Address = Field(index=True, sa_type=AddressColumn)
    amount_minor: ChainMinor
    base_minor: ChainMinor = 0
    credited_minor: ChainMinor = 0
    recourse: bool = False
    demanded: bool = False
    live: bool = Field(default=True, index=True)
    pledgee: Address | None = Field(default=None, index=True, sa_type=AddressColumn)
    offered_to: Address | None = Field(default=None, index=True, sa_type=AddressColumn)
    offer_recourse: bool | None = None
    offer_expires: int | None = Field(default=None, sa_type=Unsigned)
    block_number: int
    transaction_hash: str


class ClaimBalance(OracleTable, table=True):
    """Projected: what claims have credited to an account in a token, and what it has withdrawn."""

    __tablename__ = "claim_balance"

    token: Address = Field(primary_key=True, sa_type=AddressColumn)
    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    credited_minor: ChainMinor = 0
    withdrawn_minor: ChainMinor = 0


def paid_on(part: PartRow, claim: ClaimRow) -> int:
    """What of the *part*'s amount was paid since it was made, as Receivables has it; minor units.

    Of what the *claim* was paid since then, in the proportion of the part to what was unpaid then, rounded down. A
    part that is no longer held keeps what it had.
    """
    if not part.live:
        return part.credited_minor
    paid = claim.redeemed_minor - part.base_minor
    return paid * part.amount_minor // (claim.face_minor - part.base_minor)


def waiting_parts(session: Session, *conditions: Any) -> list[tuple[PartRow, ClaimRow]]:
    """Parts that meet *conditions* and on which payments wait for their holders, by number, each with its claim.

    What is paid on a pledged part waits for its pledgee, and is not among them.
    """
    rows = session.exec(
        select(PartRow, ClaimRow)
        .join(ClaimRow, col(ClaimRow.root) == col(PartRow.root))
        .where(
            *conditions,
            col(PartRow.live),
            col(PartRow.pledgee).is_(None),
            col(ClaimRow.redeemed_minor) > col(PartRow.base_minor),
        )
        .order_by(col(PartRow.part))
    )
    return [(part, claim) for part, claim in rows if paid_on(part, claim) > part.credited_minor]


_Arguments = Mapping[str, Any]


def _drafted(session: Session, event: EventRow, a: _Arguments) -> None:
    t = a["terms"]
    session.merge(
        ClaimRow(
            root=int(a["root"]),
            kind=ClaimKind(int(t["kind"])).wire_name,
            state=ClaimState.DRAFT.wire_name,
            obligor=t["obligor"],
            creditor=t["creditor"],
            token=t["token"],
            face_minor=int(t["face"]),
            issue_date=int(t["issueDate"]),
            due_date=int(t["dueDate"]),
            default_days=int(t["defaultDays"]),
            invoice=t["invoice"],
            document=t["document"],
            tag=t["tag"],
            block_number=event.block_number,
            transaction_hash=event.transaction_hash,
        )
    )


def _state(state: ClaimState) -> Handler:
    def handler(session: Session, _: EventRow, a: _Arguments) -> None:
        _claim(session, a).state = state.wire_name

    return handler


def _set_off(session: Session, _: EventRow, a: _Arguments) -> None:
    claim = _claim(session, a)
    claim.redeemed_minor = claim.set_off_minor = int(a["redeemed"])


def _changed(session: Session, _: EventRow, a: _Arguments) -> None:
    _claim(session, a).state = ClaimState(int(a["state"])).wire_name


def _cancelled(session: Session, _: EventRow, a: _Arguments) -> None:
    _claim(session, a).state = ClaimState.CANCELLED.wire_name
    gone = update(PartRow).where(col(PartRow.root) == int(a["root"])).values(live=False)
    session.exec(gone)


def _delivered(session: Session, _: EventRow, a: _Arguments) -> None:
    _claim(session, a).delivery = a["document"]


def _disputed(session: Session, _: EventRow, a: _Arguments) -> None:
    claim = _claim(session, a)
    claim.disputed, claim.dispute_reason, claim.dispute_outcome = True, a["reason"], None


def _resolved(session: Session, _: EventRow, a: _Arguments) -> None:
    claim = _claim(session, a)
    claim.disputed, claim.dispute_outcome = False, a["outcome"]


def _funded(session: Session, event: EventRow, a: _Arguments) -> None:
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


def _minted(session: Session, event: EventRow, a: _Arguments) -> None:
    """A part is minted for a claim's creditor, or for an assignee; later events correct other cases.

    A child's amount is what was unpaid on its parent, or a piece of it.
    """
    part = PartRow(
        part=int(a["part"]),
        root=int(a["root"]),
        parent=int(a["parent"]),
        holder=a["holder"],
        amount_minor=int(a["amount"]),
        base_minor=_claim(session, a).redeemed_minor,
        recourse=bool(a["recourse"]),
        block_number=event.block_number,
        transaction_hash=event.transaction_hash,
    )
    parent = session.get(PartRow, part.parent)
    if parent is not None:
        parent.live = False
        part.depth, part.received = parent.depth + 1, part.part
    session.merge(part)


def _split(session: Session, _: EventRow, a: _Arguments) -> None:
    """The children have the holder of the part that was split."""
    parent = _part(session, a)
    for child in a["children"]:
        part = session.get_one(PartRow, int(child))
        part.depth, part.received = parent.depth, parent.received


def _collected(session: Session, _: EventRow, a: _Arguments) -> None:
    """A part that is paid in full ends with it; one that is split or passed on ends by the events that follow."""
    part = _part(session, a)
    _credit(session, part, part.holder, amount=int(a["amount"]))
    part.live = part.credited_minor < part.amount_minor


def _offered(session: Session, _: EventRow, a: _Arguments) -> None:
    part = _part(session, a)
    part.offered_to, part.offer_recourse = a["to"], bool(a["recourse"])
    part.offer_expires = int(a["expires"])


def _offer_ended(session: Session, _: EventRow, a: _Arguments) -> None:
    part = _part(session, a)
    part.offered_to = part.offer_recourse = part.offer_expires = None


def _pledged(session: Session, _: EventRow, a: _Arguments) -> None:
    _part(session, a).pledgee = a["pledgee"]


def _taken(session: Session, _: EventRow, a: _Arguments) -> None:
    _credit(session, _part(session, a), a["pledgee"], amount=int(a["amount"]))


def _released(session: Session, _: EventRow, a: _Arguments) -> None:
    """The part is free and no longer secures a loan."""
    part = _part(session, a)
    part.pledgee = None
    _credit(session, part, part.holder, amount=int(a["toHolder"]))
    part.live = part.credited_minor < part.amount_minor
    secured = update(LoanRow).where(col(LoanRow.collateral) == part.part)
    session.exec(secured.values(collateral=0))


def _demanded(session: Session, _: EventRow, a: _Arguments) -> None:
    _part(session, a).demanded = True


def _recourse_paid(session: Session, _: EventRow, a: _Arguments) -> None:
    """The endorser holds the part again, with the depth and origin from before it endorsed."""
    gone = _part(session, a)
    _balance(session, gone, gone.holder).credited_minor += int(a["amount"])
    received = session.get_one(PartRow, gone.received)
    before = session.get_one(PartRow, received.parent)
    regained = session.get_one(PartRow, int(a["regained"]))
    regained.depth, regained.received = before.depth, before.received


def _withdrawn(session: Session, _: EventRow, a: _Arguments) -> None:
    _account(session, a["token"], a["account"]).withdrawn_minor += int(a["amount"])


def _claim(session: Session, a: _Arguments) -> ClaimRow:
    return session.get_one(ClaimRow, int(a["root"]))


def _part(session: Session, a: _Arguments) -> PartRow:
    return session.get_one(PartRow, int(a["part"]))


def _credit(session: Session, part: PartRow, account: Address, amount: int) -> None:
    """Of what was paid on *part*, *amount* is *account*'s to withdraw."""
    if amount:
        part.credited_minor += amount
        _balance(session, part, account).credited_minor += amount


def _balance(session: Session, part: PartRow, account: Address) -> ClaimBalance:
    return _account(session, session.get_one(ClaimRow, part.root).token, account)


def _account(session: Session, token: Address, account: Address) -> ClaimBalance:
    found = session.get(ClaimBalance, (token, account))
    if found is None:
        found = ClaimBalance(token=token, account=account)
        session.add(found)
    return found


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("Receivables", "ClaimDrafted"): _drafted,
    ("Receivables", "ClaimRegistered"): _state(ClaimState.REGISTERED),
    ("Receivables", "ClaimSetOff"): _set_off,
    ("Receivables", "ClaimConfirmed"): _state(ClaimState.CONFIRMED),
    ("Receivables", "ClaimCancelled"): _cancelled,
    ("Receivables", "ClaimDelivered"): _delivered,
    ("Receivables", "ClaimStateChanged"): _changed,
    ("Receivables", "ClaimDisputed"): _disputed,
    ("Receivables", "DisputeResolved"): _resolved,
    ("Receivables", "ClaimFunded"): _funded,
    ("Receivables", "PartMinted"): _minted,
    ("Receivables", "PartSplit"): _split,
    ("Receivables", "PartCollected"): _collected,
    ("Receivables", "PartOffered"): _offered,
    ("Receivables", "OfferEnded"): _offer_ended,
    ("Receivables", "PartPledged"): _pledged,
    ("Receivables", "RetainedTaken"): _taken,
    ("Receivables", "PartReleased"): _released,
    ("Receivables", "RecourseDemanded"): _demanded,
    ("Receivables", "RecoursePaid"): _recourse_paid,
    ("Receivables", "Withdrawn"): _withdrawn,
}
