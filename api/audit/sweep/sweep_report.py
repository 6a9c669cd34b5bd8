"""A sweep's outcome as somebody signs an opinion on it: one text for the terminal and JSON, in either language.

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
from counterfoil.api.audit.sweep.sweep_words import date_text, moment, word
from counterfoil.api.audit.verification.said import Counted, Joined, Said
from counterfoil.fault import Code
from counterfoil.printable import printable

MARKS = {State.HELD: "✓", State.FAILED: "✕", State.NOT_TOLD: "?"}


class Row(NamedTuple):
    """A line of what was asked: its name, and what is said. *key* names it whatever the language."""

    name: str
    value: str
    key: str


class FindingRow(NamedTuple):
    """A finding: *text* is its line."""

    code: Code
    unverifiable: bool
    text: str


class Line(NamedTuple):
    """What was checked, whether it held, what was found, and what is to be said below it. *said* is its line."""

    part: Part
    state: State
    state_text: str
    text: str
    said: str
    findings: Sequence[FindingRow]
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
    """A report in the words of *language*."""

    language: str
    verdict_name: str
    verdict_text: str
    asked: Sequence[Row]
    lines: Sequence[Line]
    unseen: Sequence[str] = field(default_factory=list)


def report_of(done: Swept, asked: Asked, language: str) -> SweepReport:
    """Return the report on *done* in *language*."""
    wrong = [one for one in done.findings if not one.unverifiable]
    findings = Counted(len(wrong or done.findings), "finding")
    return SweepReport(
        language,
        verdict_name=word(language, f"name.{done.verdict}"),
        verdict_text=word(language, done.verdict, findings=findings),
        asked=[
            Row(word(language, key), value, key) for key, value in _asked(done, asked, language)
        ],
        lines=[
            _line(done, part, number, language) for number, part in enumerate(done.parts, start=1)
        ],
        unseen=list(_unseen(done, language)),
    )


def _line(done: Swept, part: Part, number: int, language: str) -> Line:
    state = done.state_of(part)
    state_text, text = word(language, state), _text(done, part, language)
    return Line(
        part,
        state=state,
        state_text=state_text,
        text=text,
        said=word(language, "line", number=number, state=state_text, text=text),
        findings=[_finding(one, language) for one in done.found_in(part)],
        notes=list(_notes(done, part, language)),
    )


def _finding(one: Finding, language: str) -> FindingRow:
    text = word(language, "finding.line", code=one.code, where=one.where, detail=one.detail)
    return FindingRow(one.code, one.unverifiable, text)


def _asked(done: Swept, asked: Asked, language: str) -> Iterator[tuple[str, str]]:
    """Each row of what was asked: its key, and what is said."""
    yield "chain", str(done.chain_id)
    yield "deployment", printable(f"{asked.deployment} ({asked.deployment_file})")
    yield "node", printable(asked.node)
    block = done.block
    at = moment(block.time_s)
    yield (
        "block",
        word(language, "block.value", number=block.number, moment=at, hash=block.hash),
    )
    if asked.depth:
        yield "depth", f"{asked.depth:,}"
    records = Counted(done.records, "record")
    yield "log", word(language, "log.value", where=asked.log, records=records)
    if asked.state and done.records_before:
        before = f"{done.records_before:,}"
        yield "log", word(language, "log.before", records=before, state=asked.state)
    yield from _given("facts", asked.facts, language)
    for one in asked.bundles:
        of = Counted(one.things, "distribution")
        yield "facts", word(language, "facts.bundle", distributions=of, file=one.name)
    if asked.facts is None and not asked.bundles:
        yield "facts", word(language, "facts.none")
    yield from _given("statements", asked.statements, language)
    if asked.projects:
        yield "projects", Joined(", ", asked.projects).in_(language)
    yield "at_least", word(language, "at_least.value", number=done.signatures_at_least)
    yield "date", word(language, "date.value", moment=moment(asked.date_s))
    yield "program", asked.program


def _given(key: str, one: AskedFolder | None, language: str) -> Iterator[tuple[str, str]]:
    if one is None:
        return
    files = Counted(one.things, "file")
    yield key, word(language, f"{key}.value", files=files, folder=one.name)
    if one.passed_over:
        names = Joined(", ", one.passed_over)
        yield key, word(language, "passed_over", folder=one.name, names=names)


def _text(done: Swept, part: Part, language: str) -> str:
    """What *part* says, whether it is so or not."""
    heads = Counted(done.heads, "head")
    match part:
        case Part.RECORDS:
            records: Said | str = Counted(done.records_anchored, "record")
            if done.is_whole:
                machines = Counted(done.machines, "machine")
                records = word(language, "machines", records=records, machines=machines)
            text = word(language, "line.records", records=records)
            if not done.is_whole:
                text += word(language, "line.records.short", read=done.records)
        case Part.HEADS:
            text = word(language, "line.heads", heads=heads)
            if not done.is_whole:
                text += word(language, "line.heads.short", read=done.heads_verified)
        case Part.SIGNERS:
            at_least = done.signatures_at_least
            text = word(language, "line.signers", heads=heads, at_least=at_least)
        case Part.GOSSIP:
            text = word(language, "line.gossip", heads=Counted(done.gossiped_heads, "head"))
        case Part.MINTS:
            text = word(language, "line.mints", **_minted(done))
        case Part.BALANCES:
            text = word(language, "line.balances")
        case _:
            distributions = Counted(done.distributions, "distribution")
            text = word(language, f"line.{part}", distributions=distributions)
            if part == Part.FACTS and done.distributions_missing:
                text += word(language, "line.facts.missing", missing=done.distributions_missing)
    return text


def _minted(done: Swept) -> dict[str, object]:
    amount = amount_text(done.deposits_minor, done.currency)
    return {"mints": Counted(done.deposits, "mint"), "amount": amount}


def _missing(done: Swept, language: str) -> str:
    distributions = Counted(done.distributions_missing, "distribution")
    return word(language, "missing", distributions=distributions)


def _notes(done: Swept, part: Part, language: str) -> Iterator[str]:
    """What is to be said below the line of *part*."""
    if part == Part.SIGNERS:
        for quorum in done.quorums:
            if quorum.heads:
                yield word(
                    language,
                    "quorum",
                    heads=Counted(quorum.heads, "head"),
                    threshold=quorum.threshold,
                    signers=Joined(", ", quorum.signers),
                    block=quorum.block,
                )
    if part == Part.FACTS:
        yield from _shared_out(done, language)


def _shared_out(done: Swept, language: str) -> Iterator[str]:
    """Whether all that was anchored was shared out, as far as that can be told."""
    rows = done.in_no_known_distribution
    head = word(language, "head" if done.is_whole else "head.read")
    sales = Counted(sum(row.sales for row in rows), "sale")
    refunds = Counted(sum(row.refunds for row in rows), "refund")
    if not done.heads_verified:
        return
    if done.distributions_missing:
        if rows:
            missing = _missing(done, language)
            yield word(language, "shared.untold", missing=missing, sales=sales, refunds=refunds)
        else:
            yield word(language, "shared.untold.none", head=head)
        return
    if not rows:
        is_read = done.state_of(Part.RECORDS) != State.FAILED
        yield word(language, "shared.all" if is_read else "shared.all.read", head=head)
        return
    yield word(language, "shared.not", sales=sales, refunds=refunds)
    for row in rows:
        yield _row(row, language)


def _row(row: NotSharedOut, language: str) -> str:
    said = word(
        language,
        "row",
        date=date_text(row.business_date),
        project=row.project or word(language, "row.no_project"),
        sales=Counted(row.sales, "sale"),
        refunds=Counted(row.refunds, "refund"),
        amount=amount_text(row.amount_minor, row.currency),
        first=row.first_record,
    )
    if not row.repudiated:
        return said
    return said + word(language, "row.repudiated", number=row.repudiated)


def _unseen(done: Swept, language: str) -> Iterator[str]:
    """What was not looked at, and how to look: first what this sweep left open, then what no sweep looks at."""
    if not done.is_whole:
        rest = Counted(max(0, done.records_anchored - done.records), "record")
        yield word(language, "unseen.records", records=rest)
    if done.distributions_missing:
        yield word(language, "unseen.facts", missing=_missing(done, language))
    if done.deposits and not done.deposits_compared:
        yield word(language, "unseen.mints", **_minted(done))
    at = moment(done.block.time_s)
    yield word(language, "unseen.later", block=done.block.number, moment=at)
    for key in ("certificates", "dated"):
        yield word(language, f"unseen.{key}")
    if done.distributions or done.deposits:
        yield word(language, "unseen.accounts")
    for key in ("clock", "events"):
        yield word(language, f"unseen.{key}")
    if done.in_no_known_distribution and not done.distributions_missing:
        yield word(language, "unseen.reasons")
    for key in ("witnesses", "node", "deployment"):
        yield word(language, f"unseen.{key}")
    yield word(language, "unseen.contracts", contracts=Joined(", ", CONTRACTS))
