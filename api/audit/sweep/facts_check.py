"""The sales of each distribution against the log: each once, as it was signed, of the distribution's date and project.

Rules kept here:

* Facts come from a file, or are made again from the log where all of a day's sales went into a distribution. Where
  neither gives the digest on chain, the distribution is neither proved nor refuted: unverifiable.
* A sale is of the project that its machine was in at the sale's date and in the block of the first head over it. Where
  the two differ it is in doubt; what is neither one's is another project's.
* What was anchored and never shared out is listed by project and day, with the sum. Without the facts of a
  distribution it can't be told: what is in none whose facts are here may be in that one.
* A record that the log does not reach is neither right nor wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, islice
from typing import Any

from counterfoil.api.audit.faults import (
    FACTS_MISMATCH,
    FACTS_MISSING,
    PROJECT_IN_DOUBT,
    SALES_DISPUTED,
    SPLIT_RECORDS_MISSING,
)
from counterfoil.api.audit.sweep.book import Book
from counterfoil.api.audit.sweep.ledger_view import LedgerView
from counterfoil.api.audit.sweep.sold_facts import SoldFact
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.sweep.sweep_words import date_text
from counterfoil.api.audit.verification.said import Counted, Said
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.oracle.rules.facts import Facts, facts_of, fitting
from counterfoil.oracle.rules.project_history import NO_PROJECT, ProjectHistory

_DAY_MS = 86_400_000
_MOST_READ_AGAIN = 10_000
"""Records that are read again for their currency, which is not kept of each."""


@dataclass
class NotSharedOut:
    """Sales and refunds of one project and day that no distribution has; *amount_minor* is sales less refunds.

    ``project`` is its name where that is known, else its id on chain, empty for none. ``repudiated`` of them the
    committee took back. ``currency`` is the records' own, empty where it was not looked up.
    """

    project: str
    business_date: int
    sales: int = 0
    refunds: int = 0
    amount_minor: int = 0
    repudiated: int = 0
    first_record: int = 0
    currency: str = ""


class FactsCheck:
    """Which records were shared out, distribution by distribution in the chain's order."""

    def __init__(
        self,
        view: LedgerView,
        book: Book,
        facts: Mapping[bytes, Facts],
        projects: Iterable[str],
        size: int | None = None,
    ) -> None:
        """*size* is how many records the log reaches: to the newest head where nothing is said."""
        self._view, self._book, self._facts = view, book, facts
        names = [*projects, *(f.project for f in facts.values())]
        self._names = {bytes(on_chain_id(name)): name for name in names}
        self._sizes = [head.size for head in view.heads]
        anchored = self._sizes[-1] if self._sizes else 0
        self._size = anchored if size is None else size
        self._histories: dict[str, ProjectHistory] = {}
        self._shared_out: dict[int, Said] = {}
        self.known = 0
        """Distributions whose facts are here."""
        self.proved = 0
        """Distributions whose facts are here, and against which the log says nothing."""

    def check(self, where: Said, d: Mapping[str, Any], block: int) -> Iterator[Finding]:
        """Yield what is wrong with the facts of the distribution *d*, which was made in *block*."""
        facts = self._facts.get(d["facts"]) or self._made_again(d)
        if facts is None:
            detail = Said(
                "no file that was given has its facts, and the day's sales in the log don't give them"
            )
            yield Finding(FACTS_MISSING, where, detail, unverifiable=True)
            return
        self.known += 1
        found = list(self._check(where, d, block, facts))
        self.proved += not found
        yield from found

    def _check(
        self, where: Said, d: Mapping[str, Any], block: int, facts: Facts
    ) -> Iterator[Finding]:
        yield from _compare(where, d, facts, self._view)
        late = sum(index >= self._size for index, _, _ in facts.entries)
        if late:
            detail = Said(
                "{records} of it behind the end of the log that was given",
                records=Counted(late, "record"),
            )
            yield Finding(SPLIT_RECORDS_MISSING, where, detail, unverifiable=True)
        known = self._book.sold(index for index, _, _ in facts.entries if index < self._size)
        units: Counter[str] = Counter()
        for index, is_refund, amount in facts.entries:
            sale = known.get(index)
            stated = None if sale is None else (sale.is_refund, sale.amount_minor)
            if index < self._size and stated != (is_refund, amount):
                detail = Said("record {index} says otherwise", index=index)
                yield Finding(FACTS_MISMATCH, where, detail)
                continue
            if index >= d["headSize"]:
                detail = Said("record {index} is not under its head", index=index)
                yield Finding(FACTS_MISMATCH, where, detail)
            if index in self._shared_out:
                twice = Said(
                    "record {index} was shared out in {where}",
                    index=index,
                    where=self._shared_out[index],
                )
                yield Finding(FACTS_MISMATCH, where, twice)
            self._shared_out[index] = where
            for code, count in sale.units if sale is not None else ():
                units[code] += count
        if not late and sorted(units.items()) != sorted(facts.units):
            detail = Said("its units are not those of its sales")
            yield Finding(FACTS_MISMATCH, where, detail)
        sales = [known[i] for i, _, _ in facts.entries if i in known]
        yield from self._owners(where, d, sales)
        other = [sale for sale in sales if business_date(sale.time_ms) != facts.business_date]
        if other:
            detail = Said(
                "{number} not of {date}, from record {index} on, which is of {other}",
                number=len(other),
                date=date_text(facts.business_date),
                index=other[0].log_index,
                other=date_text(business_date(other[0].time_ms)),
            )
            yield Finding(FACTS_MISMATCH, where, detail)
        yield from _disputed(where, block, sales, self._view)

    def in_no_known_distribution(
        self, currencies: Callable[[Sequence[int]], Mapping[int, str]] = lambda _: {}
    ) -> list[NotSharedOut]:
        """The sales and refunds under the heads that no distribution with known facts has.

        *currencies* gives those of the records of these log indexes; it is not asked for very many.
        """
        found: dict[tuple[bytes, int, str], NotSharedOut] = {}
        rest = (
            sale
            for sale in self._book.all_sold()
            if sale.log_index not in self._shared_out and sale.log_index < self._size
        )
        few = list(islice(rest, _MOST_READ_AGAIN + 1))
        of = currencies([s.log_index for s in few]) if len(few) <= _MOST_READ_AGAIN else {}
        for sale in chain(few, rest):
            project, date = self._at_head(sale), business_date(sale.time_ms)
            currency = of.get(sale.log_index, "")
            row = found.get((project, date, currency))
            if row is None:
                name = "" if project == NO_PROJECT else to_hex(project)
                row = NotSharedOut(
                    self._names.get(project, name),
                    date,
                    first_record=sale.log_index,
                    currency=currency,
                )
                found[project, date, currency] = row
            row.sales += not sale.is_refund
            row.refunds += sale.is_refund
            row.amount_minor += -sale.amount_minor if sale.is_refund else sale.amount_minor
            row.repudiated += sale.repudiated_in is not None
        return sorted(
            found.values(), key=lambda row: (row.business_date, row.project, row.currency)
        )

    # ---- whose a sale is

    def _owners(
        self, where: Said, d: Mapping[str, Any], sales: Sequence[SoldFact]
    ) -> Iterator[Finding]:
        """Yield, machine by machine, the sales that are another project's, or in doubt."""
        wrong: dict[tuple[str, bool], list[SoldFact]] = defaultdict(list)
        for sale in sales:
            owners = self._at_head(sale), self._at_date(sale)
            if owners != (d["project"],) * 2:
                wrong[sale.device, d["project"] in owners].append(sale)
        for (device, in_doubt), rows in wrong.items():
            which = Said(
                "of {device} {number}, from record {index} on",
                device=device,
                number=len(rows),
                index=rows[0].log_index,
            )
            if in_doubt:
                detail = Said(
                    "{which}: it was in two projects between their date and their head", which=which
                )
                yield Finding(PROJECT_IN_DOUBT, where, detail, unverifiable=True)
            else:
                detail = Said(
                    "{which}: it was not in the project at their date, nor at their head",
                    which=which,
                )
                yield Finding(FACTS_MISMATCH, where, detail)

    def _at_head(self, sale: SoldFact) -> bytes:
        """The machine's project in the block of the first head over *sale*."""
        number = bisect_right(self._sizes, sale.log_index)
        if number == len(self._sizes):
            return NO_PROJECT
        return self._history(sale.device).at_block(self._view.heads[number].block)

    def _at_date(self, sale: SoldFact) -> bytes:
        return self._history(sale.device).at_time(sale.time_ms)

    def _history(self, device: str) -> ProjectHistory:
        known = self._histories.get(device)
        if known is None:
            known = self._histories[device] = self._view.history(on_chain_id(device))
        return known

    # ---- facts that no file has

    def _made_again(self, d: Mapping[str, Any]) -> Facts | None:
        """The facts if they are all the project's sales of that date that were not shared out before, or as many of
        them as fit into one distribution.
        """
        name = self._names.get(d["project"])
        if name is None:
            return None
        date = d["periodStart"]
        first = _midnight_ms(date)
        day = [
            sale
            for sale in self._book.sold_between(first, first + _DAY_MS, d["headSize"])
            if sale.log_index not in self._shared_out
            and business_date(sale.time_ms) == date
            and self._at_head(sale) == d["project"]
        ]
        day = day[: fitting([code for code, _ in sale.units] for sale in day)]
        facts = facts_of(name, date, day)
        return facts if sha256(facts.encode()).digest() == d["facts"] else None


def _compare(
    where: Said, d: Mapping[str, Any], facts: Facts, view: LedgerView
) -> Iterator[Finding]:
    """Yield where the facts as a whole are not those of the call *d*."""
    if on_chain_id(facts.project) != d["project"]:
        detail = Said("they are of {project}", project=facts.project)
        yield Finding(FACTS_MISMATCH, where, detail)
    if (facts.business_date,) * 2 != (d["periodStart"], d["periodEnd"]):
        detail = Said(
            "they are of {date}, and the period is {first} to {last}",
            date=date_text(facts.business_date),
            first=date_text(d["periodStart"]),
            last=date_text(d["periodEnd"]),
        )
        yield Finding(FACTS_MISMATCH, where, detail)
    sums = (facts.gross_minor, facts.refunds_minor)
    if sums != (d["gross"], d["refunds"]):
        mine, theirs = (
            Said(
                "gross {gross} and refunds {refunds}", gross=view.amount(g), refunds=view.amount(r)
            )
            for g, r in (sums, (d["gross"], d["refunds"]))
        )
        detail = Said("{mine} in the facts, {theirs} in the call", mine=mine, theirs=theirs)
        yield Finding(FACTS_MISMATCH, where, detail)
    claimed = sorted((bytes(on_chain_id(code)), count) for code, count in facts.units)
    if claimed != sorted((u["goods"], u["count"]) for u in d["units"]):
        yield Finding(FACTS_MISMATCH, where, Said("other goods were sold"))


def _disputed(
    where: Said, block: int, sales: Sequence[SoldFact], view: LedgerView
) -> Iterator[Finding]:
    """What was repudiated before a distribution of *block* was not to be shared out; after it, it is in dispute."""
    for is_late in (True, False):
        found = [
            sale
            for sale in sales
            if sale.repudiated_in is not None and (sale.repudiated_in < block) == is_late
        ]
        if found:
            minor = sum(-s.amount_minor if s.is_refund else s.amount_minor for s in found)
            what = Said(
                "{records} of {amount}, from record {index} on",
                records=Counted(len(found), "record"),
                amount=view.amount(minor),
                index=found[0].log_index,
            )
            detail = Said("{what}, that the committee has repudiated since", what=what)
            if is_late:
                detail = Said("{what}, that the committee had repudiated before", what=what)
            yield Finding(SALES_DISPUTED, where, detail, unverifiable=not is_late)


def _midnight_ms(date: int) -> int:
    day = datetime(date // 10_000, date // 100 % 100, date % 100, tzinfo=UTC)
    return int(day.timestamp()) * 1_000
