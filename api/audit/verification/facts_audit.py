"""Which sales a period's distributions shared out, by their facts, and which of the period's none of them did. Pure.

Rules kept here:

* Facts name records by their place in the log. Those that the file holds must say what the facts say: kind, amount and
  business date, in a distribution of that date alone.
* All that is shared out is in one currency, that of the project's token.
* A sale is its machine's project's: the one at its date and up to the head that the distribution names.
* Each sale and refund of the period is in a distribution that is shown, or is named with the sum. Whether the chain has
  one that is not shown is a node's to say, and open until then.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from counterfoil.api.audit.verification.assignment_steps import named
from counterfoil.api.audit.verification.bundle import Bundle, DistributionFact
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.money_errors import (
    FactsError,
    NotDistributedError,
    ProjectDoubtError,
)
from counterfoil.api.audit.verification.period_steps import sold_figures, sold_text
from counterfoil.api.audit.verification.report import Figure
from counterfoil.api.audit.verification.said import Counted, Joined, Part, Said
from counterfoil.gateway.record.bodies import Body, Refund, Sale
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.facts import Facts, decode_facts, names_of
from counterfoil.oracle.rules.project_history import ProjectHistory, Whose


class FactsAudit:
    """The facts of one bundle's distributions, in the chain's order."""

    def __init__(
        self, bundle: Bundle, records: Mapping[int, SignedRecord], history: ProjectHistory
    ) -> None:
        """*records* are the bundle's that verify, by their index in the log; *history* are the device's projects."""
        self._scope, self._records, self._history = bundle.scope, records, history
        self._blocks = {head.size: head.block_number for head in bundle.heads}
        self._shared_out: dict[int, Said] = {}
        self._entries = 0
        self._currency = ""

    def check(self, where: Said, fact: DistributionFact) -> Iterator[AuditError]:
        """Yield where the facts differ from the distribution, or from the records that are here."""
        if names_of(fact.content) != (fact.facts, fact.batch):
            yield FactsError(where, Said("its facts are not those that its call names"))
        try:
            facts = decode_facts(fact.content)
        except InputMalformed as error:
            yield FactsError(where, Said("{facts_error}", facts_error=error))
            return
        yield from _compare(where, fact, facts)
        in_doubt: list[int] = []
        for index, is_refund, amount in facts.entries:
            self._entries += 1
            if index >= fact.head_size:
                detail = Said("record {index} is not under its head", index=index)
                yield FactsError(where, detail)
            if index in self._shared_out:
                before = self._shared_out[index]
                detail = Said("record {index} was shared out in {where}", index=index, where=before)
                yield FactsError(where, detail)
            self._shared_out[index] = where
            signed = self._records.get(index)
            if signed is None:
                continue
            if not _says(signed, is_refund, amount):
                yield FactsError(where, Said("record {index} says otherwise", index=index))
            yield from self._of_one_currency(where, index, signed.record.body)
            date = business_date(signed.record.time_ms)
            if date != facts.business_date:
                detail = Said("record {index} is of {date}", index=index, date=date)
                yield FactsError(where, detail)
            whose = self._whose(signed, fact)
            if whose is Whose.NEVER:
                owner = named(self._history.at_time(signed.record.time_ms))
                detail = Said(
                    "record {index} is of {project}: its machine was there",
                    index=index,
                    project=owner,
                )
                yield FactsError(where, detail)
            elif whose is Whose.MEANWHILE:
                in_doubt.append(index)
        if in_doubt:
            detail = Said(
                "{records}, from {first} on: the machine was in two projects between their date and the head",
                records=Counted(len(in_doubt), "record"),
                first=in_doubt[0],
            )
            yield ProjectDoubtError(where, detail)

    def _of_one_currency(self, where: Said, index: int, body: Body) -> Iterator[AuditError]:
        """A project's token is of one currency: amounts of another one can't be added to its."""
        if not isinstance(body, Sale | Refund):
            return
        self._currency = self._currency or body.currency
        if body.currency != self._currency:
            detail = Said(
                "record {index} is in {currency}, the ones before in {before}",
                index=index,
                currency=body.currency,
                before=self._currency,
            )
            yield FactsError(where, detail)

    def _whose(self, signed: SignedRecord, fact: DistributionFact) -> Whose:
        """Whether the machine was in the distribution's project, from the record's date up to the head."""
        block = self._blocks.get(fact.head_size)
        if block is None or not self._history.assignments:
            return Whose.ALWAYS  # named where the head, or the registration, is missing
        return self._history.whose(fact.project, signed.record.time_ms, block)

    @property
    def checked(self) -> Said:
        """What was shared out, and what was not, in one line."""
        mine = [self._records[i].record.body for i in self._shared_out if i in self._records]
        left = [signed.record.body for _, signed in self._left()]
        shared_out = Said(
            "shared out of these records: {sold} (and {others} of other machines, not here)",
            sold=sold_text(mine),
            others=Counted(self._entries - len(mine), "record"),
        )
        unshared = Said("in no distribution here: {sold}", sold=sold_text(left))
        return Joined("; ", (shared_out, unshared))

    @property
    def figures(self) -> list[Figure]:
        """What was shared out of these records, and what of the period was not."""
        mine = [self._records[i].record.body for i in self._shared_out if i in self._records]
        left = [signed.record.body for _, signed in self._left()]
        return [*sold_figures("shared_out.", mine), *sold_figures("left.", left)]

    def not_shown(self) -> tuple[list[AuditError], list[AuditError]]:
        """Return the period's sales in no distribution that is shown, and of these what a node can answer."""
        by_project: dict[bytes, list[tuple[int, SignedRecord]]] = defaultdict(list)
        for index, signed in self._left():
            by_project[self._history.at_time(signed.record.time_ms)].append((index, signed))
        errors, open_ = list[AuditError](), list[AuditError]()
        for project, rows in by_project.items():
            said = Said(
                "{sold}, from record {index} on",
                sold=sold_text(signed.record.body for _, signed in rows),
                index=rows[0][0],
            )
            if project == self._scope.project_id or not self._history.assignments:
                detail = Said("{sales}: in no distribution that is here", sales=said)
                error = NotDistributedError(Part("records"), detail)
                open_.append(error)
            else:
                detail = Said(
                    "{sales}: made in {project}, whose distributions are not here",
                    sales=said,
                    project=named(project),
                )
                error = NotDistributedError(Part("records"), detail)
            errors.append(error)
        return errors, open_

    def _left(self) -> list[tuple[int, SignedRecord]]:
        """The period's sales and refunds that no distribution here shared out."""
        return [
            (index, signed)
            for index, signed in self._records.items()
            if isinstance(signed.record.body, Sale | Refund)
            and self._scope.has_time(signed.record.time_ms)
            and index not in self._shared_out
        ]


def _compare(where: Said, fact: DistributionFact, facts: Facts) -> Iterator[AuditError]:
    dates = {facts.business_date, fact.period_start, fact.period_end}
    if on_chain_id(facts.project) != fact.project or len(dates) > 1:
        detail = Said(
            "they are of {project}, {date}", project=facts.project, date=facts.business_date
        )
        yield FactsError(where, detail)
    if (facts.gross_minor, facts.refunds_minor) != (fact.gross, fact.refunds):
        detail = Said(
            "they come to {gross} and refunds of {refunds}",
            gross=facts.gross_minor,
            refunds=facts.refunds_minor,
        )
        yield FactsError(where, detail)
    if sorted((bytes(on_chain_id(code)), n) for code, n in facts.units) != sorted(
        tuple(unit) for unit in fact.units
    ):
        yield FactsError(where, Said("other goods were sold by its facts"))


def _says(signed: SignedRecord, is_refund: bool, amount: int) -> bool:
    """Whether the record is the sale, or the refund, of *amount*."""
    body = signed.record.body
    return isinstance(body, Refund if is_refund else Sale) and body.amount_minor == amount
