"""What a bundle needs of ``oracle.db``: heads, a project's events, and the facts of distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.rows import all_rows
from counterfoil.api.audit.verification.bundle import InvestorFact, PoolFact
from counterfoil.chain.hexadecimal import from_any_hex
from counterfoil.chain.tables import EventRow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.store.revenue_tables import Distribution


def anchored_heads(engine: Engine) -> Sequence[AnchoredHeadRow]:
    """Return every anchored head, ascending by size."""
    return all_rows(engine, AnchoredHeadRow, order=col(AnchoredHeadRow.size))


def split_events(engine: Engine, project_hash: str) -> list[EventRow]:
    """Return a project's events in order: terms set, revenue distributed, pools taken of and ended."""
    names = ("TermsSet", "Distributed", "PoolTaken", "PoolEnded")
    return _events(engine, names=names, project=project_hash)


def assignment_events(engine: Engine, device_hash: str) -> list[EventRow]:
    """Return a device's registration and its assignments to projects, in order."""
    names = ("DeviceRegistered", "DeviceAssigned")
    return _events(engine, names=names, contract="DeviceRegistry", device=device_hash)


def pool_lists(engine: Engine, project_hash: str) -> list[PoolFact]:
    """Return a project's pools that have all their investors."""
    pieces: dict[bytes, list[list[InvestorFact]]] = {}
    complete: list[bytes] = []
    for event in _events(engine, names=("InvestorsAdded",), project=project_hash):
        a: Mapping[str, Any] = event.arguments
        account = from_any_hex(a["pool"])
        piece = [InvestorFact(from_any_hex(i["account"]), int(i["weight"])) for i in a["piece"]]
        pieces.setdefault(account, []).append(piece)
        if not any(from_any_hex(a["next"])):
            complete.append(account)
    return [PoolFact(account, pieces[account]) for account in complete]


def _events(
    engine: Engine, names: Sequence[str], contract: str = "RevenueSplit", **subject: str
) -> list[EventRow]:
    """Return the events of these *names*, one argument of which is the *subject*."""
    ((argument, value),) = subject.items()
    with Session(engine, expire_on_commit=False) as session:
        return list(
            session.exec(
                select(EventRow)
                .where(
                    EventRow.contract == contract,
                    col(EventRow.name).in_(names),
                    col(EventRow.arguments)[argument].as_string() == value,
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
