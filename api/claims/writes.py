"""Writes on claims: registered, confirmed, split, passed on, pledged, paid, and gone back on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from counterfoil.api.documents import commitments
from counterfoil.api.http import problems
from counterfoil.api.instructions.operation import (
    EVERY_WRITER,
    SUPERVISORS,
    TRADERS,
    AccountIn,
    AmountIn,
    Call,
    ChainTime,
    Date,
    Minor,
    Number,
    Operation,
    Papers,
    PartyName,
    SignatureIn,
    by_key,
    withdrawal,
)
from counterfoil.chain.abi.enums import ClaimKind, ClaimKindName
from counterfoil.chain.hexadecimal import from_hex

MOST = 100
"""Claims of one batch."""


class ClaimIn(BaseModel):
    """A claim: a `receivable` told by its creditor, a `payable` by its obligor, or an `order` to be delivered.

    Its invoice is committed to by issuer (the creditor), number and amount, and can back one live claim.
    """

    kind: ClaimKindName
    obligor: PartyName
    creditor: PartyName
    face_minor: Minor
    issue_date: Date
    due_date: Date
    default_days: int = Field(default=30, ge=0, le=3_650, examples=[30])
    invoice_number: str = Field(min_length=1, max_length=128, examples=["RE-2026-0017"])
    document: Papers | None = Field(default=None, examples=[{"contract": "F-2026-3"}])


class ClaimsIn(BaseModel):
    """Claims that are drafted and registered together."""

    claims: list[ClaimIn] = Field(min_length=1, max_length=MOST)


class RootsIn(BaseModel):
    """Claims by their numbers."""

    roots: list[Number] = Field(min_length=1, max_length=MOST)


class PapersIn(BaseModel):
    """Papers that go with it."""

    document: Papers


class DisputeIn(BaseModel):
    """Why; `part` is what a holder who is no party to the terms holds."""

    reason: Papers
    part: int = Field(default=0, ge=0, le=2**53, examples=[0])


class AmountsIn(BaseModel):
    """What a part is split into; they add up to it."""

    amounts_minor: list[Minor] = Field(min_length=2, max_length=64)


class OfferIn(BaseModel):
    """Whom a part is offered to; with `recourse` its holder answers for it afterwards."""

    to: PartyName
    recourse: bool
    expires: ChainTime


class PledgeeIn(BaseModel):
    """Who holds the part as security: a party, or `credit_line` for a loan's collateral."""

    pledgee: PartyName


def _terms(call: Call, claim: ClaimIn) -> dict[str, Any]:
    if claim.due_date < claim.issue_date:
        raise problems.malformed("due_date is before issue_date")
    creditor = call.party(claim.creditor)
    invoice = commitments.invoice_fields(creditor, claim.invoice_number, claim.face_minor)
    return {
        "kind": ClaimKind.named(claim.kind),
        "obligor": call.party(claim.obligor),
        "creditor": creditor,
        "token": call.token,
        "face": claim.face_minor,
        "issueDate": claim.issue_date,
        "dueDate": claim.due_date,
        "defaultDays": claim.default_days,
        "invoice": call.commit(commitments.INVOICE, invoice),
        "document": call.commit("document", claim.document),
    }


def _offer(call: Call) -> Sequence[Any]:
    return [call.key, call.party(call.body.to), call.body.recourse, call.body.expires]


def _pledge(call: Call) -> Sequence[Any]:
    if call.body.pledgee == "credit_line":
        return [call.key, call.client.address_of("CreditLine")]
    return [call.key, call.party(call.body.pledgee)]


def _claim(
    name: str,
    path: str,
    function: str,
    says: str,
    arguments: Any = by_key,
    body: type[BaseModel] | None = None,
    may: Any = TRADERS,
) -> Operation:
    return Operation(name, path, "Receivables", function, may, says, arguments, body)


OPERATIONS = (
    _claim(
        *("draft_claim", "/receivables/drafts", "draft", "Draft a claim"),
        *(lambda c: [_terms(c, c.body)], ClaimIn),
    ),
    _claim("register_claim", "/receivables/{root}/register", "register", "Register a draft"),
    _claim(
        *("register_claims", "/receivables", "registerBatch", "Register claims"),
        *(lambda c: [[_terms(c, claim) for claim in c.body.claims]], ClaimsIn),
    ),
    _claim(
        *("confirm_claims", "/receivables/confirmations", "confirm", "Confirm what is owed"),
        *(lambda c: [c.body.roots], RootsIn),
    ),
    _claim(
        *("confirm_by_signature", "/receivables/{root}/confirmation", "confirmBySignature"),
        "Bring the obligor's signature",
        *(lambda c: [c.key, from_hex(c.body.signature)], SignatureIn, EVERY_WRITER),
    ),
    _claim("cancel_claim", "/receivables/{root}/cancel", "cancel", "Cancel an unconfirmed claim"),
    _claim(
        *("deliver_order", "/orders/{root}/deliver", "deliver", "Acknowledge a delivery"),
        *(lambda c: [c.key, c.commit("delivery", c.body.document)], PapersIn),
    ),
    _claim(
        *("dispute_claim", "/receivables/{root}/dispute", "dispute", "Dispute a claim"),
        lambda c: [c.key, c.body.part, c.commit("reason", c.body.reason)],
        DisputeIn,
    ),
    _claim(
        *("resolve_dispute", "/receivables/{root}/resolve", "resolveDispute", "Lift a dispute"),
        *(lambda c: [c.key, c.commit("outcome", c.body.document)], PapersIn, SUPERVISORS),
    ),
    _claim(
        *("poke_claim", "/receivables/{root}/poke", "poke", "Bring a claim to today's state"),
        may=EVERY_WRITER,
    ),
    _claim(
        *("fund_claim", "/receivables/{root}/fund", "fund", "Pay towards a claim"),
        *(lambda c: [c.key, c.body.amount_minor], AmountIn),
    ),
    _claim(
        *("split_part", "/parts/{part}/split", "split", "Split a part"),
        *(lambda c: [c.key, c.body.amounts_minor], AmountsIn),
    ),
    _claim("offer_part", "/parts/{part}/offer", "offer", "Offer a part", _offer, OfferIn),
    _claim("accept_offer", "/offers/{part}/accept", "accept", "Accept an offer"),
    _claim("end_offer", "/offers/{part}/end", "endOffer", "Reject or end an offer"),
    _claim("pledge_part", "/parts/{part}/pledge", "pledge", "Pledge a part", _pledge, PledgeeIn),
    _claim(
        *("take_retained", "/parts/{part}/take", "take", "Take what was paid on a pledged part"),
        *(lambda c: [c.key, c.body.amount_minor], AmountIn),
    ),
    _claim("release_part", "/parts/{part}/release", "release", "Give a pledged part free"),
    _claim(
        *("demand_recourse", "/parts/{part}/demand-recourse", "demandRecourse"),
        "Ask the endorser to pay",
    ),
    _claim(
        *("pay_recourse", "/parts/{part}/pay-recourse", "payRecourse", "Pay as the endorser"),
    ),
    _claim(
        *("withdraw_claims", "/receivables/withdrawals", "withdraw", "Withdraw what claims paid"),
        *(withdrawal, AccountIn, EVERY_WRITER),
    ),
)
