"""Deals and discounts, made of the events of Settlement; handlers never commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import ChainKey, ChainMinor
from counterfoil.oracle.store.table import OracleTable


class DealRow(OracleTable, table=True):
    """Projected: a deal or a quote that was settled, or revoked by ``by``."""

    __tablename__ = "deal"

    deal: str = Field(primary_key=True)
    by: Address = Field(primary_key=True, sa_type=AddressColumn)
    status: str
    block_number: int
    transaction_hash: str


class DiscountRow(OracleTable, table=True):
    """Projected: a part sold below its amount; ``rest`` is the numerator left by rounding, as text."""

    __tablename__ = "discount"

    part: ChainKey
    amount_minor: ChainMinor
    rate_ppm: int
    from_date: int
    to_date: int
    price_minor: ChainMinor
    rest: str
    transaction_hash: str


_Arguments = Mapping[str, Any]


def _deal(status: str) -> Handler:
    def handler(session: Session, event: EventRow, a: _Arguments) -> None:
        session.merge(
            DealRow(
                deal=a["deal"],
                by=a["by"],
                status=status,
                block_number=event.block_number,
                transaction_hash=event.transaction_hash,
            )
        )

    return handler


def _discounted(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        DiscountRow(
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
