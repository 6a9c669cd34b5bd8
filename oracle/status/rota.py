"""Whose turn each head began with, who sent it (so a turn that was taken over shows), and whose turn is next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.rules.judging.turn import turn_of


@dataclass(frozen=True)
class Turn:
    """An anchored head: the signer whose turn it began with, and who sent it (None when not known)."""

    number: int
    size: int
    turn: str
    sent_by: str | None

    @property
    def taken_over(self) -> bool | None:
        """Whether another signer sent it; None when it is not known who did."""
        return None if self.sent_by is None else self.sent_by != self.turn


def next_turn(session: Session, signers: Sequence[str]) -> str | None:
    """The signer that proposes the next head first; None when there are no signers."""
    newest = session.exec(
        select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.number).desc())
    ).first()
    number = 0 if newest is None else newest.number + 1
    return turn_of(signers, number, waited_ms=0, round_ms=1) if signers else None


def newest_heads(session: Session, most: int = 10) -> Sequence[AnchoredHeadRow]:
    """The newest *most* heads, the newest first."""
    query = select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.number).desc()).limit(most)
    return session.exec(query).all()


def turns_of(
    heads: Sequence[AnchoredHeadRow], signers: Sequence[str], client: ChainClient | None = None
) -> list[Turn]:
    """The turns of *heads*, by today's signers; *client*'s node is asked, so the session behind them is closed."""
    if not signers:
        return []
    senders = _senders(client, [head.transaction_hash for head in heads])
    return [
        Turn(
            head.number,
            head.size,
            turn=turn_of(signers, head.number, waited_ms=0, round_ms=1),
            sent_by=sent_by,
        )
        for head, sent_by in zip(heads, senders, strict=True)
    ]


def _senders(client: ChainClient | None, hashes: Sequence[str]) -> list[Address | None]:
    """Who sent each transaction, by the node; None when it does not say."""
    if client is None:
        return [None for _ in hashes]
    try:
        responses = client.rpc_batch([("eth_getTransactionByHash", [h]) for h in hashes])
        found = [response.unwrap() for response in responses]
    except ChainError:
        return [None for _ in hashes]
    return [Address(one["from"]) if one else None for one in found]
