"""A verification's report as somebody signs an opinion on it: one text for terminal, JSON and HTML. Pure.

It says what was asked, the verdict, how sure it is, each figure with its unit, what was checked and found, and what was
not looked at and how to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_blocks import block_times, newest_block
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.report import Report, Step
from counterfoil.api.audit.verification.report_words import word
from counterfoil.api.audit.verification.said import said_in, translated
from counterfoil.api.audit.verification.words import moment
from counterfoil.chain.hexadecimal import to_hex


class Row(NamedTuple):
    """A line of a section: what it is about, and what is said."""

    name: str
    value: str


class FindingRow(NamedTuple):
    """What a step found: ``text`` is all but what to do about it."""

    code: str
    where: str
    detail: str
    to_do: str
    text: str
    advice: str
    """``to_do`` with its label."""


class StepRow(NamedTuple):
    """A step: ``text`` is its number, its title and what was checked."""

    number: int
    title: str
    checked: str
    passed: bool
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
    deployment: str = ""
    """Its hash, empty where none was given."""
    is_node_asked: bool = False
    has_witnesses: bool = False
    has_subject: bool = False
    """Whether the auditor said which device and period he wants."""
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
        sure=[] if bundle is None else list(_sure(bundle, asked, language)),
        figures=[
            Row(word(language, one.key), _figure(language, one.count, one.sums))
            for one in report.figures
        ],
        steps=[_step(language, one) for one in report.steps],
        skipped=skipped,
        unseen=[*skipped, *_unseen(bundle, asked, language)],
    )


def _asked(bundle: Bundle | None, asked: Asked, language: str) -> Iterator[Row]:
    def row(key: str, value: str) -> Row:
        return Row(word(language, key), value)

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
    yield row(f"root{whose}", f"{asked.root_name}, SHA-256 {asked.root_sha256}")
    yield row(f"deployment{whose}", asked.deployment or word(language, "deployment.none"))
    yield row("program", asked.program)


def _sure(bundle: Bundle, asked: Asked, language: str) -> Iterator[Row]:
    yield Row(word(language, "class"), word(language, f"class.{bundle.scope.proof_class}"))
    times = block_times(bundle)
    if bundle.heads:
        head = bundle.heads[-1]
        at = times.get(head.block_number)
        when = "–" if at is None else moment(at * 1_000)
        said = word(language, "head.value", size=head.size, block=head.block_number, moment=when)
        yield Row(word(language, "head"), said)
    newest = newest_block(bundle)
    if newest is not None:
        said = word(
            language,
            "block.value",
            number=newest.number,
            moment=moment(newest.timestamp * 1_000),
            hash=to_hex(newest.hash),
        )
        yield Row(word(language, "block"), said)
    node = "node.asked" if asked.is_node_asked else "node.not_asked"
    name = "node.platform" if asked.is_by_platform else "node"
    yield Row(word(language, name), word(language, node))


def _step(language: str, step: Step) -> StepRow:
    title, checked = word(language, f"step.{step.number}"), said_in(language, step.said)
    return StepRow(
        step.number,
        title,
        checked,
        passed=step.passed,
        findings=[_finding(language, one) for one in step.findings],
        text=word(language, "step.line", number=step.number, title=title, checked=checked),
    )


def _finding(language: str, finding: AuditError) -> FindingRow:
    where, detail = (said_in(language, one) for one in (finding.said_where, finding.said))
    to_do = translated(finding.to_do, language)
    return FindingRow(
        finding.code,
        where,
        detail,
        to_do,
        text=word(language, "finding.line", code=finding.code, where=where, detail=detail),
        advice=word(language, "finding.to_do", to_do=to_do),
    )


def _figure(language: str, count: int, sums: str) -> str:
    if not sums:
        return word(language, "count", count=count)
    return word(language, "sum", count=count, sums=sums)


def _unseen(bundle: Bundle | None, asked: Asked, language: str) -> Iterator[str]:
    if bundle is None:
        return
    if asked.is_by_platform:
        yield word(language, "unseen.platform")
    if not asked.has_subject:
        yield word(language, "unseen.subject")
    if not asked.is_node_asked:
        yield word(language, "unseen.node")
    if bundle.heads:
        at = block_times(bundle).get(bundle.heads[-1].block_number)
        if at is not None:
            yield word(language, "unseen.later", moment=moment(at * 1_000))
    if not asked.has_witnesses:
        yield word(language, "unseen.witnesses")
    for key in ("machines", "clock", "events", "class"):
        yield word(language, f"unseen.{key}")
