"""Judges another node's proposal against this node's own copy, and signs it or says why not.

Rules that this module keeps:

- What is signed is written down first, so a signature that left is known here after any crash.
- A head that was signed before is signed again without being computed again.
- A node that can't tell yet waits a few seconds for its own copy and its own chain node, and then says so.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_fixed,
)

from counterfoil.chain.keys.signer import Signer
from counterfoil.gateway.record.identity import Digest
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import GatewayNotThere, InputMalformed
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.heads.log_reader import LogReader
from counterfoil.oracle.quorum.peers import Peer
from counterfoil.oracle.quorum.signing_book import SigningBook
from counterfoil.oracle.rules.faults.proposal import MALFORMED
from counterfoil.oracle.rules.judging.call import CallJudge
from counterfoil.oracle.rules.judging.head import judge_head
from counterfoil.oracle.rules.judging.proposal import CallProposal, HeadProposal, Proposal
from counterfoil.oracle.rules.judging.verdict import Dissents, NotYet

_Proposal = TypeVar("_Proposal", HeadProposal, CallProposal)
log = get_logger("oracle.node")

_WAIT_S = 3.0
_LOOK_S = 0.1

Leaves = Callable[[Peer, int, int], list[Digest]]
"""A peer's leaf hashes from one log index up to another; fewer, or none, when it does not return them."""


class Cosigner:
    """Signs the proposals that this node finds true."""

    def __init__(
        self,
        books: SigningBook,
        believed: BelievedLog,
        reader: LogReader,
        calls: CallJudge,
        signer: Signer,
        leaves: Leaves,
    ) -> None:
        self._books = books
        self._believed = believed
        self._reader = reader
        self._calls = calls
        self._signer = signer
        self._leaves = leaves
        self._judging_calls = threading.Lock()

    def sign_head(self, proposal: HeadProposal, sender: Peer) -> bytes:
        """This node's signature over *proposal*'s head.

        Raises:
            NotYet: this node can't tell now.
            Dissents: the head is not true; the dissent is written down.
        """
        self._until_told(proposal, sender, lambda: self._judge_head(proposal, sender))
        self._books.note_head(proposal)
        return self._signer.sign_digest(proposal.digest)

    def sign_call(self, proposal: CallProposal, sender: Peer) -> bytes:
        """This node's signature over *proposal*'s call.

        Raises:
            NotYet: this node can't tell now.
            Dissents: the call is not right; the dissent is written down.
        """

        def judge() -> None:
            with self._judging_calls:
                facts = self._calls.judge(proposal, sender.address, self._books.standing())
                self._books.note_entries(proposal.label, [index for index, _, _ in facts.entries])

        self._until_told(proposal, sender, judge)
        return self._signer.sign_digest(proposal.digest)

    def read(
        self, kind: str, decode: Callable[[bytes], _Proposal], message: bytes, sender: Peer
    ) -> _Proposal:
        """The proposal of this *kind* (``head`` or ``call``) that *message* is.

        Raises:
            Dissents: it is none, or has a field of another type or range; the dissent is written down.
        """
        try:
            return decode(message)
        except InputMalformed as failure:
            why = Dissents(MALFORMED, str(failure))
            log.warning("dissents", proposer=sender.name, code=why.code, why=str(why))
            self._books.note_malformed(
                kind=kind,
                message=message,
                proposer=sender.address,
                node=self._signer.address,
                why=why,
            )
            raise why from failure

    def _judge_head(self, proposal: HeadProposal, sender: Peer) -> None:
        now, previous = self._books.standing(), proposal.previous
        extends = (previous.size, previous.root) == (now.size, now.root)
        if extends and self._books.has_signed(proposal.digest):
            return

        def their_leaves() -> list[Digest]:
            return self._leaves(sender, previous.size, proposal.head.size)

        refusal = self._reader.refusal
        judge_head(
            proposal,
            sender=sender.address,
            now=now,
            log_copy=self._believed,
            refusal=refusal,
            their_leaves=their_leaves,
        )

    def _until_told(self, proposal: Proposal, sender: Peer, judge: Callable[[], None]) -> None:
        def copy_more(_: RetryCallState) -> None:
            with contextlib.suppress(GatewayNotThere):
                self._reader.step()

        again = Retrying(
            retry=retry_if_exception_type(NotYet),
            before_sleep=copy_more,
            wait=wait_fixed(_LOOK_S),
            stop=stop_after_delay(_WAIT_S),
            reraise=True,
        )
        try:
            again(judge)
        except Dissents as why:
            log.warning("dissents", proposer=sender.name, code=why.code, why=str(why))
            self._books.note_dissent(
                proposal, proposer=sender.address, node=self._signer.address, why=why
            )
            raise
