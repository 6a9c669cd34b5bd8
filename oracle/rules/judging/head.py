"""Checks a proposed head, in order, and names the check that fails. No I/O of its own.

The checks:

1. It is for this chain and its RecordAnchor, and signed by the node that sent it, which is one of the signers.
2. It extends the newest anchored head; its registry block is no older than that head's and has been read here.
3. Every record of the batch is in this node's own copy, verified from its bytes, and its key may still sign it.
4. The root over this node's own copy is the proposed one.
5. The state root is the proposed one.
6. The figures are the proposed ones: totals by project and goods, and each machine's activity.
7. The annex is the one that this node computes: a node commits to nothing that it does not know.

A node that can't tell yet raises :class:`NotYet`, and is asked again. A check that fails raises :class:`Dissents`.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Protocol

from counterfoil.gateway.errors import KeyRevokedError, RecordError
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import RecordRefused
from counterfoil.oracle.rules.faults.proposal import (
    ANNEX_DIFFERS,
    BEHIND,
    BLOCK_NOT_READ,
    BLOCK_TOO_OLD,
    FIGURES_DIFFER,
    PREVIOUS_DIFFERS,
    ROOT_DIFFERS,
    STATE_DIFFERS,
    WRONG_CHAIN,
)
from counterfoil.oracle.rules.figures import Figures, differences
from counterfoil.oracle.rules.judging.proposal import HeadProposal
from counterfoil.oracle.rules.judging.verdict import AnchoredState, Dissents, NotYet, check_sender


class OwnHead(Protocol):
    """A head as computed from this node's own copy."""

    @property
    def root(self) -> Digest: ...
    @property
    def state(self) -> Digest: ...
    @property
    def figures(self) -> Figures: ...
    @property
    def annex(self) -> Digest: ...


class OwnLog(Protocol):
    """This node's own copy of the log."""

    @property
    def size(self) -> int: ...
    def newest_block(self) -> int: ...
    def first_closed(self, first: int, end: int) -> int | None: ...
    def place(self, log_index: int) -> str: ...
    def compute(self, previous: int, size: int, block: int) -> OwnHead: ...
    def leaves(self, first: int, end: int) -> list[Digest]: ...


def judge_head(
    proposal: HeadProposal,
    sender: str,
    now: AnchoredState,
    log_copy: OwnLog,
    refusal: RecordRefused | None,
    their_leaves: Callable[[], list[Digest]],
) -> None:
    """Return when the head that *sender* proposes follows from this node's own copy.

    *refusal* is why the copy has stopped, if so. *their_leaves* asks the sender for its leaf hashes of the batch.

    Raises:
        NotYet: this node can't tell now.
        Dissents: a check failed.
    """
    # 1
    if (proposal.chain_id, proposal.anchor) != (now.chain_id, now.anchor):
        raise Dissents(WRONG_CHAIN, f"for {proposal.anchor} on chain {proposal.chain_id}")
    check_sender(proposal, sender, now.signers)
    # 2
    previous = proposal.previous
    if previous.size != now.size or (previous.size and previous.root != now.root):
        raise NotYet(
            PREVIOUS_DIFFERS,
            f"it extends {previous.size}, the newest anchored head is {now.size}",
        )
    if proposal.figures.block < now.block:
        raise Dissents(BLOCK_TOO_OLD, f"block {proposal.figures.block}, the head's {now.block}")
    if proposal.figures.block > log_copy.newest_block():
        raise NotYet(BLOCK_NOT_READ, f"block {proposal.figures.block} is not read here yet")
    # 3
    head = proposal.head
    if head.size > log_copy.size:
        if refusal is not None and refusal.log_index == log_copy.size:
            raise Dissents(RecordError.code, str(refusal), refusal.log_index)
        raise NotYet(BEHIND, f"the copy has {log_copy.size} records")
    closed = log_copy.first_closed(previous.size, head.size)
    if closed is not None:
        where = f"record {closed}, {log_copy.place(closed)}: its key may not sign it"
        raise Dissents(RecordError.code, f"{KeyRevokedError.code}: {where}", closed)
    mine = log_copy.compute(previous.size, head.size, proposal.figures.block)
    # 4
    if mine.root != head.root:
        raise _named(proposal, log_copy, mine.root, their_leaves)
    # 5
    if mine.state != head.state:
        raise Dissents(STATE_DIFFERS, f"{head.state.hex()}, here {mine.state.hex()}")
    # 6
    if mine.figures.encode() != proposal.figures.encode():
        words = "; ".join(islice(differences(mine.figures, proposal.figures), 5))
        raise Dissents(FIGURES_DIFFER, words or "they are in another order")
    # 7
    if mine.annex != proposal.annex:
        raise Dissents(ANNEX_DIFFERS, f"{proposal.annex.hex()}, here {mine.annex.hex()}")


def _named(
    proposal: HeadProposal,
    log_copy: OwnLog,
    root: Digest,
    their_leaves: Callable[[], list[Digest]],
) -> Dissents:
    """The dissent on a root that differs; it names the first such record if the sender returns its leaves."""
    start, size = proposal.previous.size, proposal.head.size
    says = f"root {proposal.head.root.hex()}, here {root.hex()}"
    theirs = their_leaves()
    pairs = zip(theirs, log_copy.leaves(start, size), strict=False)
    at = next((n for n, (there, here) in enumerate(pairs, start) if there != here), None)
    if at is None and len(theirs) < size - start:
        return Dissents(ROOT_DIFFERS, f"{says}; the sender shows {len(theirs)} leaves")
    if at is None:
        return Dissents(ROOT_DIFFERS, f"{says}; the sender's own leaves don't give it")
    return Dissents(ROOT_DIFFERS, f"record {at} is another one, here {log_copy.place(at)}", at)
