"""Proposes heads when it is this node's turn, and collects the quorum's signatures for heads and for calls.

Rules that this module keeps:

- The turn follows the head's number. It passes to the next node when the one before sends nothing in its time.
- A node that has signed a head over the newest anchored one proposes that same head again. So a node that takes over
  sends what the last one sent, and the contract takes it once.
- A head is stored with its transaction in one database transaction, once the quorum has signed. Without a quorum
  nothing is sent, and the records wait. A head that the chain refused is signed and sent again, after a pause that
  doubles; the third refusal raises an alarm, for a person.
- One head is under way at a time: the next is proposed once the last one is mined.
- An oracle that signs alone is a quorum of one, without peers: every turn is its own.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.proof.signature import recover
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, enqueue
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.record.identity import Digest
from counterfoil.logs import get_logger
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.quorum.peer_client import Outcome, PeerClient
from counterfoil.oracle.quorum.peers import Peer
from counterfoil.oracle.quorum.signing_book import SigningBook
from counterfoil.oracle.retries import RETRY_MARK, is_due_again, note_refusals, times_asked
from counterfoil.oracle.rules.anchored_head import head_argument
from counterfoil.oracle.rules.facts import decode_facts
from counterfoil.oracle.rules.judging.proposal import CallProposal, HeadProposal, Proposal
from counterfoil.oracle.rules.judging.turn import turn_of
from counterfoil.oracle.rules.judging.verdict import AnchoredState, Dissents
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.head_tables import HeadRow

log = get_logger("oracle.node")

_PAUSE_MS = 1_000
"""How long this node proposes nothing after a quorum that was not reached."""


@dataclass(frozen=True)
class BatchRules:
    """A head is due over *most_records* more records, or *most_ms* after the first one of them was read."""

    most_records: int = 10_000
    most_ms: int = 1_000


class SignatureCollector:
    """Signs this node's proposals, and asks the other nodes until a quorum has signed."""

    def __init__(self, books: SigningBook, signer: Signer, peer_client: PeerClient) -> None:
        self._books = books
        self._signer = signer
        self._peer_client = peer_client

    def collect(self, path: str, proposal: HeadProposal | CallProposal) -> list[bytes] | None:
        """The quorum's signatures, as many as its threshold, ascending by signer; None when it was not reached."""
        signers, threshold = self._books.quorum()
        own = self._signer.sign_digest(proposal.digest)
        signed: dict[str, bytes] = {self._signer.address: own}
        message = replace(proposal, signature=own)

        def note(peer: Peer, outcome: Outcome) -> None:
            if isinstance(outcome, Dissents):
                log.warning("dissent", node=peer.name, code=outcome.code, why=str(outcome))
                self._books.note_dissent(
                    proposal, proposer=self._signer.address, node=peer.address, why=outcome
                )

        outcomes = self._peer_client.ask(path, message.encode(), note)
        if len(signed) < threshold:
            for peer, outcome in outcomes:
                if isinstance(outcome, bytes):
                    self._take(proposal, peer, signature=outcome, signers=signers, signed=signed)
                elif not isinstance(outcome, Dissents):
                    log.info("not_signed", node=peer.name, code=outcome.code, why=str(outcome))
                if len(signed) >= threshold:
                    break
        if len(signed) < threshold or self._signer.address not in signers:
            log.warning("quorum_not_reached", signatures=len(signed), threshold=threshold)
            return None
        ascending = sorted(signed, key=lambda address: int(address, 16))
        return [signed[address] for address in ascending][:threshold]

    @staticmethod
    def _take(
        proposal: Proposal,
        peer: Peer,
        signature: bytes,
        signers: Sequence[str],
        signed: dict[str, bytes],
    ) -> None:
        if recover(proposal.digest, signature) == peer.address and peer.address in signers:
            signed[peer.address] = signature
        else:
            log.error("signature_not_theirs", node=peer.name)

    def cosign(
        self, target: str, data: bytes, label: bytes, deadline: int, facts: bytes, head_size: int
    ) -> list[bytes] | None:
        """The quorum's signatures over a distribution, or None; this node writes down its records first."""
        books, own = self._books, self._signer.address
        call = CallProposal(
            books.chain_id,
            contract=books.calls,
            target=target,
            data=data,
            label=label,
            deadline=deadline,
            facts=facts,
            head_size=head_size,
        )
        try:
            books.note_entries(label, [index for index, _, _ in decode_facts(facts).entries])
        except Dissents as why:
            books.note_dissent(proposal=call, proposer=own, node=own, why=why)
            return None
        return self.collect("/v1/calls", call)


@dataclass
class Growth:
    """When the log reached which size, as far as it lies beyond the newest head; monotonic, ms."""

    reached: deque[tuple[int, int]] = field(default_factory=deque)

    def since(self, head_size: int, size: int, at: int) -> int | None:
        """Since when records wait beyond the head of *head_size*; None while none does. The log has *size* at *at*."""
        while self.reached and self.reached[-1][0] > size:
            self.reached.pop()
        while self.reached and self.reached[0][0] <= head_size:
            self.reached.popleft()
        if size > max(head_size, self.reached[-1][0] if self.reached else 0):
            self.reached.append((size, at))
        return self.reached[0][1] if self.reached else None


class HeadProposer:
    """Proposes the log's newest head and sends it to the chain, in turn with the other nodes."""

    def __init__(
        self,
        books: SigningBook,
        believed: BelievedLog,
        client: ChainClient,
        signer: Signer,
        collector: SignatureCollector,
        rules: BatchRules,
        round_ms: int,
        on_step: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._books = books
        self._believed = believed
        self._client = client
        self._signer = signer
        self._collector = collector
        self._rules = rules
        self._round_ms = round_ms
        self._on_step = on_step
        self._growth = Growth()
        self._due: tuple[int, int] | None = None
        """The newest head's size, and since when the next one is due."""
        self._not_before_ms = 0

    def step(self) -> bool:
        """Propose a head if one is due and it is this node's turn; return True when the quorum signed it."""
        newest = self._books.newest_head()
        number = 0 if newest is None else newest.number + 1
        now = self._books.standing()
        if now.size != (0 if newest is None else newest.size) or not self._is_my_turn(now, number):
            return False
        if not self._may_be_sent(now.size):
            return False
        proposal = self._books.signed_over(now) or self._new(now)
        if proposal is None or proposal.head.size > self._believed.size:
            return False
        self._books.note_head(proposal)
        self._on_step("before_collect")
        signatures = self._collector.collect("/v1/heads", proposal)
        self._on_step("after_collect")
        if signatures is None:
            self._not_before_ms = _now() + _PAUSE_MS
            return False
        self._store(proposal, signatures)
        self._on_step("after_head")
        log.info("head_signed", size=proposal.head.size, root=proposal.head.root.hex()[:16])
        return True

    def _is_my_turn(self, now: AnchoredState, number: int) -> bool:
        size, at = self._believed.size, _now()
        since = self._growth.since(now.size, size, at)
        if since is None or self._signer.address not in now.signers:
            self._due = None
            return False
        if self._due is None or self._due[0] != now.size:
            is_full = size - now.size >= self._rules.most_records
            if not is_full and at - since < self._rules.most_ms:
                return False
            self._due = now.size, at
        turn = turn_of(
            signers=list(now.signers),
            number=number,
            waited_ms=at - self._due[1],
            round_ms=self._round_ms,
        )
        return turn == self._signer.address and at >= self._not_before_ms

    def _may_be_sent(self, size: int) -> bool:
        """Whether no head that this node sent over the one of *size* can still be mined, or was refused just now."""
        with Session(self._books.reads) as session:
            sent = session.exec(
                select(TransactionRow)
                .join(HeadRow, col(TransactionRow.id) == col(HeadRow.transaction_id))
                .where(HeadRow.previous_size == size)
            ).all()
            return all(one.status == FAILED and is_due_again(one) for one in sent)

    def _new(self, now: AnchoredState) -> HeadProposal | None:
        size = min(self._believed.size, now.size + self._rules.most_records)
        if self._believed.first_closed(now.size, size) is not None:
            log.error("key_closed", after=now.size)
            return None
        found = self._believed.compute(
            now.size, size, max(now.block, self._believed.newest_block())
        )
        return HeadProposal(
            now.chain_id,
            now.anchor,
            head=Head(size, found.root, found.state),
            figures=found.figures,
            annex=found.annex,
            previous=Head(now.size, now.root, Digest(bytes(32))),
        )

    def _store(self, proposal: HeadProposal, signatures: list[bytes]) -> None:
        head, figures, previous = proposal.head, proposal.figures.digest, proposal.previous
        proof = self._believed.proof(previous.size, head.size)
        stated = head_argument(head, figures, annex=proposal.annex, previous_size=previous.size)
        data = self._client.encode("RecordAnchor", "anchor", stated, proof, signatures)
        key = f"anchor:{head.size}:{head.root.hex()}"
        with Session(self._books.engine) as session:
            known = session.get(HeadRow, head.size)
            if known is not None:
                refused = session.get_one(TransactionRow, known.transaction_id)
                key += f"{RETRY_MARK}{times_asked(refused)}"
                note_refusals(session, refused)
            to = self._client.address_of("RecordAnchor")
            transaction_id = enqueue(
                session, signer=self._signer.address, key=key, to=to, data=data
            )
            session.merge(
                HeadRow(
                    size=head.size,
                    root=to_hex(head.root),
                    state=to_hex(head.state),
                    figures=to_hex(figures),
                    previous_size=previous.size,
                    closed_ms=now_ms(),
                    transaction_id=transaction_id,
                )
            )
            session.commit()


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
