"""How the quorum is doing, as one node's database has it: who signs, how far each node is, who dissented."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from counterfoil.oracle.node.books import quorum_of
from counterfoil.oracle.store.tables import Dissent, OracleNode


@dataclass(frozen=True)
class QuorumState:
    """The signers (ascending) and the threshold on chain, the nodes, and dissents, the newest first."""

    signers: list[str]
    threshold: int
    nodes: list[OracleNode]
    dissents: list[Dissent]


def quorum_state(session: Session, most_dissents: int = 20, size: int | None = None) -> QuorumState:
    """What the database behind *session* says; with *size*, only the dissents on heads of that size.

    Where one process is the oracle there are no nodes.
    """
    signers, threshold = quorum_of(session)
    nodes = session.exec(select(OracleNode).order_by(OracleNode.name)).all()
    dissents = select(Dissent).order_by(col(Dissent.last_ms).desc(), col(Dissent.id).desc())
    if size is not None:
        dissents = dissents.where(Dissent.size == size)
    found = session.exec(dissents.limit(most_dissents)).all()
    return QuorumState(signers, threshold, list(nodes), list(found))
