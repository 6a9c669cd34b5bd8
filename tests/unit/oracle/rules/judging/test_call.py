"""A proposed distribution, judged by a node's own records and books: each check fails alone, and says which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from eth_account import Account
from eth_utils.address import to_checksum_address
from support_record import DEVICE, OTHER_DEVICE, SALE, START_MS, chain

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import LocalSigner
from counterfoil.gateway.record.bodies import Body, Refund, Status
from counterfoil.gateway.record.identity import DeviceId, Digest, on_chain_id
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.oracle.rules.facts import Facts, distribution_argument, names_of, tax_minor
from counterfoil.oracle.rules.judging.call import CALL_LIFE_S, CallJudge
from counterfoil.oracle.rules.judging.proposal import CallProposal
from counterfoil.oracle.rules.judging.verdict import AnchoredState, Dissents, NotYet

SPLIT, QUORUM, ELSEWHERE = (to_checksum_address("0x" + digit * 40) for digit in "abc")
SIGNER, STRANGER = (LocalSigner(Account.from_key(bytes([n]) * 32)) for n in (7, 8))
NOW_S = 1_800_000_000
CLOCKS_S = 3_600
MINE, OTHERS = on_chain_id("lakeside"), on_chain_id("hilltop")
DAY = business_date(START_MS)
BODIES: list[Body] = [SALE, Refund(120, "USD", 1, 1), SALE, Status("idle")]
RECORDS = chain(BODIES)
CLIENT = ChainClient("http://127.0.0.1:9")
"""Never asked: it only encodes."""


@dataclass
class Project:
    currency: str = "USD"
    tax_basis_points: int = 600


@dataclass
class Books:
    """A node that has five anchored records: one of another machine, then the four of this one."""

    records: dict[int, bytes] = field(default_factory=lambda: dict(enumerate(RECORDS, start=1)))
    anchored: tuple[int, ...] = (3, 5)
    known: int = 5
    now: int = NOW_S
    told: Project = field(default_factory=Project)
    projects: dict[int | None, bytes] = field(default_factory=lambda: {None: MINE})
    """The machine's project as of a block, or now."""
    ended: int = 99
    is_fresh: bool = False

    def project(self, name: str) -> Project | None:
        return self.told if name == "lakeside" else None

    def now_s(self) -> int:
        return self.now

    def is_anchored(self, size: int) -> bool:
        return size in self.anchored

    def size(self) -> int:
        return self.known

    def records_at(self, indexes: list[int]) -> Mapping[int, bytes]:
        return {n: self.records[n] for n in indexes if n in self.records}

    def heads_over(self, first: int) -> list[tuple[int, int]]:
        return [(size, 100 + size) for size in self.anchored if size > first]

    def refresh(self) -> None:
        self.is_fresh = True

    def project_of(self, device: DeviceId, block: int | None = None) -> bytes | None:
        assert self.is_fresh, "the registry is read up to now before it is asked"
        return self.projects.get(block) if device == DEVICE else None

    def counts(self, device: DeviceId, epoch: int, sequence: int) -> bool:
        return (device, epoch) == (DEVICE, 1) and sequence <= self.ended


FACTS = Facts(
    "lakeside",
    business_date=DAY,
    entries=((1, False, 350), (2, True, 120), (3, False, 350)),
    units=((SALE.lines[0].commodity, 2),),
)
STATE = AnchoredState(
    31_337, anchor=ELSEWHERE, signers=[SIGNER.address], size=5, root=Digest(bytes(32)), block=9
)


def encode(argument: dict[str, Any]) -> bytes:
    return CLIENT.encode("RevenueSplit", "distribute", argument)


def proposal(of: Facts = FACTS, signer: LocalSigner = SIGNER, **change: Any) -> CallProposal:
    """The call that distributes the facts *of* a day under the head of 5, with *change*, signed."""
    content = change.get("facts", of.encode())
    digest, batch = names_of(content)
    tax = tax_minor(of.gross_minor, of.refunds_minor, 600)
    head = change.get("head_size", 5)
    plain = CallProposal(
        chain_id=31_337,
        contract=QUORUM,
        target=SPLIT,
        data=encode(distribution_argument(of, batch, tax, head=head, facts_hash=digest)),
        label=batch,
        deadline=NOW_S + 600,
        facts=content,
        head_size=5,
    )
    plain = replace(plain, **change)
    return replace(plain, signature=signer.sign_digest(plain.digest))


def judge(made: CallProposal, books: Books | None = None, sender: str = SIGNER.address) -> Facts:
    return CallJudge(books or Books(), SPLIT, calls=QUORUM, encode=encode).judge(
        made, sender, STATE
    )


def dissent(made: CallProposal, books: Books | None = None) -> str:
    with pytest.raises(Dissents) as caught:
        judge(made, books)
    return str(caught.value.code)


def test_a_true_distribution_is_signed() -> None:
    assert judge(proposal()) == FACTS
    assert FACTS.refunds_minor == 120


def test_it_is_for_this_chain_and_quorum_by_a_signer_who_sends_it() -> None:
    assert dissent(proposal(chain_id=1)) == "proposal.wrong_chain"
    assert dissent(proposal(contract=ELSEWHERE)) == "proposal.wrong_chain"
    assert dissent(proposal(target=ELSEWHERE)) == "proposal.target_unknown"
    with pytest.raises(Dissents, match="signed by"):
        judge(proposal(signer=STRANGER))
    with pytest.raises(Dissents, match="signers"):
        judge(proposal(signer=STRANGER), sender=STRANGER.address)


def test_it_ends_after_now_and_within_a_day_and_the_clocks_difference() -> None:
    last = NOW_S + CALL_LIFE_S + CLOCKS_S
    for deadline in (NOW_S + 1, last):
        judge(proposal(deadline=deadline))
    for deadline in (NOW_S, last + 1):
        assert dissent(proposal(deadline=deadline)) == "proposal.deadline_wrong"


def test_the_facts_are_in_their_form_and_name_each_record_once_in_order() -> None:
    assert dissent(proposal(facts=b"\x80")) == "proposal.facts_malformed"
    one, refund, two = FACTS.entries
    for entries in ((), (refund, one, two), (one, one, refund, two)):
        made = proposal(replace(FACTS, entries=entries))
        assert dissent(made) == "proposal.facts_malformed", entries
    assert dissent(proposal(replace(FACTS, project="nowhere"))) == "proposal.project_unknown"


def test_the_head_is_anchored_covers_every_record_and_all_of_them_are_here() -> None:
    with pytest.raises(NotYet):
        judge(proposal(head_size=4))
    with pytest.raises(NotYet):
        judge(proposal(), Books(known=3))
    judge(proposal(), Books(known=4))
    with pytest.raises(Dissents, match="record 3: the head of 3") as caught:
        judge(proposal(head_size=3))
    assert (str(caught.value.code), caught.value.log_index) == ("proof.not_included", 3)
    books = Books()
    del books.records[2]
    with pytest.raises(NotYet, match="record 2"):
        judge(proposal(), books)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ((3, True, 350), "record_differs"),
        ((4, False, 350), "record_differs"),
        ((3, False, 351), "amount_differs"),
    ],
)
def test_each_record_is_the_sale_or_refund_that_the_facts_say(
    entry: tuple[int, bool, int], code: str
) -> None:
    facts = replace(FACTS, entries=(*FACTS.entries[:2], entry))
    assert dissent(proposal(facts)) == f"proposal.{code}"
    refund = replace(FACTS, entries=(FACTS.entries[0], (2, False, 120), FACTS.entries[2]))
    assert dissent(proposal(refund)) == "proposal.record_differs"


def test_each_record_is_of_the_day_and_in_the_projects_currency() -> None:
    other_day = replace(FACTS, business_date=DAY + 1)
    assert dissent(proposal(other_day)) == "proposal.date_differs"
    assert dissent(proposal(), Books(told=Project("EUR"))) == "proposal.currency_differs"


def test_the_machine_was_in_the_project_when_the_record_was_anchored_or_is_now() -> None:
    then = {103: MINE, 105: MINE, None: OTHERS}
    judge(proposal(), Books(projects=then))
    judge(proposal(), Books(projects={103: OTHERS, 105: OTHERS, None: MINE}))
    for projects in ({**then, 103: OTHERS}, {**then, 105: OTHERS}, {}):
        assert dissent(proposal(), Books(projects=projects)) == "proposal.project_differs"
    books = Books()
    books.records[3] = chain(BODIES, OTHER_DEVICE)[2]
    assert dissent(proposal(), books) == "proposal.project_differs"


def test_a_number_behind_the_end_of_its_key_is_shared_out_no_more() -> None:
    judge(proposal(), Books(ended=3))
    assert dissent(proposal(), Books(ended=2)) == "proposal.number_not_counted"


def test_units_tax_name_and_call_follow_from_the_facts() -> None:
    more = replace(FACTS, units=((FACTS.units[0][0], 3),))
    assert dissent(proposal(more)) == "proposal.units_differ"
    assert dissent(proposal(replace(FACTS, units=()))) == "proposal.units_differ"
    assert dissent(proposal(label=bytes(32))) == "proposal.batch_differs"
    assert dissent(proposal(data=b"\1")) == "proposal.call_differs"
    assert dissent(proposal(), Books(told=Project("USD", 700))) == "proposal.call_differs"
