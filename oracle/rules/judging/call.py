"""Checks a proposed distribution against this node's own copy of the log and its own books.

The checks:

1. It is for this chain and its OracleQuorum, and signed by the node that sent it, which is one of the signers. It ends
   after now, and within a day: what is signed and not sent can't be kept for later.
2. The facts are in canonical form, name each record once, and are about a project that this node knows.
3. The head is anchored and covers every record of the facts.
4. Each record agrees with the facts: a sale or a refund of that amount and day, in the project's currency, by a machine
   that was in the project when the record was anchored, or is now. Its number counts, by the registry as of now.
5. The units sold are the sum of the records' lines, and the tax follows from the project's rate.
6. The call is RevenueSplit's ``distribute`` with exactly these facts, byte for byte, under their batch.
7. No record of the facts is in another distribution that this node has signed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from counterfoil.gateway.record.bodies import Refund, Sale
from counterfoil.gateway.record.identity import DeviceId, on_chain_id
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import SignedRecord, decode
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.facts import (
    Facts,
    decode_facts,
    distribution_argument,
    names_of,
    tax_minor,
)
from counterfoil.oracle.rules.faults.proposal import (
    AMOUNT_DIFFERS,
    BATCH_DIFFERS,
    BEHIND,
    CALL_DIFFERS,
    CURRENCY_DIFFERS,
    DATE_DIFFERS,
    DEADLINE_WRONG,
    FACTS_MALFORMED,
    NOT_INCLUDED,
    NUMBER_NOT_COUNTED,
    PROJECT_DIFFERS,
    PROJECT_UNKNOWN,
    RECORD_DIFFERS,
    TARGET_UNKNOWN,
    UNITS_DIFFER,
    WRONG_CHAIN,
)
from counterfoil.oracle.rules.judging.proposal import CallProposal
from counterfoil.oracle.rules.judging.verdict import AnchoredState, Dissents, NotYet, check_sender

CALL_LIFE_S = 86_400
"""How long a call may be made that a node proposes, in seconds."""
_CLOCKS_S = 3_600
"""How far two nodes' clocks may be apart."""

Encode = Callable[[dict[str, Any]], bytes]
"""Returns the call data of ``distribute`` for this struct."""


class ToldProject(Protocol):
    """What this node was told of a project."""

    currency: str
    tax_basis_points: int


class OwnBooks(Protocol):
    """This node's own copy and books."""

    def project(self, name: str) -> ToldProject | None: ...
    def now_s(self) -> int: ...
    def is_anchored(self, size: int) -> bool: ...
    def size(self) -> int: ...
    def records_at(self, indexes: list[int]) -> Mapping[int, bytes]: ...
    def heads_over(self, first: int) -> list[tuple[int, int]]: ...
    def refresh(self) -> None: ...
    def project_of(self, device: DeviceId, block: int | None = None) -> bytes | None: ...
    def counts(self, device: DeviceId, epoch: int, sequence: int) -> bool: ...


class CallJudge:
    """Judges distributions; *split* and *calls* are the addresses of RevenueSplit and OracleQuorum."""

    def __init__(self, books: OwnBooks, split: str, calls: str, encode: Encode) -> None:
        self._books = books
        self._split = split
        self._calls = calls
        self._encode = encode

    def judge(self, proposal: CallProposal, sender: str, now: AnchoredState) -> Facts:
        """Return the facts of *proposal* after checks 1 to 6; check 7 is made when the batch is written down.

        Raises:
            NotYet: this node can't tell now.
            Dissents: a check failed.
        """
        # 1
        if (proposal.chain_id, proposal.contract) != (now.chain_id, self._calls):
            raise Dissents(WRONG_CHAIN, f"for {proposal.contract} on chain {proposal.chain_id}")
        check_sender(proposal, sender, now.signers)
        here = self._books.now_s()
        if not here < proposal.deadline <= here + CALL_LIFE_S + _CLOCKS_S:
            raise Dissents(DEADLINE_WRONG, f"until {proposal.deadline}, and it is {here} here")
        if proposal.target != self._split:
            raise Dissents(TARGET_UNKNOWN, f"calls to {proposal.target} are not signed here")
        # 2
        try:
            facts = decode_facts(proposal.facts)
        except InputMalformed as failure:
            raise Dissents(FACTS_MALFORMED, str(failure)) from failure
        indexes = [index for index, _, _ in facts.entries]
        if not indexes or indexes != sorted(set(indexes)):
            raise Dissents(FACTS_MALFORMED, "records stand in order, each once, and not none")
        project = self._books.project(facts.project)
        if project is None:
            raise Dissents(PROJECT_UNKNOWN, f"this node was told of no {facts.project!r}")
        # 3
        if not self._books.is_anchored(proposal.head_size) or indexes[-1] >= self._books.size():
            raise NotYet(BEHIND, f"the head of {proposal.head_size} is not here yet")
        if indexes[-1] >= proposal.head_size:
            why = f"the head of {proposal.head_size} does not cover it"
            raise Dissents(NOT_INCLUDED, f"record {indexes[-1]}: {why}", indexes[-1])
        # 4
        units = self._units(indexes, facts, project)
        # 5
        if tuple(sorted(units.items())) != facts.units:
            raise Dissents(UNITS_DIFFER, f"{dict(facts.units)}, here {dict(units)}")
        tax = tax_minor(facts.gross_minor, facts.refunds_minor, project.tax_basis_points)
        # 6
        facts_hash, batch = names_of(proposal.facts)
        argument = distribution_argument(
            facts, batch, tax, head=proposal.head_size, facts_hash=facts_hash
        )
        if proposal.label != batch:
            raise Dissents(BATCH_DIFFERS, f"{proposal.label.hex()}, here {batch.hex()}")
        if proposal.data != self._encode(argument):
            sums = f"gross {facts.gross_minor}, refunds {facts.refunds_minor}, tax {tax}"
            raise Dissents(CALL_DIFFERS, f"it does not distribute these facts: {sums}")
        return facts

    def _units(self, indexes: list[int], facts: Facts, project: ToldProject) -> Counter[str]:
        """The units sold by the records of *facts*, after check 4 of each."""
        self._books.refresh()
        units: Counter[str] = Counter()
        heads = self._books.heads_over(indexes[0])
        records = self._books.records_at(indexes)
        for entry in facts.entries:
            if entry[0] not in records:
                raise NotYet(BEHIND, f"record {entry[0]} is not here yet")
            signed = decode(records[entry[0]])
            block = heads[bisect_right(heads, entry[0], key=lambda head: head[0])][1]
            for line in self._lines(signed, entry, facts, project, block):
                units[line.commodity] += line.quantity
        return units

    def _lines(
        self,
        signed: SignedRecord,
        entry: tuple[int, bool, int],
        facts: Facts,
        project: ToldProject,
        block: int,
    ) -> tuple[SaleLine, ...]:
        """The lines of one record of the facts, anchored in *block*, after check 4."""
        index, is_refund, amount = entry
        body = signed.record.body
        if not isinstance(body, Sale | Refund) or isinstance(body, Refund) != is_refund:
            what = "refund" if is_refund else "sale"
            raise Dissents(RECORD_DIFFERS, f"record {index} is no {what}", index)
        if body.amount_minor != amount:
            why = f"record {index}: amount {amount}, signed {body.amount_minor}"
            raise Dissents(AMOUNT_DIFFERS, why, index)
        if business_date(signed.record.time_ms) != facts.business_date:
            raise Dissents(DATE_DIFFERS, f"record {index} is of another day", index)
        if body.currency != project.currency:
            raise Dissents(CURRENCY_DIFFERS, f"record {index} is in {body.currency}", index)
        device, wanted = signed.record.device, on_chain_id(facts.project)
        if wanted not in (
            self._books.project_of(device, block),
            self._books.project_of(device),
        ):
            why = f"record {index}: {signed.record.device} is not in {facts.project}"
            raise Dissents(PROJECT_DIFFERS, why, index)
        epoch, sequence = signed.record.epoch, signed.record.sequence
        if not self._books.counts(device, epoch, sequence):
            why = f"record {index}: epoch {epoch} of {device} ends before {sequence}"
            raise Dissents(NUMBER_NOT_COUNTED, why, index)
        return body.lines if isinstance(body, Sale) else ()
