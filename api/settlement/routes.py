"""Deals and quotes: proposed here, signed by their sides, and settled on chain as a whole or not at all.

Rules kept here:

* A deal's or a quote's name is the digest that its sides sign; the same terms are the same deal.
* A signature is kept only when it is the asker's own.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.access.auth import Principal
from counterfoil.api.access.sight import Sight
from counterfoil.api.http import problems, typed_data
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.faults import ACCOUNT_MISSING, NOT_A_SIDE, PROPOSAL_SIGNATURE_INVALID
from counterfoil.api.http.paging import Cursor, Limit, Page, page_of
from counterfoil.api.http.typed_data import TypedData
from counterfoil.api.http.wide import Plain, Wide, WideIn
from counterfoil.api.instructions.operation import (
    Call,
    ChainTime,
    Minor,
    Number,
    PartyName,
    Rate,
    SignatureIn,
)
from counterfoil.api.instructions.request import ask
from counterfoil.api.instructions.routes import IdempotencyKey, InstructionOut, instruction_out
from counterfoil.api.settlement import proposals
from counterfoil.api.settlement.reads import DealReads
from counterfoil.api.store.tables import ApiProposal
from counterfoil.chain.abi.enums import Asset, AssetName, Convention, ConventionName
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import HEX_32_BYTES, from_hex, to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.instructions.request import SignDigest

router = APIRouter(responses=problems.RESPONSES)

_Deal = Annotated[str, Path(pattern=HEX_32_BYTES, examples=[to_hex(b"\xd3" * 32)])]
_Quote = Annotated[str, Path(pattern=HEX_32_BYTES, examples=[to_hex(b"\xd4" * 32)])]
Nonce = Annotated[
    int, Field(ge=0, lt=2**53, description="Another one for the same terms again.", examples=[1])
]


class LegIn(BaseModel):
    """What moves: a `claim_part` or a `warehouse_receipt` by its number, whole; shares of a project; or cash.

    `amount` is what moves of shares and cash. A part or a receipt moves whole: there it is the least that must still be
    unpaid, or the least quantity. Shares move while the project has no more than `supply` of them. The deal is refused
    where a leg is worth less than that.
    """

    asset: AssetName
    sender: PartyName
    recipient: PartyName
    number: int = Field(default=0, ge=0, le=2**53, examples=[21])
    project: str = Field(default="", max_length=64, examples=["lakeside-vending"])
    amount: WideIn = Field(ge=1, lt=2**63, examples=[7_250])
    supply: WideIn = Field(default=0, ge=0, lt=2**63, examples=[0])
    recourse: bool = False


class DealIn(BaseModel):
    """Legs that happen together or not at all, until chain time `deadline`."""

    legs: list[LegIn] = Field(min_length=1, max_length=32)
    nonce: Nonce
    deadline: ChainTime


class QuoteIn(BaseModel):
    """A buyer's offer for a part: unpaid × (1 − rate × time to the due date), counted from the day of the sale.

    It stands while `unpaid_minor` at least is unpaid on the part, and the price is `most_price_minor` at most.
    """

    part: Number
    seller: PartyName
    unpaid_minor: Minor
    most_price_minor: Minor
    rate_ppm: Rate
    convention: ConventionName = "A/360"
    recourse: bool
    nonce: Nonce
    deadline: ChainTime


class ProposalOut(BaseModel):
    """A deal or a quote; `signed_by` are the accounts that have signed. `state`: open, expired, settled, revoked."""

    id: str = Field(examples=[to_hex(b"\xd3" * 32)])
    state: str = Field(examples=["open"])
    terms: Plain
    parties: list[str]
    signed_by: list[str]
    deadline: int = Field(examples=[1_793_404_800])
    created_ms: int


class ProposalWholeOut(ProposalOut):
    """The same with the EIP-712 message to sign, and for a quote its price today."""

    typed_data: TypedData
    price_minor: Wide | None = Field(examples=[7_250])


def _caller(parts: ApiParts, sight: Sight) -> Call[None]:
    if not sight.account:
        raise problems.conflict(ACCOUNT_MISSING, "this party has no account on the ledger")
    client = client_of(parts)
    return Call(parts, client, sight.account, key=None, body=None)


def _leg(call: Call[None], leg: LegIn) -> dict[str, Any]:
    asset = Asset.named(leg.asset)
    name: bytes
    if asset is Asset.PROJECT_SHARE:
        name = on_chain_id(leg.project)
    elif asset is Asset.DEPOSIT_TOKEN:
        name = bytes(12) + call.token.raw
    else:
        name = leg.number.to_bytes(32, "big")
    return {
        "asset": int(asset),
        "from": call.party(leg.sender),
        "to": call.party(leg.recipient),
        "id": to_hex(name),
        "amount": leg.amount,
        "supply": leg.supply,
        "recourse": leg.recourse,
    }


def _state(parts: ApiParts, row: ApiProposal) -> str:
    seen = {entry.status for entry in DealReads(parts.reads).deal(row.digest)}
    if "settled" in seen:
        return "settled"
    if seen:
        return "revoked"
    return "open" if row.deadline >= time.time() else "expired"


def _out(parts: ApiParts, row: ApiProposal) -> ProposalOut:
    return ProposalOut(
        id=row.digest,
        state=_state(parts, row),
        terms=row.terms,
        parties=row.parties,
        signed_by=sorted(row.signatures),
        deadline=row.deadline,
        created_ms=row.created_ms,
    )


def _message(client: ChainClient, row: ApiProposal) -> dict[str, Any]:
    make = typed_data.deal if row.kind == proposals.DEAL else typed_data.quote
    return make(client, row.terms)


def _whole(parts: ApiParts, client: ChainClient, row: ApiProposal) -> ProposalWholeOut:
    out = _out(parts, row)
    price = None
    with refusable():
        message = _message(client, row)
        if row.kind == proposals.QUOTE and out.state == "open":
            price, _ = client.call("Settlement", "priceOf", row.terms)
    return ProposalWholeOut(**out.model_dump(), typed_data=message, price_minor=price)


def _listed(
    parts: ApiParts, sight: Sight, kind: str, cursor: str | None, limit: int
) -> Page[ProposalOut]:
    rows = proposals.of_party(parts.reads, kind, _account(parts, sight))
    return page_of(
        rows,
        name=f"{kind}s",
        place=lambda row: f"{10**15 - row.created_ms:015}{row.digest}",
        cursor=cursor,
        limit=limit,
        show=lambda row: _out(parts, row),
    )


def _account(parts: ApiParts, sight: Sight) -> str:
    return sight.account


def _found(parts: ApiParts, sight: Sight, kind: str, digest: str) -> ApiProposal:
    return proposals.find(
        engine=parts.reads, kind=kind, digest=digest, account=_account(parts, sight)
    )


def _sign(call: Call[None], kind: str, digest: str, signature: str) -> ProposalWholeOut:
    row = proposals.find(engine=call.parts.oracle, kind=kind, digest=digest, account=call.account)
    with refusable():
        message = _message(call.client, row)
    if typed_data.signer(message, signature) != call.account:
        raise problems.conflict(PROPOSAL_SIGNATURE_INVALID, f"not a signature of {call.account}")
    row = proposals.sign(
        engine=call.parts.oracle,
        kind=kind,
        digest=digest,
        account=call.account,
        signature=signature,
    )
    return _whole(call.parts, call.client, row)


def _ask_signature(
    call: Call[None], principal: Principal, kind: str, digest: str, key: str
) -> InstructionOut:
    proposals.find(engine=call.parts.oracle, kind=kind, digest=digest, account=call.account)
    asked = SignDigest(call.account, from_hex(digest), proposal=kind)
    return instruction_out(
        ask(engine=call.parts.oracle, principal=principal, key=key, request=asked)
    )


@router.post("/v1/settlements", summary="Propose a deal", tags=["settlements"])
def propose_deal(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, deal: DealIn
) -> ProposalWholeOut:
    """By one of its sides. Nothing is on chain yet; proposing the same terms again returns the same deal."""
    call = _caller(parts, sight)
    legs = [_leg(call, leg) for leg in deal.legs]
    terms = {"legs": legs, "nonce": deal.nonce, "deadline": deal.deadline}
    sides = [leg[side] for leg in legs for side in ("from", "to")]
    if call.account not in sides:
        raise problems.conflict(NOT_A_SIDE, "the asker gives and gets nothing in this deal")
    argument = {**terms, "legs": [{**leg, "id": from_hex(leg["id"])} for leg in legs]}
    with refusable():
        digest = to_hex(call.client.call("Settlement", "dealDigest", argument))
    row = proposals.propose(
        engine=parts.oracle, kind=proposals.DEAL, digest=digest, terms=terms, parties=sides
    )
    return _whole(parts, call.client, row)


@router.get("/v1/settlements", summary="Deals", tags=["settlements"])
def list_deals(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProposalOut]:
    """Deals that the asker is a side of, the newest first."""
    return _listed(parts, sight, kind=proposals.DEAL, cursor=cursor, limit=limit)


@router.get("/v1/settlements/{deal}", summary="One deal", tags=["settlements"])
def get_deal(parts: PartsDep, sight: SightDep, deal: _Deal) -> ProposalWholeOut:
    """A deal, and the message to sign for it."""
    return _whole(parts, client_of(parts), _found(parts, sight, kind=proposals.DEAL, digest=deal))


@router.post("/v1/settlements/{deal}/signatures", summary="Sign a deal", tags=["settlements"])
def sign_deal(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, deal: _Deal, signed: SignatureIn
) -> ProposalWholeOut:
    """The asker's signature over the deal's typed data."""
    call = _caller(parts, sight)
    return _sign(call, kind=proposals.DEAL, digest=deal, signature=signed.signature)


@router.post(
    "/v1/settlements/{deal}/signature-requests",
    status_code=202,
    summary="Have a deal signed by a kept key",
    tags=["settlements"],
)
def request_deal_signature(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, deal: _Deal, key: IdempotencyKey
) -> InstructionOut:
    """For a party whose key is kept here: the instruction's result has the signature to bring."""
    return _ask_signature(
        call=_caller(parts, sight),
        principal=principal,
        kind=proposals.DEAL,
        digest=deal,
        key=key,
    )


@router.post("/v1/quotes", summary="Quote for a part", tags=["quotes"])
def propose_quote(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, quote: QuoteIn
) -> ProposalWholeOut:
    """By the buyer, who then signs it; the seller accepts it with `/quotes/{quote}/accept`."""
    call = _caller(parts, sight)
    terms: dict[str, Any] = {
        "part": quote.part,
        "seller": call.party(quote.seller),
        "buyer": call.account,
        "token": call.token,
        "unpaid": quote.unpaid_minor,
        "mostPrice": quote.most_price_minor,
        "ratePpm": quote.rate_ppm,
        "convention": int(Convention.named(quote.convention)),
        "recourse": quote.recourse,
        "nonce": quote.nonce,
        "deadline": quote.deadline,
    }
    with refusable():
        digest = to_hex(call.client.call("Settlement", "quoteDigest", terms))
    sides = [terms["seller"], terms["buyer"]]
    row = proposals.propose(
        engine=parts.oracle, kind=proposals.QUOTE, digest=digest, terms=terms, parties=sides
    )
    return _whole(parts, call.client, row)


@router.get("/v1/quotes", summary="Quotes", tags=["quotes"])
def list_quotes(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ProposalOut]:
    """Quotes made by or to the asker, the newest first."""
    return _listed(parts, sight, kind=proposals.QUOTE, cursor=cursor, limit=limit)


@router.get("/v1/quotes/{quote}", summary="One quote", tags=["quotes"])
def get_quote(parts: PartsDep, sight: SightDep, quote: _Quote) -> ProposalWholeOut:
    """A quote, its price today, and the message to sign for it."""
    return _whole(parts, client_of(parts), _found(parts, sight, kind=proposals.QUOTE, digest=quote))


@router.post("/v1/quotes/{quote}/signatures", summary="Sign a quote", tags=["quotes"])
def sign_quote(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, quote: _Quote, signed: SignatureIn
) -> ProposalWholeOut:
    """The buyer's signature over the quote's typed data."""
    call = _caller(parts, sight)
    return _sign(call, kind=proposals.QUOTE, digest=quote, signature=signed.signature)


@router.post(
    "/v1/quotes/{quote}/signature-requests",
    status_code=202,
    summary="Have a quote signed by a kept key",
    tags=["quotes"],
)
def request_quote_signature(
    parts: PartsDep, principal: PrincipalDep, sight: SightDep, quote: _Quote, key: IdempotencyKey
) -> InstructionOut:
    """For a party whose key is kept here: the instruction's result has the signature to bring."""
    return _ask_signature(
        call=_caller(parts, sight),
        principal=principal,
        kind=proposals.QUOTE,
        digest=quote,
        key=key,
    )
