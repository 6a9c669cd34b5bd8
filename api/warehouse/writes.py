"""Writes on warehouse receipts, their pledges, and the prices at which these are valued."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field
from sqlmodel import Session

from counterfoil.api.http.wide import WideIn
from counterfoil.api.instructions.operation import (
    Arguments,
    BodyT_co,
    Call,
    Date,
    Number,
    Operation,
    Papers,
    PartyName,
    by_key,
)
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.store.directory_tables import KnownGoods

Goods = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        description="The goods' code and quality, as one text.",
        examples=["PP-H030/A"],
    ),
]
Quantity = Annotated[WideIn, Field(gt=0, lt=2**63, examples=[1_000])]


class ReceiptIn(BaseModel):
    """A warehouse receipt for goods that the asker keeps for `holder`."""

    holder: PartyName
    goods: Goods
    quantity: Quantity
    document: Papers


class EvidenceIn(BaseModel):
    """The evidence for it."""

    evidence: Papers


class QuantitiesIn(BaseModel):
    """The quantities that a warehouse receipt is split into; they add up to its own."""

    quantities: list[Quantity] = Field(min_length=2, max_length=64)


class ToIn(BaseModel):
    """The party that gets it."""

    to: PartyName


class GivenBackIn(BaseModel):
    """Why the goods of a surrendered receipt are not handed out, if that is said."""

    reason: Papers | None = Field(default=None, examples=[{"note": "N-2026-9"}])


class PriceIn(BaseModel):
    """The price of a unit of goods on *date*, today or before, in minor units."""

    goods: Goods
    price_minor: WideIn = Field(gt=0, lt=2**63, examples=[1_250])
    date: Date


class PledgeIn(BaseModel):
    """Warehouse receipts that secure a loan; `call_days` is the time for topping up."""

    loan: Number
    receipts: list[Number] = Field(min_length=1, max_length=64)
    ltv_basis_points: int = Field(gt=0, le=10_000, examples=[7_000])
    call_days: int = Field(ge=0, le=365, examples=[5])


class PledgeTermsIn(BaseModel):
    """The most that the lender allows in pledges for a line's loans."""

    ltv_basis_points: int = Field(gt=0, le=10_000, examples=[7_000])
    call_days: int = Field(ge=0, le=365, examples=[5])


class OneReceiptIn(BaseModel):
    """A warehouse receipt by its number."""

    receipt: Number


def _goods(call: Call[object], code: str) -> bytes:
    name = on_chain_id(code)
    with Session(call.parts.oracle) as session:
        session.merge(KnownGoods(goods_hash=to_hex(name), code=code))
        session.commit()
    return name


def _issue(call: Call[ReceiptIn]) -> Sequence[object]:
    body = call.body
    papers = call.commit("slip", body.document)
    return [call.party(body.holder), _goods(call, body.goods), body.quantity, papers]


def _pledge(call: Call[PledgeIn]) -> Sequence[object]:
    body = call.body
    return [body.loan, body.receipts, body.ltv_basis_points, body.call_days]


def _goods_operation(
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
        contract="WarehouseReceipts",
        function=function,
        says=says,
        arguments=arguments,
        body=body,
    )


OPERATIONS = (
    _goods_operation(
        "issue_receipt",
        "/v1/warehouse-receipts",
        function="issue",
        says="Issue a receipt",
        arguments=_issue,
        body=ReceiptIn,
    ),
    _goods_operation(
        "verify_receipt",
        "/v1/warehouse-receipts/{receipt}/verify",
        function="verify",
        says="Verify a receipt",
        arguments=lambda c: [c.key, c.commit("evidence", c.body.evidence)],
        body=EvidenceIn,
    ),
    _goods_operation(
        "split_receipt",
        "/v1/warehouse-receipts/{receipt}/split",
        function="split",
        says="Split a receipt",
        arguments=lambda c: [c.key, c.body.quantities],
        body=QuantitiesIn,
    ),
    _goods_operation(
        "transfer_receipt",
        "/v1/warehouse-receipts/{receipt}/transfer",
        function="transfer",
        says="Pass it on",
        arguments=lambda c: [c.key, c.party(c.body.to)],
        body=ToIn,
    ),
    _goods_operation(
        "surrender_receipt",
        "/v1/warehouse-receipts/{receipt}/surrender",
        function="surrender",
        says="Give it up for its goods",
    ),
    _goods_operation(
        "give_receipt_back",
        "/v1/warehouse-receipts/{receipt}/give-back",
        function="giveBack",
        says="End a surrender without the goods",
        arguments=lambda c: [c.key, c.commit("reason", c.body.reason)],
        body=GivenBackIn,
    ),
    _goods_operation(
        "deliver_receipt",
        "/v1/warehouse-receipts/{receipt}/deliver",
        function="deliver",
        says="Hand the goods out",
        arguments=lambda c: [c.key, c.commit("evidence", c.body.evidence)],
        body=EvidenceIn,
    ),
    _goods_operation(
        "post_price",
        "/v1/prices",
        function="postPrice",
        says="Post a price",
        arguments=lambda c: [_goods(c, c.body.goods), c.body.price_minor, c.body.date],
        body=PriceIn,
    ),
    _goods_operation(
        "pledge_receipts",
        "/v1/pledges",
        function="pledge",
        says="Pledge receipts",
        arguments=_pledge,
        body=PledgeIn,
    ),
    _goods_operation(
        "call_top_up",
        "/v1/pledges/{pledge}/call",
        function="callTopUp",
        says="Ask for more",
    ),
    _goods_operation(
        "end_call",
        "/v1/pledges/{pledge}/end-call",
        function="endCall",
        says="End a call that is met",
    ),
    _goods_operation(
        "set_pledge_terms",
        "/v1/credit-lines/{line}/pledge-terms",
        function="setPledgeTerms",
        says="Say what pledges may have at most",
        arguments=lambda c: [c.key, c.body.ltv_basis_points, c.body.call_days],
        body=PledgeTermsIn,
    ),
    _goods_operation(
        "top_up_pledge",
        "/v1/pledges/{pledge}/top-up",
        function="topUp",
        says="Add a receipt to a pledge",
        arguments=lambda c: [c.key, c.body.receipt],
        body=OneReceiptIn,
    ),
    _goods_operation(
        "release_receipt",
        "/v1/pledges/{pledge}/release",
        function="release",
        says="Give a receipt free",
        arguments=lambda c: [c.key, c.body.receipt],
        body=OneReceiptIn,
    ),
    _goods_operation(
        "foreclose_pledge",
        "/v1/pledges/{pledge}/foreclose",
        function="foreclose",
        says="Take the receipts over",
    ),
)
