"""A report: what each step of a verification checked and found, and the verdict that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.errors import (
    AuditError,
)
from counterfoil.api.audit.verification.said import Joined, Said

Verdict = Literal["valid", "invalid", "unverifiable"]


@dataclass
class Step:
    """One step's outcome: what was checked, in one line, and what was found wrong."""

    number: int
    said: Said
    findings: list[AuditError] = field(default_factory=list)

    def add(self, more: Said) -> None:
        """Say *more* of what was checked."""
        self.said = Joined("; ", (self.said, more))

    @property
    def checked(self) -> str:
        """What was checked, in English."""
        return str(self.said)

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True)
class Figure:
    """A number of the report: how many, and their sums with their currencies, empty where they are no money."""

    key: str
    count: int
    sums: str = ""


@dataclass
class Report:
    """All steps that ran. ``skipped`` says what was not checked.

    ``open`` are those of the findings that a node can answer: it says what lies behind the file's end.
    """

    steps: list[Step]
    skipped: list[Said] = field(default_factory=list)
    bundle: Bundle | None = None
    open: list[AuditError] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def settle(self, question: AuditError) -> None:
        """Take back an open *question* that a node has answered."""
        self.open.remove(question)
        for step in self.steps:
            step.findings[:] = [one for one in step.findings if one is not question]

    @property
    def findings(self) -> list[AuditError]:
        """All that was found, in the order of the steps."""
        return [finding for step in self.steps for finding in step.findings]

    @property
    def verdict(self) -> Verdict:
        """Valid, invalid or unverifiable."""
        findings = self.findings
        if any(not finding.unverifiable for finding in findings):
            return "invalid"
        return "unverifiable" if findings else "valid"
