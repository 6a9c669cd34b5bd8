"""The quorum's status by one node's database: who signs, how far each node is, who dissented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.tables import EventRow
from counterfoil.oracle.status.rota import Turn, newest_heads, next_turn, turns_of
from counterfoil.oracle.store.quorum_tables import Dissent, OracleNode


def quorum_of(session: Session) -> tuple[list[str], int]:
    """The signers, ascending, and the threshold, by the newest event; ([], 0) before the first."""
    event = session.exec(
        select(EventRow)
        .where(EventRow.contract == "RecordAnchor", EventRow.name == "QuorumChanged")
        .order_by(col(EventRow.id).desc())
    ).first()
    if event is None:
        return [], 0
    arguments: dict[str, Any] = event.arguments
    return list(arguments["signers"]), int(arguments["threshold"])


@dataclass(frozen=True)
class QuorumState:
    """The signers (ascending) and the threshold on chain, the nodes, and dissents, the newest first.

    ``turn`` is the signer that proposes the next head first, ``turns`` the turns of the newest heads.
    """

    signers: list[str]
    threshold: int
    nodes: list[OracleNode]
    dissents: list[Dissent]
    turn: str | None
    turns: list[Turn]


def quorum_state(
    engine: Engine,
    most_dissents: int = 20,
    size: int | None = None,
    client: ChainClient | None = None,
) -> QuorumState:
    """What the database behind *engine* says; with *size*, only the dissents on heads of that size.

    Who sent each head is known only when *client*'s node responds. An oracle of one process has no nodes.
    """
    dissents = select(Dissent).order_by(col(Dissent.last_ms).desc(), col(Dissent.id).desc())
    if size is not None:
        dissents = dissents.where(Dissent.size == size)
    with Session(engine.execution_options(reads_only=True), expire_on_commit=False) as session:
        signers, threshold = quorum_of(session)
        nodes = session.exec(select(OracleNode).order_by(OracleNode.name)).all()
        found = session.exec(dissents.limit(most_dissents)).all()
        turn = next_turn(session, signers)
        heads = newest_heads(session)
    turns = turns_of(heads, signers, client)  # the node is asked, with no session open
    return QuorumState(
        signers, threshold, nodes=list(nodes), dissents=list(found), turn=turn, turns=turns
    )
