"""What a replay came to: its report, and whether it adds up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from counterfoil.replay.asset_report import AssetReport


@dataclass
class ReplayReport:
    """What a replay came to; amounts in minor units of ``currency``."""

    source: str
    currency: str
    notes: list[str] = field(default_factory=list)
    records: dict[str, int] = field(default_factory=dict)
    gross_by_machine: dict[str, int] = field(default_factory=dict)
    paid: list[dict[str, Any]] = field(default_factory=list)
    received_minor: int = 0
    credited_minor: int = 0
    carried_minor: int = 0
    input_gross_minor: int = 0
    set_aside_minor: int = 0
    exceptions: dict[str, int] = field(default_factory=dict)
    withdrawn_minor: int = 0
    gas: dict[str, dict[str, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    audit: dict[str, Any] = field(default_factory=dict)
    assets: AssetReport | None = None
    page: str = ""
    steps: list[str] = field(default_factory=list)
    """What was begun, in order."""
    failed: dict[str, str] | None = None
    """The code and the detail of what ended it; None when it came to its end."""

    @property
    def adds_up(self) -> bool:
        """Whether each minor unit of the input is accounted for, and the audit found only the changed byte."""
        counts = [self.records.get(n) for n in ("sent", "stored", "anchored", "proofs checked")]
        return (
            self.failed is None
            and self.received_minor == self.input_gross_minor
            and self.credited_minor + self.carried_minor == self.received_minor
            and None not in counts
            and len(set(counts)) == 1
            and self.audit.get("verified") is True
            and self.audit.get("tampering_named") is True
            and (self.assets is None or self.assets.adds_up)
        )

    def to_json(self) -> dict[str, Any]:
        """One JSON document."""
        found = {**asdict(self), "adds_up": self.adds_up}
        if self.failed is None:
            del found["failed"]
        if self.assets is None:
            del found["assets"]
        else:
            found["assets"] = self.assets.to_json()
        return found


def write(report: ReplayReport, path: Path) -> None:
    """Save the report as JSON."""
    path.write_text(json.dumps(report.to_json(), indent=1))
