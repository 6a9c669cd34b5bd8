"""How far records, heads and money have come."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Engine, func
from sqlmodel import Session, select

from counterfoil.chain.client import ChainClient
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow


def status(
    engine: Engine, store: GatewayStore, client: ChainClient | None = None
) -> dict[str, object]:
    """How far records, heads and money have come; of a quorum also who sent each head, if *client* responds."""
    with Session(engine.execution_options(reads_only=True)) as session:
        anchored = session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0
    quorum = _quorum_words(engine, client)
    counts = {"records": store.size(), "anchored": anchored, "refused": store.refused_count()}
    return counts | quorum


def _quorum_words(engine: Engine, client: ChainClient | None) -> dict[str, object]:
    """Who signs, each node's status, and the newest dissents; empty for an oracle of one process."""
    from counterfoil.oracle.status.quorum_state import quorum_state

    state = quorum_state(engine, client=client)
    if not state.nodes:
        return {}
    return {
        "quorum": {
            "signers": state.signers,
            "threshold": state.threshold,
            "turn": state.turn,
            "turns": [asdict(turn) | {"taken_over": turn.taken_over} for turn in state.turns],
            "nodes": [row.model_dump() for row in state.nodes],
            "dissents": [row.model_dump(exclude={"id"}) for row in state.dissents],
        }
    }
