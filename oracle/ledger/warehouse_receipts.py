"""Warehouse receipts and their pledges, made of the events of WarehouseReceipts; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, update
from sqlmodel import Field, Session, col

from counterfoil.chain.abi.enums import ReceiptState
from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import ChainId, ChainKey, ChainMinor
from counterfoil.oracle.store.table import OracleTable


class WarehouseReceiptRow(OracleTable, table=True):
    """Projected: a warehouse receipt; ``pledge`` is 0 without one."""

    __tablename__ = "warehouse_receipt"

    receipt: ChainKey
    state: str = Field(index=True)
    warehouse: Address = Field(index=True, sa_type=AddressColumn)
    holder: Address = Field(index=True, sa_type=AddressColumn)
    parent: ChainMinor = 0
    pledge: int = Field(default=0, index=True, sa_type=BigInteger)
    quantity: ChainMinor
    goods: str
    block_number: int


class PledgeRow(OracleTable, table=True):
    """Projected: warehouse receipts pledged for a loan; ``call_date`` is 0 without an open call for more."""

    __tablename__ = "receipt_pledge"

    pledge: ChainKey
    loan: ChainId
    pledgee: Address = Field(index=True, sa_type=AddressColumn)
    ltv_basis_points: int
    call_date: int = 0
    is_open: bool = True
    block_number: int


class GoodsPrice(OracleTable, table=True):
    """Projected: the newest posted price of one unit of goods."""

    __tablename__ = "goods_price"

    goods: str = Field(primary_key=True)
    price_minor: ChainMinor
    date: int


PLEDGED = (ReceiptState.PLEDGED.wire_name, ReceiptState.PARTIAL_RELEASE.wire_name)
"""The states of a warehouse receipt that is pledged."""
_Arguments = Mapping[str, Any]


def _issued(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        WarehouseReceiptRow(
            receipt=int(a["receipt"]),
            state=ReceiptState.ISSUED.wire_name,
            warehouse=a["warehouse"],
            holder=a["holder"],
            quantity=int(a["quantity"]),
            goods=a["goods"],
            block_number=event.block_number,
        )
    )


def _split(session: Session, event: EventRow, a: _Arguments) -> None:
    """The children share the parent's goods; what was pledged stays pledged."""
    parent = _receipt(session, a)
    for child, quantity in zip(a["children"], a["quantities"], strict=True):
        session.merge(
            WarehouseReceiptRow(
                receipt=int(child),
                state=parent.state,
                warehouse=parent.warehouse,
                holder=parent.holder,
                parent=parent.receipt,
                pledge=parent.pledge,
                quantity=int(quantity),
                goods=parent.goods,
                block_number=event.block_number,
            )
        )
    parent.state = ReceiptState.SPLIT.wire_name


def _verified(session: Session, _: EventRow, a: _Arguments) -> None:
    _receipt(session, a).state = ReceiptState.VERIFIED.wire_name


def _transferred(session: Session, _: EventRow, a: _Arguments) -> None:
    _receipt(session, a).holder = a["to"]


def _delivered(session: Session, _: EventRow, a: _Arguments) -> None:
    _receipt(session, a).state = ReceiptState.DELIVERED.wire_name


def _surrendered(session: Session, _: EventRow, a: _Arguments) -> None:
    _receipt(session, a).state = ReceiptState.SURRENDERED.wire_name


def _price(session: Session, _: EventRow, a: _Arguments) -> None:
    session.merge(GoodsPrice(goods=a["goods"], price_minor=int(a["price"]), date=int(a["date"])))


def _opened(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        PledgeRow(
            pledge=int(a["pledge"]),
            loan=int(a["loan"]),
            pledgee=a["pledgee"],
            ltv_basis_points=int(a["ltvBasisPoints"]),
            block_number=event.block_number,
        )
    )


def _pledged(session: Session, _: EventRow, a: _Arguments) -> None:
    receipt = _receipt(session, a)
    receipt.state, receipt.pledge = ReceiptState.PLEDGED.wire_name, int(a["pledge"])


def _released(session: Session, _: EventRow, a: _Arguments) -> None:
    """The pledge keeps its other warehouse receipts."""
    receipt, pledge = _receipt(session, a), int(a["pledge"])
    receipt.state, receipt.pledge = ReceiptState.VERIFIED.wire_name, 0
    session.flush()
    left = update(WarehouseReceiptRow).where(
        col(WarehouseReceiptRow.pledge) == pledge, col(WarehouseReceiptRow.state).in_(PLEDGED)
    )
    session.exec(left.values(state=ReceiptState.PARTIAL_RELEASE.wire_name))


def _called(session: Session, _: EventRow, a: _Arguments) -> None:
    _pledge(session, a).call_date = int(a["callDate"])


def _met(session: Session, _: EventRow, a: _Arguments) -> None:
    _pledge(session, a).call_date = 0


def _closed(session: Session, _: EventRow, a: _Arguments) -> None:
    _pledge(session, a).is_open = False


def _foreclosed(session: Session, _: EventRow, a: _Arguments) -> None:
    receipt = _receipt(session, a)
    receipt.state, receipt.pledge = ReceiptState.FORECLOSED.wire_name, 0
    receipt.holder = a["pledgee"]


def _receipt(session: Session, a: _Arguments) -> WarehouseReceiptRow:
    return session.get_one(WarehouseReceiptRow, int(a["receipt"]))


def _pledge(session: Session, a: _Arguments) -> PledgeRow:
    return session.get_one(PledgeRow, int(a["pledge"]))


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("WarehouseReceipts", "ReceiptIssued"): _issued,
    ("WarehouseReceipts", "ReceiptVerified"): _verified,
    ("WarehouseReceipts", "ReceiptSplit"): _split,
    ("WarehouseReceipts", "ReceiptTransferred"): _transferred,
    ("WarehouseReceipts", "ReceiptSurrendered"): _surrendered,
    ("WarehouseReceipts", "ReceiptGivenBack"): _verified,
    ("WarehouseReceipts", "ReceiptDelivered"): _delivered,
    ("WarehouseReceipts", "PricePosted"): _price,
    ("WarehouseReceipts", "PledgeOpened"): _opened,
    ("WarehouseReceipts", "ReceiptPledged"): _pledged,
    ("WarehouseReceipts", "ReceiptReleased"): _released,
    ("WarehouseReceipts", "TopUpCalled"): _called,
    ("WarehouseReceipts", "TopUpMet"): _met,
    ("WarehouseReceipts", "PledgeClosed"): _closed,
    ("WarehouseReceipts", "ReceiptForeclosed"): _foreclosed,
}
