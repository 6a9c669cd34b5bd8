"""A proposed head, judged by a node's own copy of the log: each check fails alone, and says which."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address

from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.fault import Code
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.record.identity import Digest
from counterfoil.oracle.errors import RecordRefused
from counterfoil.oracle.rules.figures import DeviceFigures, Figures
from counterfoil.oracle.rules.judging.head import judge_head
from counterfoil.oracle.rules.judging.proposal import HeadProposal
from counterfoil.oracle.rules.judging.verdict import AnchoredState, Dissents, NotYet

ANCHOR, ELSEWHERE = (to_checksum_address("0x" + digit * 40) for digit in "ab")
SIGNER, STRANGER = (LocalSigner(Account.from_key(bytes([n]) * 32)) for n in (7, 8))


def digest(number: int) -> Digest:
    return Digest(bytes([number]) * 32)


ROOT, STATE_ROOT, ANNEX = digest(1), digest(2), digest(3)
FIGURES = Figures(
    previous_size=2,
    size=4,
    block=7,
    projects=(),
    devices=(DeviceFigures(bytes(32), records=2, intervals=0, energy_wh=0),),
)
PREVIOUS = Head(2, digest(5), digest(0))
STATE = AnchoredState(
    31_337, anchor=ANCHOR, signers=[SIGNER.address], size=2, root=PREVIOUS.root, block=7
)


@dataclass
class Computed:
    root: Digest = ROOT
    state: Digest = STATE_ROOT
    figures: Figures = FIGURES
    annex: Digest = ANNEX


@dataclass
class Copy:
    """A node's own copy of four records."""

    size: int = 4
    read_to: int = 9
    closed: int | None = None
    head: Computed = field(default_factory=Computed)

    def newest_block(self) -> int:
        return self.read_to

    def first_closed(self, first: int, end: int) -> int | None:
        return self.closed if self.closed is not None and first <= self.closed < end else None

    def place(self, log_index: int) -> str:
        return f"place {log_index}"

    def compute(self, previous: int, size: int, block: int) -> Computed:
        assert (previous, size) == (2, 4)
        return self.head

    def leaves(self, first: int, end: int) -> list[Digest]:
        return [digest(100 + n) for n in range(first, end)]


def proposal(signer: LocalSigner = SIGNER, **change: Any) -> HeadProposal:
    plain = HeadProposal(
        chain_id=31_337,
        anchor=ANCHOR,
        head=Head(4, ROOT, STATE_ROOT),
        figures=FIGURES,
        annex=ANNEX,
        previous=PREVIOUS,
    )
    plain = replace(plain, **change)
    return replace(plain, signature=signer.sign_digest(plain.digest))


def judge(
    made: HeadProposal,
    copy: Copy | None = None,
    now: AnchoredState = STATE,
    refusal: RecordRefused | None = None,
    leaves: tuple[int, ...] = (102, 103),
    sender: str = SIGNER.address,
) -> None:
    judge_head(
        made,
        sender,
        now,
        log_copy=copy or Copy(),
        refusal=refusal,
        their_leaves=lambda: [digest(n) for n in leaves],
    )


def dissent(made: HeadProposal, *args: Any, **more: Any) -> tuple[str, int | None]:
    with pytest.raises(Dissents) as caught:
        judge(made, *args, **more)
    return str(caught.value.code), caught.value.log_index


def not_yet(made: HeadProposal, *args: Any, **more: Any) -> str:
    with pytest.raises(NotYet) as caught:
        judge(made, *args, **more)
    return str(caught.value.code)


def test_a_true_head_is_signed() -> None:
    judge(proposal())
    first = Head(0, digest(9), digest(9))
    figures = replace(FIGURES, previous_size=0)
    copy = Copy(head=Computed(figures=figures))
    copy.compute = lambda *_: copy.head  # type: ignore[method-assign]
    judge(proposal(previous=first, figures=figures), copy, now=replace(STATE, size=0))


def test_it_is_for_this_chain_and_anchor_by_a_signer_who_sends_it() -> None:
    assert dissent(proposal(chain_id=1))[0] == "proposal.wrong_chain"
    assert dissent(proposal(anchor=ELSEWHERE))[0] == "proposal.wrong_chain"
    with pytest.raises(Dissents, match="signed by"):
        judge(proposal(STRANGER))
    with pytest.raises(Dissents, match="none of the quorum's signers"):
        judge(proposal(STRANGER), sender=STRANGER.address)


def test_it_extends_the_newest_anchored_head() -> None:
    for now in (replace(STATE, size=3), replace(STATE, root=digest(8))):
        assert not_yet(proposal(), now=now) == "quorum.previous_differs"


def test_its_block_is_no_older_than_the_heads_and_was_read_here() -> None:
    older = replace(FIGURES, block=6)
    assert dissent(proposal(figures=older))[0] == "proposal.block_too_old"
    judge(proposal(), Copy(read_to=7))
    assert not_yet(proposal(), Copy(read_to=6)) == "quorum.block_not_read"


def test_every_record_is_in_the_copy_and_its_key_may_sign_it() -> None:
    assert not_yet(proposal(), Copy(size=3)) == "quorum.behind"
    refused = RecordRefused(3, Code("record.signature_invalid"), "forged")
    code, index = dissent(proposal(), Copy(size=3), refusal=refused)
    assert (code, index) == ("record.refused", 3)
    elsewhere = RecordRefused(9, Code("record.signature_invalid"), "forged")
    assert not_yet(proposal(), Copy(size=3), refusal=elsewhere) == "quorum.behind"
    with pytest.raises(Dissents, match="record 3, place 3: its key may not sign it") as caught:
        judge(proposal(), Copy(closed=3))
    assert caught.value.log_index == 3
    judge(proposal(), Copy(closed=1))


def test_root_state_figures_and_annex_are_the_nodes_own() -> None:
    for copy, code in (
        (Computed(state=digest(9)), "head.state_differs"),
        (Computed(figures=replace(FIGURES, devices=())), "head.figures_differ"),
        (Computed(annex=digest(9)), "head.annex_differs"),
    ):
        assert dissent(proposal(), Copy(head=copy)) == (code, None)


def test_another_root_names_the_first_record_that_differs() -> None:
    copy = Copy(head=Computed(root=digest(9)))
    assert dissent(proposal(), copy, leaves=(102, 99)) == ("head.root_differs", 3)
    for leaves, words in (
        ((102,), "the sender shows 1 leaves"),
        ((102, 103), "the sender's own leaves don't give it"),
    ):
        with pytest.raises(Dissents, match=words):
            judge(proposal(), copy, leaves=leaves)
