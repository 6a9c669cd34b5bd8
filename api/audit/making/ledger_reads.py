"""What a bundle needs of ``oracle.db``: heads, a project's events, and the facts of distributions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.rows import all_rows
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.tables import EventRow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.store.revenue_tables import Distribution


def anchored_heads(engine: Engine) -> Sequence[AnchoredHeadRow]:
    """Return every anchored head, ascending by size."""
    return all_rows(engine, AnchoredHeadRow, order=col(AnchoredHeadRow.size))


def split_events(engine: Engine, project_hash: str) -> list[EventRow]:
    """Return a project's events in order: terms set, revenue distributed, rests given out."""
    rest = to_hex(b"\x00" * 16) + "%"  # the batch of a rest is its version's number
    arguments = EventRow.arguments
    with Session(engine, expire_on_commit=False) as session:
        return list(
            session.exec(
                select(EventRow)
                .where(
                    EventRow.contract == "RevenueSplit",
                    col(EventRow.name).in_(("TermsSet", "Distributed"))
                    | (col(EventRow.name) == "Credited")
                    & col(arguments)["batch"].as_string().like(rest),
                    col(arguments)["project"].as_string() == project_hash,
                )
                .order_by(col(EventRow.block_number), col(EventRow.log_index))
            )
        )


def facts_of(engine: Engine, project: str) -> dict[str, bytes]:
    """Return the facts of a project's distributions that were decided here, by batch."""
    rows = all_rows(
        engine, Distribution, Distribution.project == project, order=col(Distribution.batch)
    )
    return {row.batch: row.facts for row in rows}
