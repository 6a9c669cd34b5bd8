"""Writes on claims: register, confirm, split, pass on, pledge, pay, dispute, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from counterfoil.api.claims.reads import ClaimReads
from counterfoil.api.claims.terms import terms_of
from counterfoil.api.documents import commitments
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import refusable
from counterfoil.api.instructions.operation import (
    AccountIn,
    AmountIn,
    Arguments,
    BodyT_co,
    Call,
    ChainTime,
    Date,
    Minor,
    Number,
    Operation,
    Papers,
    PartyName,
    Signature,
    WideTime,
    by_key,
    withdrawal,
)
from counterfoil.chain.abi.enums import ClaimKind, ClaimKindName
from counterfoil.chain.errors import ContractReverted
from counterfoil.chain.hexadecimal import from_hex

MOST = 100
"""Claims of one batch."""


class ClaimIn(BaseModel):
    """A claim: a `receivable` stated by its creditor, a `payable` by its obligor, or an `order` to be delivered.

    The invoice's commitment covers issuer (the creditor), number and amount; it can back one live claim.
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
    """The papers of a claim."""

    document: Papers


class DisputeIn(BaseModel):
    """Why; `part` is the part that the asker holds, 0 for the obligor."""

    reason: Papers
    part: int = Field(default=0, ge=0, le=2**53, examples=[0])


class FundingIn(BaseModel):
    """What is paid towards one claim."""

    root: Number
    amount_minor: Minor


class FundingsIn(BaseModel):
    """What is paid towards each of these claims; one that is no longer owed is passed over."""

    fundings: list[FundingIn] = Field(min_length=1, max_length=MOST)


class PartsIn(BaseModel):
    """Parts of claims by their numbers."""

    parts: list[Number] = Field(min_length=1, max_length=MOST)


class AmountsIn(BaseModel):
    """The amounts that a part is split into; they add up to what is unpaid on it."""

    amounts_minor: list[Minor] = Field(min_length=2, max_length=100)


class OfferIn(BaseModel):
    """To whom a part is offered; with `recourse` its holder stays liable for it."""

    to: PartyName
    recourse: bool
    expires: WideTime


class AcceptanceIn(BaseModel):
    """What the offer is taken for: with or without `recourse`, and with `unpaid_minor` at least still owed on the part.

    It is refused where the offer or the part is another by then, and after chain time `deadline`.
    """

    recourse: bool
    unpaid_minor: Minor
    deadline: ChainTime


class ConfirmationIn(BaseModel):
    """The obligor's EIP-712 signature over the claim's terms, and the `deadline` that it was made for.

    What is signed is at `GET /receivables/{root}/confirmation`.
    """

    signature: Signature
    deadline: ChainTime


class PledgeeIn(BaseModel):
    """Who holds the part as security: a party, or `credit_line` for a loan's collateral."""

    pledgee: PartyName


def _terms(call: Call[object], claim: ClaimIn) -> dict[str, Any]:
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
        "tag": bytes(32),
    }


def _batch(call: Call[ClaimsIn]) -> Sequence[object]:
    """All of the claims, or 409 with the places of those whose invoice is live: the contract would pass them over."""
    terms = [_terms(call, claim) for claim in call.body.claims]
    with refusable():
        roots = call.client.call("Receivables", "registerBatch", terms, sender=call.account)
    taken = [str(place) for place, root in enumerate(roots, 1) if root == 0]
    if taken:
        detail = (
            f"of {len(terms)} claims these have an invoice that is live already: {', '.join(taken)}"
        )
        raise problems.conflict(ContractReverted("InvoiceAlreadyLive", {}).code, detail)
    return [terms]


def _of_claim(call: Call[object]) -> Sequence[object]:
    return [call.key, terms_of(call.parts, int(call.key or 0))]


def _withdrawal(call: Call[AccountIn]) -> Sequence[object]:
    """What the account has here, and what waits on its own parts: MOST of them, the rest with the next withdrawal."""
    token, account = withdrawal(call)
    waiting = ClaimReads(call.parts.reads).waiting(account, token, MOST)
    return [waiting, token, account]


def _offer(call: Call[OfferIn]) -> Sequence[object]:
    return [call.key, call.party(call.body.to), call.body.recourse, call.body.expires]


def _accept(call: Call[AcceptanceIn]) -> Sequence[object]:
    return [call.key, call.body.recourse, call.body.unpaid_minor, call.body.deadline]


def _pledge(call: Call[PledgeeIn]) -> Sequence[object]:
    if call.body.pledgee == "credit_line":
        return [call.key, call.client.address_of("CreditLine")]
    return [call.key, call.party(call.body.pledgee)]


def _claim(
    name: str,
    path: str,
    *,
    function: str,
    says: str,
    arguments: Arguments[BodyT_co] = by_key,
    body: type[BodyT_co] | None = None,
) -> Operation[BodyT_co]:
    return Operation(
        name,
        path,
        contract="Receivables",
        function=function,
        says=says,
        arguments=arguments,
        body=body,
    )


OPERATIONS = (
    _claim(
        "draft_claim",
        "/v1/receivables/drafts",
        function="draft",
        says="Draft a claim",
        arguments=lambda c: [_terms(c, c.body)],
        body=ClaimIn,
    ),
    _claim(
        "register_claim",
        "/v1/receivables/{root}/register",
        function="register",
        says="Register a draft",
        arguments=_of_claim,
    ),
    _claim(
        "register_claims",
        "/v1/receivables",
        function="registerBatch",
        says="Register claims",
        arguments=_batch,
        body=ClaimsIn,
    ),
    _claim(
        "confirm_claims",
        "/v1/receivables/confirmations",
        function="confirm",
        says="Confirm what is owed",
        arguments=lambda c: [c.body.roots],
        body=RootsIn,
    ),
    _claim(
        "confirm_by_signature",
        "/v1/receivables/{root}/confirmation",
        function="confirmBySignature",
        says="Bring the obligor's signature",
        arguments=lambda c: [*_of_claim(c), c.body.deadline, from_hex(c.body.signature)],
        body=ConfirmationIn,
    ),
    _claim(
        "cancel_claim",
        "/v1/receivables/{root}/cancel",
        function="cancel",
        says="Cancel an unconfirmed claim",
        arguments=_of_claim,
    ),
    _claim(
        "deliver_order",
        "/v1/orders/{root}/deliver",
        function="deliver",
        says="Acknowledge a delivery",
        arguments=lambda c: [c.key, c.commit("delivery", c.body.document)],
        body=PapersIn,
    ),
    _claim(
        "dispute_claim",
        "/v1/receivables/{root}/dispute",
        function="dispute",
        says="Dispute a claim",
        arguments=lambda c: [c.key, c.body.part, c.commit("reason", c.body.reason)],
        body=DisputeIn,
    ),
    _claim(
        "resolve_dispute",
        "/v1/receivables/{root}/resolve",
        function="resolveDispute",
        says="Lift a dispute",
        arguments=lambda c: [c.key, c.commit("outcome", c.body.document)],
        body=PapersIn,
    ),
    _claim(
        "poke_claim",
        "/v1/receivables/{root}/poke",
        function="poke",
        says="Bring a claim to today's state",
    ),
    _claim(
        "fund_claim",
        "/v1/receivables/{root}/fund",
        function="fund",
        says="Pay towards a claim",
        arguments=lambda c: [c.key, c.body.amount_minor],
        body=AmountIn,
    ),
    _claim(
        "fund_claims",
        "/v1/receivables/fundings",
        function="fundBatch",
        says="Pay towards several claims",
        arguments=lambda c: [
            [f.root for f in c.body.fundings],
            [f.amount_minor for f in c.body.fundings],
        ],
        body=FundingsIn,
    ),
    _claim(
        "collect_parts",
        "/v1/parts/collections",
        function="collect",
        says="Collect what was paid on parts",
        arguments=lambda c: [c.body.parts],
        body=PartsIn,
    ),
    _claim(
        "split_part",
        "/v1/parts/{part}/split",
        function="split",
        says="Split a part",
        arguments=lambda c: [c.key, c.body.amounts_minor],
        body=AmountsIn,
    ),
    _claim(
        "offer_part",
        "/v1/parts/{part}/offer",
        function="offer",
        says="Offer a part",
        arguments=_offer,
        body=OfferIn,
    ),
    _claim(
        "accept_offer",
        "/v1/offers/{part}/accept",
        function="accept",
        says="Accept an offer",
        arguments=_accept,
        body=AcceptanceIn,
    ),
    _claim(
        "end_offer", "/v1/offers/{part}/end", function="endOffer", says="Reject or end an offer"
    ),
    _claim(
        "pledge_part",
        "/v1/parts/{part}/pledge",
        function="pledge",
        says="Pledge a part",
        arguments=_pledge,
        body=PledgeeIn,
    ),
    _claim(
        "take_retained",
        "/v1/parts/{part}/take",
        function="take",
        says="Take what was paid on a pledged part",
        arguments=lambda c: [c.key, c.body.amount_minor],
        body=AmountIn,
    ),
    _claim(
        "release_part",
        "/v1/parts/{part}/release",
        function="release",
        says="Give a pledged part free",
    ),
    _claim(
        "demand_recourse",
        "/v1/parts/{part}/demand-recourse",
        function="demandRecourse",
        says="Ask the endorser to pay",
    ),
    _claim(
        "pay_recourse",
        "/v1/parts/{part}/pay-recourse",
        function="payRecourse",
        says="Pay as the endorser",
    ),
    _claim(
        "withdraw_claims",
        "/v1/receivables/withdrawals",
        function="collectAndWithdraw",
        says="Withdraw what claims paid",
        arguments=_withdrawal,
        body=AccountIn,
    ),
)
