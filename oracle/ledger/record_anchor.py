"""Anchored heads, made of the events of RecordAnchor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlmodel import Field, Session

from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import Count
from counterfoil.oracle.store.integers import BIG
from counterfoil.oracle.store.table import OracleTable

_Arguments = Mapping[str, Any]


class AnchoredHeadRow(OracleTable, table=True):
    """Projected: a head on the chain."""

    __tablename__ = "anchored_head"

    size: int = Field(primary_key=True, sa_type=BIG)
    number: int
    root: str
    state: str
    figures: str = ""
    annex: str = to_hex(bytes(32))
    previous_size: Count = 0
    block_number: int
    block_hash: str
    transaction_hash: str


def _anchored(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        AnchoredHeadRow(
            size=int(a["size"]),
            number=int(a["index"]),
            root=a["root"],
            state=a["state"],
            figures=a["figures"],
            annex=a["annex"],
            previous_size=int(a["previousSize"]),
            block_number=event.block_number,
            block_hash=event.block_hash,
            transaction_hash=event.transaction_hash,
        )
    )


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("RecordAnchor", "HeadAnchored"): _anchored,
}
