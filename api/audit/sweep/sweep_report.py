"""A sweep's outcome as somebody signs an opinion on it: one text for the terminal and JSON.

It says what was asked and of which block, the verdict, what was checked and whether it held, and what was not looked
at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from counterfoil.api.audit.sweep.facts_check import NotSharedOut
from counterfoil.api.audit.sweep.ledger_view import CONTRACTS, amount_text
from counterfoil.api.audit.sweep.run import Swept
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.sweep.sweep_part import Part, State
from counterfoil.api.audit.sweep.sweep_words import counted, date_text, moment, word

MARKS = {State.HELD: "✓", State.FAILED: "✕", State.NOT_TOLD: "?"}


class Row(NamedTuple):
    """A line of what was asked: its key, and what is said."""

    key: str
    value: str


class Line(NamedTuple):
    """What was checked, whether it held, what was found, and what is to be said below it."""

    part: Part
    state: State
    text: str
    findings: Sequence[Finding]
    notes: Sequence[str]


@dataclass(frozen=True)
class AskedFolder:
    """A folder or file that was given: how many *things* of it were read, and the names of what was passed over."""

    name: str
    things: int
    passed_over: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """What the auditor gave, and when."""

    deployment: str
    """The hash, as ``audit deployment`` prints it."""
    deployment_file: str
    node: str
    log: str
    date_s: float
    program: str
    depth: int = 0
    state: str = ""
    projects: Sequence[str] = ()
    facts: AskedFolder | None = None
    bundles: Sequence[AskedFolder] = ()
    statements: AskedFolder | None = None


@dataclass(frozen=True)
class SweepReport:
    """A report in words."""

    verdict_text: str
    asked: Sequence[Row]
    lines: Sequence[Line]
    unseen: Sequence[str] = field(default_factory=list)


def report_of(done: Swept, asked: Asked) -> SweepReport:
    """Return the report on *done*."""
    wrong = [one for one in done.findings if not one.unverifiable]
    findings = counted(len(wrong or done.findings), "finding")
    return SweepReport(
        word(done.verdict, findings=findings),
        asked=list(_asked(done, asked)),
        lines=[
            Line(
                part,
                state=done.state_of(part),
                text=_text(done, part),
                findings=done.found_in(part),
                notes=list(_notes(done, part)),
            )
            for part in done.parts
        ],
        unseen=list(_unseen(done)),
    )


def _asked(done: Swept, asked: Asked) -> Iterator[Row]:
    yield Row("chain", str(done.chain_id))
    yield Row("deployment", f"{asked.deployment} ({asked.deployment_file})")
    yield Row("node", asked.node)
    block = done.block
    at = moment(block.time_s)
    yield Row("block", word("block.value", number=block.number, moment=at, hash=block.hash))
    if asked.depth:
        yield Row("depth", f"{asked.depth:,}")
    yield Row("log", word("log.value", where=asked.log, records=counted(done.records, "record")))
    if asked.state and done.records_before:
        said = word("log.before", records=f"{done.records_before:,}", state=asked.state)
        yield Row("log", said)
    yield from _given("facts", "facts.value", asked.facts)
    for one in asked.bundles:
        distributions = counted(one.things, "distribution")
        yield Row("facts", word("facts.bundle", distributions=distributions, file=one.name))
    if asked.facts is None and not asked.bundles:
        yield Row("facts", word("facts.none"))
    yield from _given("statements", "statements.value", asked.statements)
    if asked.projects:
        yield Row("projects", ", ".join(asked.projects))
    yield Row("at_least", word("at_least.value", number=done.signatures_at_least))
    yield Row("date", word("date.value", moment=moment(asked.date_s)))
    yield Row("program", asked.program)


def _given(key: str, sentence: str, one: AskedFolder | None) -> Iterator[Row]:
    if one is None:
        return
    yield Row(key, word(sentence, files=counted(one.things, "file"), folder=one.name))
    if one.passed_over:
        said = f"{word('passed_over', folder=one.name)}: {', '.join(one.passed_over)}"
        yield Row(key, said)


def _text(done: Swept, part: Part) -> str:
    """What *part* says, whether it is so or not."""
    heads = counted(done.heads, "head")
    match part:
        case Part.RECORDS:
            records = counted(done.records_anchored, "record")
            if done.is_whole:
                machines = counted(done.machines, "machine")
                records = word("machines", records=records, machines=machines)
            text = word("line.records", records=records)
            if not done.is_whole:
                text += word("line.records.short", read=done.records)
        case Part.HEADS:
            text = word("line.heads", heads=heads)
            if not done.is_whole:
                text += word("line.heads.short", read=done.heads_verified)
        case Part.SIGNERS:
            text = word("line.signers", heads=heads, at_least=done.signatures_at_least)
        case Part.GOSSIP:
            text = word("line.gossip", heads=counted(done.gossiped_heads, "head"))
        case Part.MINTS:
            text = word("line.mints", **_minted(done))
        case Part.BALANCES:
            text = word("line.balances")
        case _:
            distributions = counted(done.distributions, "distribution")
            text = word(f"line.{part}", distributions=distributions)
            if part == Part.FACTS and done.distributions_missing:
                text += word("line.facts.missing", missing=done.distributions_missing)
    return text


def _minted(done: Swept) -> dict[str, str]:
    amount = amount_text(done.deposits_minor, done.currency)
    return {"mints": counted(done.deposits, "mint"), "amount": amount}


def _missing(done: Swept) -> str:
    return f"the {counted(done.distributions_missing, 'distribution')} without facts"


def _notes(done: Swept, part: Part) -> Iterator[str]:
    """What is to be said below the line of *part*."""
    if part == Part.SIGNERS:
        for quorum in done.quorums:
            if quorum.heads:
                yield word(
                    "quorum",
                    heads=counted(quorum.heads, "head"),
                    threshold=quorum.threshold,
                    signers=", ".join(quorum.signers),
                    block=quorum.block,
                )
    if part == Part.FACTS:
        yield from _shared_out(done)


def _shared_out(done: Swept) -> Iterator[str]:
    """Whether all that was anchored was shared out, as far as that can be told."""
    rows = done.in_no_known_distribution
    head = word("head" if done.is_whole else "head.read")
    sums = {
        "sales": counted(sum(row.sales for row in rows), "sale"),
        "refunds": counted(sum(row.refunds for row in rows), "refund"),
    }
    if not done.heads_verified:
        return
    if done.distributions_missing:
        if rows:
            yield word("shared.untold", missing=_missing(done), **sums)
        else:
            yield word("shared.untold.none", head=head)
        return
    if not rows:
        is_read = done.state_of(Part.RECORDS) != State.FAILED
        yield word("shared.all" if is_read else "shared.all.read", head=head)
        return
    yield word("shared.not", **sums)
    yield from map(_row, rows)


def _row(row: NotSharedOut) -> str:
    said = word(
        "row",
        date=date_text(row.business_date),
        project=row.project or word("row.no_project"),
        sales=counted(row.sales, "sale"),
        refunds=counted(row.refunds, "refund"),
        amount=amount_text(row.amount_minor, row.currency),
        first=row.first_record,
    )
    return said + (word("row.repudiated", number=row.repudiated) if row.repudiated else "")


def _unseen(done: Swept) -> Iterator[str]:
    """What was not looked at, and how to look: first what this sweep left open, then what no sweep looks at."""
    if not done.is_whole:
        rest = counted(max(0, done.records_anchored - done.records), "record")
        yield word("unseen.records", records=rest)
    if done.distributions_missing:
        yield word("unseen.facts", missing=_missing(done))
    if done.deposits and not done.deposits_compared:
        yield word("unseen.mints", **_minted(done))
    yield word("unseen.later", block=done.block.number, moment=moment(done.block.time_s))
    for key in ("certificates", "dated", "clock", "events"):
        yield word(f"unseen.{key}")
    if done.in_no_known_distribution and not done.distributions_missing:
        yield word("unseen.reasons")
    for key in ("witnesses", "node", "deployment"):
        yield word(f"unseen.{key}")
    yield word("unseen.contracts", contracts=", ".join(CONTRACTS))
