"""A verification's report as somebody signs an opinion on it: one text for terminal, JSON and HTML. Pure.

It says what was asked, the verdict, how sure it is, each figure with its unit, what was checked and found, and what was
not looked at and how to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_blocks import (
    block_headers,
    block_times,
    newest_block,
)
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.evidence import KeyShown
from counterfoil.api.audit.verification.report import Report, Step
from counterfoil.api.audit.verification.report_words import word
from counterfoil.api.audit.verification.said import said_in, translated
from counterfoil.api.audit.verification.subject import Subject
from counterfoil.api.audit.verification.words import moment
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.printable import address_shown

_LEFT = ("left.sales", "left.refunds")
"""The figures of what no distribution here shared out."""
Outcome = Literal["passed", "open", "failed"]


class Row(NamedTuple):
    """A line of a section: what it is about, and what is said. *key* names it whatever the language."""

    name: str
    value: str
    key: str


class BlockRow(NamedTuple):
    """A block that the file rests on, to be compared with the chain's: its time in UTC, its hash with 0x."""

    number: int
    moment: str
    hash: str


class FindingRow(NamedTuple):
    """What a step found: ``text`` is all but what to do about it."""

    code: str
    unverifiable: bool
    where: str
    detail: str
    to_do: str
    text: str
    advice: str
    """``to_do`` with its label."""


class StepRow(NamedTuple):
    """A step: ``text`` is its number, its title and what was checked.

    ``outcome`` is *passed*, *failed*, or *open* where all that it found is that something can't be told.
    """

    number: int
    title: str
    checked: str
    outcome: Outcome
    findings: Sequence[FindingRow]
    text: str


@dataclass(frozen=True)
class Asked:
    """What the auditor gave beside the file: the names are for the report alone."""

    file: str
    size: int
    sha256: str
    root_name: str
    root_sha256: str
    program: str
    at_ms: int = 0
    """When it was verified, by the clock of the machine that did."""
    deployment: str = ""
    """Its hash, empty where none was given."""
    node: str = ""
    """The node's address, empty where none was asked; of it, its host and port are shown alone."""
    is_node_asked: bool = False
    """Whether it answered, too."""
    has_log_key: bool = False
    has_witnesses: bool = False
    subject: Subject = field(default_factory=Subject)
    """Which device and days the auditor said that he wants."""
    is_by_platform: bool = False
    """Whether root, deployment and node are the platform's that made the file, and not the reader's own."""


@dataclass(frozen=True)
class Opinion:
    """A report in one language: sections of rows, the steps, and the lines of what was not looked at.

    Terminal, JSON and HTML take all their text from here.
    """

    language: str
    verdict: str
    verdict_name: str
    """It in one word."""
    is_alone: bool
    """Whether it is valid by the file alone, or by the platform's own word: no node of the reader's was asked."""
    verdict_text: str
    asked: Sequence[Row]
    sure: Sequence[Row]
    figures: Sequence[Row]
    steps: Sequence[StepRow]
    skipped: Sequence[str]
    unseen: Sequence[str]
    """What was skipped too."""
    blocks: Sequence[BlockRow] = ()

    def title(self, section: str) -> str:
        """The heading of a section."""
        return word(self.language, section)


def opinion_of(report: Report, asked: Asked, language: str) -> Opinion:
    """Return the report in the words of *language*."""
    wrong = sum(not finding.unverifiable for finding in report.findings)
    open_ = len(report.findings) - wrong
    said = {"valid": {}, "invalid": {"wrong": wrong}, "unverifiable": {"open": open_}}
    bundle = report.bundle
    is_alone = report.verdict == "valid" and (asked.is_by_platform or not asked.is_node_asked)
    key = (
        ("valid.platform" if asked.is_by_platform else "valid.alone")
        if is_alone
        else report.verdict
    )
    text = word(language, key, **said[report.verdict])
    skipped = [said_in(language, line) for line in report.skipped]
    return Opinion(
        language,
        verdict=report.verdict,
        verdict_name=word(language, f"name.{report.verdict}"),
        is_alone=is_alone,
        verdict_text=text,
        asked=list(_asked(bundle, asked, language)),
        sure=[] if bundle is None else list(_sure(report, bundle, asked, language)),
        figures=[] if bundle is None else list(_figures(report, language)),
        steps=[_step(language, one) for one in report.steps],
        skipped=skipped,
        unseen=[*skipped, *_unseen(report, asked, language)],
        blocks=[] if bundle is None else _blocks(bundle),
    )


def _blocks(bundle: Bundle) -> list[BlockRow]:
    return [
        BlockRow(one.number, moment(one.timestamp * 1_000), to_hex(one.hash))
        for one in block_headers(bundle)
    ]


def _asked(bundle: Bundle | None, asked: Asked, language: str) -> Iterator[Row]:
    def row(key: str, value: str, whose: str = "") -> Row:
        return Row(word(language, key + whose), value, key)

    yield row("wanted", _wanted(asked.subject, language))
    yield row("file", word(language, "file.value", name=asked.file, size=f"{asked.size:,}"))
    yield row("sha256", asked.sha256)
    if bundle is not None:
        scope = bundle.scope
        yield row("device", scope.device)
        first, until = moment(scope.first_ms), moment(scope.until_ms)
        yield row("period", word(language, "period.value", first=first, until=until))
        yield row("project", scope.project or word(language, "project.none"))
        yield row("made", word(language, "made.value", moment=moment(scope.made_ms)))
    whose = ".platform" if asked.is_by_platform else ""
    yield row("root", f"{asked.root_name}, SHA-256 {asked.root_sha256}", whose)
    yield row("deployment", asked.deployment or word(language, "deployment.none"), whose)
    at = word(language, "program.value", program=asked.program, moment=moment(asked.at_ms))
    yield row("program", at)


def _wanted(subject: Subject, language: str) -> str:
    """What the auditor named, in words."""
    said = [subject.device] if subject.device else []
    if subject.first or subject.last:
        first, last = (str(day or "…") for day in (subject.first, subject.last))
        said.append(word(language, "wanted.days", first=first, last=last))
    return ", ".join(said) or word(language, "wanted.nothing")


def _sure(report: Report, bundle: Bundle, asked: Asked, language: str) -> Iterator[Row]:
    def row(key: str, value: str, whose: str = "") -> Row:
        return Row(word(language, key + whose), value, key)

    yield row("class", word(language, f"class.{bundle.scope.proof_class}"))
    for key in report.evidence.keys:
        yield row("key", _key(key, language))
    times = block_times(bundle)
    if bundle.heads:
        head = bundle.heads[-1]
        at = times.get(head.block_number)
        values = {"size": head.size, "block": head.block_number}
        if at is None:
            said = word(language, "head.no_block", **values)
        else:
            said = word(language, "head.value", **values, moment=moment(at * 1_000))
        yield row("head", said)
    newest = newest_block(bundle)
    if newest is not None:
        said = word(
            language,
            "block.value",
            number=newest.number,
            moment=moment(newest.timestamp * 1_000),
            hash=to_hex(newest.hash),
        )
        yield row("block", said)
    whose = ".platform" if asked.is_by_platform else ""
    if not asked.node:
        yield row("node", word(language, "node.not_asked"), whose)
    else:
        said = "node.asked" if asked.is_node_asked else "node.no_answer"
        about = word(language, said, node=address_shown(asked.node), chain=bundle.scope.chain_id)
        yield row("node", about, whose)


def _key(key: KeyShown, language: str) -> str:
    """A registered key: its fingerprint, since when it is registered, and how long its certificate is in force."""
    none = word(language, "key.unknown")
    times = (key.registered_ms or None, key.valid_from_ms, key.valid_until_ms)
    registered, first, until = (none if at is None else moment(at) for at in times)
    return word(
        language,
        "key.value",
        epoch=key.epoch,
        fingerprint=key.fingerprint,
        registered=registered,
        first=first,
        until=until,
    )


def _step(language: str, step: Step) -> StepRow:
    title, checked = word(language, f"step.{step.number}"), said_in(language, step.said)
    return StepRow(
        step.number,
        title,
        checked,
        outcome=_outcome(step),
        findings=[_finding(language, one) for one in step.findings],
        text=word(language, "step.line", number=step.number, title=title, checked=checked),
    )


def _outcome(step: Step) -> Outcome:
    if step.passed:
        return "passed"
    return "open" if all(one.unverifiable for one in step.findings) else "failed"


def _finding(language: str, finding: AuditError) -> FindingRow:
    where, detail = said_in(language, finding.said_where), finding.detail_in(language)
    to_do = translated(finding.to_do, language)
    return FindingRow(
        finding.code,
        finding.unverifiable,
        where,
        detail,
        to_do,
        text=word(language, "finding.line", code=finding.code, where=where, detail=detail),
        advice=word(language, "finding.to_do", to_do=to_do),
    )


def _figures(report: Report, language: str) -> Iterator[Row]:
    seen = report.evidence
    if seen.first_ms is not None and seen.last_ms is not None:
        said = word(language, "dated.value", first=moment(seen.first_ms), last=moment(seen.last_ms))
        yield Row(word(language, "dated"), said, "dated")
    for one in report.figures:
        said = word(language, "count", count=one.count)
        if one.sums:
            said = word(language, "sum", count=one.count, sums=one.sums)
        # A node that has listed all distributions turns "not shown here" into "not shared out".
        is_unpaid = one.key.startswith("left.") and report.is_complete
        label = one.key.replace("left.", "unpaid.") if is_unpaid else one.key
        yield Row(word(language, label), said, one.key)
    if seen.readings:
        said = word(language, "energy.value", readings=seen.readings, energy=f"{seen.energy_wh:,}")
        yield Row(word(language, "energy"), said, "energy")


def _unseen(report: Report, asked: Asked, language: str) -> Iterator[str]:
    bundle, seen = report.bundle, report.evidence
    if bundle is None:
        return
    if asked.is_by_platform:
        yield word(language, "unseen.platform")
    if not asked.subject.is_whole:
        yield word(language, "unseen.subject")
    if not asked.is_node_asked:
        yield word(language, "unseen.node")
    if bundle.heads:
        at = block_times(bundle).get(bundle.heads[-1].block_number)
        if at is not None:
            yield word(language, "unseen.later", moment=moment(at * 1_000))
    if seen.backdated:
        yield word(language, "unseen.backdated", count=seen.backdated)
    if not seen.root_has_list:
        yield word(language, "unseen.root_list")
    if not asked.has_log_key:
        yield word(language, "unseen.log_key")
    if not asked.has_witnesses:
        yield word(language, "unseen.witnesses")
    yield from _money_unseen(report, bundle, language)
    for key in ("machines", "clock", "events", "class"):
        yield word(language, f"unseen.{key}")


def _money_unseen(report: Report, bundle: Bundle, language: str) -> Iterator[str]:
    """What nobody looked at of where the money went."""
    if bundle.distributions:
        yield word(language, "unseen.accounts")
    if report.is_complete and any(one.count for one in report.figures if one.key in _LEFT):
        yield word(language, "unseen.elsewhere")
