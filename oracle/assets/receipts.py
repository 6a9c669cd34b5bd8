"""Warehouse receipts and their pledges, made of the events of WarehouseReceipts; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from counterfoil.chain.tables import ChainEvent
from counterfoil.oracle.assets import Handler
from counterfoil.oracle.store.asset_tables import GoodsPrice, PledgeEntry, ReceiptEntry

_PLEDGED = ("pledged", "partial_release")
_Arguments = Mapping[str, Any]


def _issued(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        ReceiptEntry(
            receipt=int(a["receipt"]),
            state="issued",
            warehouse=a["warehouse"],
            holder=a["holder"],
            quantity=int(a["quantity"]),
            goods=a["goods"],
            block_number=event.block_number,
        )
    )


def _split(session: Session, event: ChainEvent, a: _Arguments) -> None:
    """The children stand for the parent's goods between them; what was pledged stays pledged in them."""
    parent = _receipt(session, a)
    for child, quantity in zip(a["children"], a["quantities"], strict=True):
        session.merge(
            ReceiptEntry(
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
    parent.state = "split"


def _verified(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _receipt(session, a).state = "verified"


def _transferred(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _receipt(session, a).holder = a["to"]


def _delivered(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _receipt(session, a).state = "delivered"


def _price(session: Session, _: ChainEvent, a: _Arguments) -> None:
    session.merge(GoodsPrice(goods=a["goods"], price_minor=int(a["price"]), date=int(a["date"])))


def _opened(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        PledgeEntry(
            pledge=int(a["pledge"]),
            loan=int(a["loan"]),
            pledgee=a["pledgee"],
            ltv_basis_points=int(a["ltvBasisPoints"]),
            block_number=event.block_number,
        )
    )


def _pledged(session: Session, _: ChainEvent, a: _Arguments) -> None:
    receipt = _receipt(session, a)
    receipt.state, receipt.pledge = "pledged", int(a["pledge"])


def _released(session: Session, _: ChainEvent, a: _Arguments) -> None:
    """The others of its pledge are what is left of it."""
    receipt, pledge = _receipt(session, a), int(a["pledge"])
    receipt.state, receipt.pledge = "verified", 0
    session.flush()
    left = update(ReceiptEntry).where(
        col(ReceiptEntry.pledge) == pledge, col(ReceiptEntry.state).in_(_PLEDGED)
    )
    session.exec(left.values(state="partial_release"))


def _called(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _pledge(session, a).call_date = int(a["callDate"])


def _met(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _pledge(session, a).call_date = 0


def _closed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    _pledge(session, a).is_open = False


def _foreclosed(session: Session, _: ChainEvent, a: _Arguments) -> None:
    receipt = _receipt(session, a)
    receipt.state, receipt.pledge, receipt.holder = "foreclosed", 0, a["pledgee"]


def _receipt(session: Session, a: _Arguments) -> ReceiptEntry:
    return session.get_one(ReceiptEntry, int(a["receipt"]))


def _pledge(session: Session, a: _Arguments) -> PledgeEntry:
    return session.get_one(PledgeEntry, int(a["pledge"]))


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("WarehouseReceipts", "ReceiptIssued"): _issued,
    ("WarehouseReceipts", "ReceiptVerified"): _verified,
    ("WarehouseReceipts", "ReceiptSplit"): _split,
    ("WarehouseReceipts", "ReceiptTransferred"): _transferred,
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
