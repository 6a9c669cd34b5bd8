"""What a node writes down: the heads and entries that it signed, dissents, and the other nodes' status."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, insert
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import EMPTY_ROOT
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import NotAllowedNow
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.quorum.peers import Peer
from counterfoil.oracle.rules.faults.proposal import RECORD_USED_TWICE
from counterfoil.oracle.rules.figures import decode_figures
from counterfoil.oracle.rules.judging.proposal import HeadProposal, Proposal
from counterfoil.oracle.rules.judging.verdict import AnchoredState, Dissents
from counterfoil.oracle.status.quorum_state import quorum_of
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.head_tables import BatchFigures
from counterfoil.oracle.store.quorum_tables import Dissent, OracleNode, SignedEntry, SignedHead

_READ = 500


class SigningBook:
    """The node's own tables in *engine*; each method is one database transaction."""

    def __init__(self, engine: Engine, chain_id: int, anchor: str, calls: str) -> None:
        self.engine = engine
        self.reads = engine.execution_options(reads_only=True)
        self.chain_id = chain_id
        self.anchor = anchor
        self.calls = calls

    # ---- the chain, as read here

    def quorum(self) -> tuple[list[str], int]:
        """The signers, ascending, and the threshold; none before the chain was read."""
        with Session(self.reads) as session:
            return quorum_of(session)

    def newest_head(self) -> AnchoredHeadRow | None:
        """The newest head on chain."""
        with Session(self.reads) as session:
            return session.exec(
                select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.size).desc())
            ).first()

    def standing(self) -> AnchoredState:
        """The newest head and the signers, for a judge."""
        head, (signers, _) = self.newest_head(), self.quorum()
        if head is None:
            return AnchoredState(
                self.chain_id, self.anchor, signers, size=0, root=EMPTY_ROOT, block=0
            )
        root = Digest(from_hex(head.root))
        return AnchoredState(
            self.chain_id, self.anchor, signers, size=head.size, root=root, block=head.block_number
        )

    # ---- heads

    def has_signed(self, digest: bytes) -> bool:
        """Whether this node has signed the head with this digest."""
        with Session(self.reads) as session:
            return session.get(SignedHead, to_hex(digest)) is not None

    def note_head(self, proposal: HeadProposal) -> None:
        """Write down that this node signs *proposal*'s head; to be called before the signature leaves."""
        head, figures = proposal.head, proposal.figures
        with Session(self.engine) as session:
            session.merge(
                SignedHead(
                    digest=to_hex(proposal.digest),
                    size=head.size,
                    root=to_hex(head.root),
                    state=to_hex(head.state),
                    figures=to_hex(figures.digest),
                    annex=to_hex(proposal.annex),
                    previous_size=proposal.previous.size,
                    previous_root=to_hex(proposal.previous.root),
                    signed_ms=now_ms(),
                )
            )
            session.merge(BatchFigures(digest=to_hex(figures.digest), figures=figures.encode()))
            session.commit()

    def signed_over(self, now: AnchoredState) -> HeadProposal | None:
        """The largest head that this node has signed over the newest anchored one; it is proposed again."""
        with Session(self.reads) as session:
            found = session.exec(
                select(SignedHead, BatchFigures.figures)
                .join(BatchFigures, col(BatchFigures.digest) == col(SignedHead.figures))
                .where(
                    SignedHead.previous_size == now.size,
                    SignedHead.previous_root == to_hex(now.root),
                )
                .order_by(col(SignedHead.size).desc())
            ).first()
        if found is None:
            return None
        row, figures = found
        root, state = (Digest(from_hex(text)) for text in (row.root, row.state))
        return HeadProposal(
            self.chain_id,
            self.anchor,
            head=Head(row.size, root, state),
            figures=decode_figures(figures),
            annex=Digest(from_hex(row.annex)),
            previous=Head(now.size, now.root, Digest(bytes(32))),
        )

    # ---- calls

    def note_entries(self, batch: bytes, entries: Sequence[int]) -> None:
        """Write down that this node signs *batch* with these records; each is in no other batch.

        Raises:
            Dissents: a record is in another batch.
        """
        with Session(self.engine) as session:
            known: set[int] = set()
            for start in range(0, len(entries), _READ):
                query = select(SignedEntry).where(
                    col(SignedEntry.log_index).in_(entries[start : start + _READ])
                )
                for row in session.exec(query.order_by(col(SignedEntry.log_index))):
                    if row.batch != to_hex(batch):
                        why = f"record {row.log_index} is shared out in batch {row.batch} already"
                        raise Dissents(RECORD_USED_TWICE, why, row.log_index)
                    known.add(row.log_index)
            new = [{"log_index": i, "batch": to_hex(batch)} for i in entries if i not in known]
            if new:
                session.execute(insert(SignedEntry), new)
            session.commit()

    # ---- dissents and nodes

    def note_dissent(self, proposal: Proposal, proposer: str, node: str, why: Dissents) -> None:
        """Write down that *node* did not sign *proposal*, and why; a repeat adds to its count."""
        is_head = isinstance(proposal, HeadProposal)
        self._note(
            kind="head" if is_head else "call",
            subject=proposal.digest,
            size=proposal.head.size if isinstance(proposal, HeadProposal) else None,
            proposer=proposer,
            node=node,
            why=why,
        )

    def note_malformed(
        self, kind: str, message: bytes, proposer: str, node: str, why: Dissents
    ) -> None:
        """The same for a *message* that is no proposal: by its own SHA-256, as it has no digest to sign."""
        self._note(
            kind=kind,
            subject=sha256(message).digest(),
            size=None,
            proposer=proposer,
            node=node,
            why=why,
        )

    def _note(
        self, kind: str, subject: bytes, size: int | None, proposer: str, node: str, why: Dissents
    ) -> None:
        named = to_hex(subject)
        with Session(self.engine) as session:
            row = session.exec(
                select(Dissent).where(
                    Dissent.subject == named, Dissent.node == node, Dissent.code == why.code
                )
            ).first()
            if row is None:
                row = Dissent(
                    kind=kind,
                    subject=named,
                    size=size,
                    proposer=proposer,
                    node=node,
                    code=why.code,
                    detail="",
                    times=0,
                    first_ms=now_ms(),
                    last_ms=0,
                )
            row.detail, row.log_index = str(why)[:1_000], why.log_index
            row.times += 1
            row.last_ms = now_ms()
            session.add(row)
            session.commit()

    def list_nodes(self, peers: Sequence[Peer], own: str) -> None:
        """Make the table of nodes hold *peers* and no other node."""
        with Session(self.engine) as session:
            known = {row.address: row for row in session.exec(select(OracleNode))}
            for address, row in known.items():
                if address not in {peer.address for peer in peers}:
                    session.delete(row)
            for peer in peers:
                row = known.get(peer.address) or OracleNode(
                    address=peer.address, name=peer.name, url=peer.url
                )
                row.name, row.url, row.is_self = peer.name, peer.url, peer.address == own
                session.add(row)
            session.commit()

    def note_node(self, address: str, found: dict[str, Any] | None, error: str | None) -> None:
        """Write down a node's status, or why there was no response."""
        with Session(self.engine) as session:
            row = session.get(OracleNode, address)
            if row is None:
                raise NotAllowedNow(f"{address} is no node of this quorum")
            row.error = error
            if found is not None:
                row.records, row.anchored = int(found["records"]), int(found["anchored"])
                row.refusal, row.answered_ms = found["refusal"], now_ms()
            session.add(row)
            session.commit()
