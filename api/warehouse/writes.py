"""Writes on warehouse receipts, their pledges and the prices that these are valued at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlmodel import Session

from counterfoil.api.instructions.operation import (
    ADMINS,
    EVERY_WRITER,
    LENDERS,
    SUPERVISORS,
    TRADERS,
    WAREHOUSES,
    Call,
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
Quantity = Annotated[int, Field(gt=0, lt=2**63, examples=[1_000])]


class ReceiptIn(BaseModel):
    """Goods that the asker keeps for `holder`."""

    holder: PartyName
    goods: Goods
    quantity: Quantity
    document: Papers


class EvidenceIn(BaseModel):
    """What shows it."""

    evidence: Papers


class QuantitiesIn(BaseModel):
    """What a receipt is split into; they add up to it."""

    quantities: list[Quantity] = Field(min_length=2, max_length=64)


class ToIn(BaseModel):
    """Who gets it."""

    to: PartyName


class PriceIn(BaseModel):
    """What a unit of goods is worth today, in minor units."""

    goods: Goods
    price_minor: int = Field(gt=0, lt=2**63, examples=[1_250])


class PledgeIn(BaseModel):
    """Receipts that secure a loan; `call_days` are those for topping up."""

    loan: Number
    receipts: list[Number] = Field(min_length=1, max_length=64)
    ltv_basis_points: int = Field(gt=0, le=10_000, examples=[7_000])
    call_days: int = Field(ge=0, le=365, examples=[5])


class PledgeTermsIn(BaseModel):
    """What the lender allows at most in pledges for a line's loans."""

    ltv_basis_points: int = Field(gt=0, le=10_000, examples=[7_000])
    call_days: int = Field(ge=0, le=365, examples=[5])


class OneReceiptIn(BaseModel):
    """A receipt by its number."""

    receipt: Number


def _goods(call: Call, code: str) -> bytes:
    name = on_chain_id(code)
    with Session(call.parts.oracle) as session:
        session.merge(KnownGoods(goods_hash=to_hex(name), code=code))
        session.commit()
    return name


def _issue(call: Call) -> Sequence[Any]:
    body: ReceiptIn = call.body
    papers = call.commit("slip", body.document)
    return [call.party(body.holder), _goods(call, body.goods), body.quantity, papers]


def _pledge(call: Call) -> Sequence[Any]:
    body: PledgeIn = call.body
    return [body.loan, body.receipts, body.ltv_basis_points, body.call_days]


def _goods_operation(
    name: str,
    path: str,
    function: str,
    says: str,
    may: Any,
    arguments: Any = by_key,
    body: type[BaseModel] | None = None,
) -> Operation:
    return Operation(name, path, "WarehouseReceipts", function, may, says, arguments, body)


OPERATIONS = (
    _goods_operation(
        *("issue_receipt", "/warehouse-receipts", "issue", "Issue a receipt"),
        *(WAREHOUSES, _issue, ReceiptIn),
    ),
    _goods_operation(
        *("verify_receipt", "/warehouse-receipts/{receipt}/verify", "verify", "Verify a receipt"),
        SUPERVISORS,
        lambda c: [c.key, c.commit("evidence", c.body.evidence)],
        EvidenceIn,
    ),
    _goods_operation(
        *("split_receipt", "/warehouse-receipts/{receipt}/split", "split", "Split a receipt"),
        *(TRADERS, lambda c: [c.key, c.body.quantities], QuantitiesIn),
    ),
    _goods_operation(
        *("transfer_receipt", "/warehouse-receipts/{receipt}/transfer", "transfer", "Pass it on"),
        *(TRADERS, lambda c: [c.key, c.party(c.body.to)], ToIn),
    ),
    _goods_operation(
        *("deliver_receipt", "/warehouse-receipts/{receipt}/deliver", "deliver"),
        *("Hand the goods out", WAREHOUSES),
        lambda c: [c.key, c.commit("evidence", c.body.evidence)],
        EvidenceIn,
    ),
    _goods_operation(
        *("post_price", "/prices", "postPrice", "Post a price", ADMINS),
        lambda c: [_goods(c, c.body.goods), c.body.price_minor],
        PriceIn,
    ),
    _goods_operation(
        *("pledge_receipts", "/pledges", "pledge", "Pledge receipts", TRADERS, _pledge, PledgeIn),
    ),
    _goods_operation(
        *("call_top_up", "/pledges/{pledge}/call", "callTopUp", "Ask for more", EVERY_WRITER),
    ),
    _goods_operation(
        *("end_call", "/pledges/{pledge}/end-call", "endCall", "End a call that is met"),
        EVERY_WRITER,
    ),
    _goods_operation(
        *("set_pledge_terms", "/credit-lines/{line}/pledge-terms", "setPledgeTerms"),
        *("Say what pledges may have at most", LENDERS),
        lambda c: [c.key, c.body.ltv_basis_points, c.body.call_days],
        PledgeTermsIn,
    ),
    _goods_operation(
        *("top_up_pledge", "/pledges/{pledge}/top-up", "topUp", "Add a receipt to a pledge"),
        *(TRADERS, lambda c: [c.key, c.body.receipt], OneReceiptIn),
    ),
    _goods_operation(
        *("release_receipt", "/pledges/{pledge}/release", "release", "Give a receipt free"),
        *(TRADERS, lambda c: [c.key, c.body.receipt], OneReceiptIn),
    ),
    _goods_operation(
        *("foreclose_pledge", "/pledges/{pledge}/foreclose", "foreclose", "Take the receipts over"),
        TRADERS,
    ),
)
