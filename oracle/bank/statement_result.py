"""What became of a statement: how many of its entries had which outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from counterfoil.oracle.store.bank_tables import BankLine

MINTED, PAID, SET_ASIDE, NOTED, RESOLVED = "minted", "paid", "set_aside", "noted", "resolved"
WAITING = "waiting"


@dataclass
class StatementResult:
    """One statement's result: the number of entries by outcome, and the error in its balances."""

    account: str
    identification: str
    finding: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """For the instruction's result."""
        return {
            "account": self.account,
            "statement": self.identification,
            "finding": self.finding,
            **{name: self.outcomes[name] for name in (MINTED, PAID, SET_ASIDE, NOTED, WAITING)},
            "reasons": dict(sorted(self.reasons.items())),
        }

    def count(self, line: BankLine) -> None:
        """Count the outcome of *line*, and its reason."""
        self.outcomes[line.outcome] += 1
        if line.reason:
            self.reasons[line.reason] += 1
