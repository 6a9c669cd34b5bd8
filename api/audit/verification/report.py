"""A report: what each step of a verification checked and found, and the verdict that follows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.errors import (
    AuditError,
)

Verdict = Literal["valid", "invalid", "unverifiable"]


@dataclass
class Step:
    """One step's outcome: what was checked, in one line, and what was found wrong."""

    number: int
    checked: str
    findings: list[AuditError] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass
class Report:
    """All steps that ran. ``skipped`` says in words what was not checked."""

    steps: list[Step]
    skipped: list[str] = field(default_factory=list)
    bundle: Bundle | None = None

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


def counted(number: int, noun: str) -> str:
    """Return *number* with its *noun*, which takes an s unless *number* is 1."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
