"""Warehouse receipts, the pledges that hold them, and the prices at which these are valued."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from counterfoil.api.documents.opened import OpenedOut, opened
from counterfoil.api.http import problems
from counterfoil.api.http.chain_calls import client_of, refusable
from counterfoil.api.http.context import PartsDep, PrincipalDep, SightDep
from counterfoil.api.http.paging import Cursor, Limit, Page, numbered, page_of
from counterfoil.api.http.wide import Wide
from counterfoil.api.warehouse.reads import WarehouseReads
from counterfoil.chain.hexadecimal import to_hex

router = APIRouter(responses=problems.RESPONSES)

_Receipt = Annotated[int, Path(ge=1, le=2**53, examples=[7])]
_Pledge = Annotated[int, Path(ge=1, le=2**53, examples=[2])]


class ReceiptOut(BaseModel):
    """A warehouse receipt; `goods` is their code where it is known here, `pledge` is 0 while it is free."""

    receipt: int = Field(examples=[7])
    state: str = Field(examples=["pledged"])
    warehouse: str
    holder: str
    parent: int = Field(examples=[0])
    pledge: int = Field(examples=[2])
    quantity: Wide = Field(examples=[1_000])
    goods: str = Field(examples=["PP-H030/A"])
    goods_hash: str
    block_number: int


class ReceiptWholeOut(ReceiptOut):
    """A warehouse receipt with its papers' commitment, opened for its holder, warehouse and pledgee."""

    document: str
    opened: dict[str, OpenedOut] = Field(examples=[{}])


class PledgeOut(BaseModel):
    """Warehouse receipts pledged for a loan; `call_date` is the date of an open call for more, 0 without one."""

    pledge: int = Field(examples=[2])
    loan: int = Field(examples=[5])
    pledgee: str = Field(examples=["0x90F79bf6EB2c4f870365E785982E1f101E93b906"])
    ltv_basis_points: int = Field(examples=[7_000])
    call_date: int = Field(examples=[0])
    is_open: bool
    receipts: list[int]
    block_number: int


class PledgeWholeOut(PledgeOut):
    """A pledge with its value today, what is owed on its loan, and whether the value covers it."""

    call_days: int = Field(examples=[5])
    value_minor: Wide = Field(examples=[145_000_00])
    owed_minor: Wide = Field(examples=[100_930_00])
    covers: bool


class PriceOut(BaseModel):
    """The newest posted price of a unit of goods."""

    goods: str = Field(examples=["PP-H030/A"])
    goods_hash: str
    price_minor: Wide = Field(examples=[1_250])
    date: int = Field(examples=[20260105])


def _receipt_out(row: object, codes: dict[str, str]) -> ReceiptOut:
    fields = row.model_dump()  # type: ignore[attr-defined]
    name = fields["goods"]
    return ReceiptOut(**fields | {"goods": codes.get(name, ""), "goods_hash": name})


@router.get("/v1/warehouse-receipts", summary="Receipts", tags=["warehouse-receipts"])
def list_receipts(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReceiptOut]:
    """Warehouse receipts that the asker issued, holds, or has received as a pledge, by number."""
    codes = WarehouseReads(parts.reads).goods()
    return numbered(
        name="warehouse-receipts",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: WarehouseReads(parts.reads).receipts(sight, after, most),
        place=lambda row: row.receipt,
        show=lambda row: _receipt_out(row, codes),
    )


@router.get("/v1/warehouse-receipts/{receipt}", summary="One receipt", tags=["warehouse-receipts"])
def get_receipt(parts: PartsDep, sight: SightDep, receipt: _Receipt) -> ReceiptWholeOut:
    """A warehouse receipt. Its holder, its warehouse and its pledgee also see its papers."""
    row = WarehouseReads(parts.reads).receipt(sight, receipt)
    if row is None:
        raise problems.not_found("warehouse receipt")
    client = client_of(parts)
    with refusable():
        papers = to_hex(client.call("WarehouseReceipts", "receipt", receipt)["document"])
    pledge = WarehouseReads(parts.reads).pledge(sight, row.pledge)
    sides = {row.holder, row.warehouse, *([] if pledge is None else [pledge.pledgee])}
    mine = sight.account in sides
    return ReceiptWholeOut(
        **_receipt_out(row, WarehouseReads(parts.reads).goods()).model_dump(),
        document=papers,
        opened=opened(parts, {"document": papers}, mine),
    )


@router.get("/v1/pledges", summary="Pledges", tags=["pledges"])
def list_pledges(
    parts: PartsDep, sight: SightDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PledgeOut]:
    """Pledges given by or to the asker, by number."""
    return numbered(
        name="pledges",
        cursor=cursor,
        limit=limit,
        fetch=lambda after, most: WarehouseReads(parts.reads).pledges(sight, after, most),
        place=lambda row: row.pledge,
        show=lambda row: PledgeOut(
            **row.model_dump(), receipts=WarehouseReads(parts.reads).pledged(row.pledge)
        ),
    )


@router.get("/v1/pledges/{pledge}", summary="One pledge", tags=["pledges"])
def get_pledge(parts: PartsDep, sight: SightDep, pledge: _Pledge) -> PledgeWholeOut:
    """A pledge, valued as the contract does today."""
    row = WarehouseReads(parts.reads).pledge(sight, pledge)
    if row is None:
        raise problems.not_found("pledge")
    client = client_of(parts)
    with refusable():
        value, owed, covers = client.call("WarehouseReceipts", "coverage", pledge)
        days = client.call("WarehouseReceipts", "pledgeOf", pledge)["callDays"]
    return PledgeWholeOut(
        **row.model_dump(),
        receipts=WarehouseReads(parts.reads).pledged(pledge),
        call_days=days,
        value_minor=value,
        owed_minor=owed,
        covers=covers,
    )


@router.get("/v1/prices", summary="Prices of goods", tags=["prices"])
def list_prices(
    parts: PartsDep, _: PrincipalDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PriceOut]:
    """The newest price of each kind of goods."""
    codes = WarehouseReads(parts.reads).goods()
    return page_of(
        rows=WarehouseReads(parts.reads).prices(),
        name="prices",
        place=lambda row: row.goods,
        cursor=cursor,
        limit=limit,
        show=lambda row: PriceOut(
            goods=codes.get(row.goods, ""),
            goods_hash=row.goods,
            price_minor=row.price_minor,
            date=row.date,
        ),
    )
