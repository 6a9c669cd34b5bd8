"""Whether a text that a verification or a sweep says in Chinese still has English in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from counterfoil.api.audit.sweep.run import Swept
from counterfoil.api.audit.sweep.sweep_report import Asked, SweepReport, report_of
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.said import Said, said_in

_SENTENCE = re.compile(r"\b[a-z]+[,;]? [a-z]+[,;]? [a-z]+\b")
"""Three English words: what a name, a code or an option is not."""
_NAMED = re.compile(r"“.*”|`[^`]*`|counterfoil audit \w+|\{\w+\}")
"""Quotations, commands and the names of templates."""
_MOST = 200
"""Findings of one test that are said."""


def has_english(text: str) -> bool:
    return _SENTENCE.search(_NAMED.sub("", text)) is not None


@pytest.fixture(autouse=True)
def every_finding_is_said_in_chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test finds has no English in it when it is said in Chinese."""
    made = AuditError.__init__
    found: list[AuditError] = []

    def kept(self: AuditError, where: Said, detail: Said) -> None:
        made(self, where, detail)
        if len(found) < _MOST:
            found.append(self)

    monkeypatch.setattr(AuditError, "__init__", kept)
    yield
    for one in found:
        for text in (one.said_where, one.said):
            assert isinstance(text, Said), one
            assert not has_english(said_in("zh", text)), one


@pytest.fixture(autouse=True)
def every_sweep_is_said_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test sweeps is reported in Chinese too, and has no English in it."""

    def reported(done: Swept, asked: Asked, language: str) -> SweepReport:
        for text in texts(report_of(done, asked, "zh")):
            assert not has_english(text), text
        return report_of(done, asked, language)

    monkeypatch.setattr("counterfoil.api.audit.commands.sweep.report_of", reported)


def texts(report: SweepReport) -> Iterator[str]:
    """All that a sweep's report says in words."""
    yield report.verdict_text
    for row in report.asked:
        yield f"{row.name} {row.value}"
    for line in report.lines:
        yield from (line.said, *line.notes, *(one.text for one in line.findings))
    yield from report.unseen
