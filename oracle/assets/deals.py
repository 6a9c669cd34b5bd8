"""Deals and discounts, made of the events of Settlement; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from counterfoil.chain.tables import ChainEvent
from counterfoil.oracle.assets import Handler
from counterfoil.oracle.store.asset_tables import DealEntry, DiscountEntry

_Arguments = Mapping[str, Any]


def _deal(status: str) -> Handler:
    def handler(session: Session, event: ChainEvent, a: _Arguments) -> None:
        session.merge(
            DealEntry(
                deal=a["deal"],
                by=a["by"],
                status=status,
                block_number=event.block_number,
                transaction_hash=event.transaction_hash,
            )
        )

    return handler


def _discounted(session: Session, event: ChainEvent, a: _Arguments) -> None:
    session.merge(
        DiscountEntry(
            part=int(a["part"]),
            amount_minor=int(a["amount"]),
            rate_ppm=int(a["ratePpm"]),
            from_date=int(a["from"]),
            to_date=int(a["to"]),
            price_minor=int(a["price"]),
            rest=str(a["rest"]),
            transaction_hash=event.transaction_hash,
        )
    )


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("Settlement", "DealSettled"): _deal("settled"),
    ("Settlement", "DealRevoked"): _deal("revoked"),
    ("Settlement", "PartDiscounted"): _discounted,
}
