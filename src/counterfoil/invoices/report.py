"""What a run of invoices came to, and whether it adds up."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class InvoiceReport:
    """What the run came to; amounts in minor units, read back from the chain."""

    rows: int
    invoices: int
    set_aside: dict[str, int]
    notices: dict[str, int]
    file_total_minor: int
    file_amount_minor: int
    file_settled_minor: int
    file_standings: dict[str, int]
    registered: int = 0
    registered_minor: int = 0
    settled_minor: int = 0
    outstanding_minor: int = 0
    withdrawn_minor: int = 0
    standings: dict[str, int] = field(default_factory=dict)
    differing_rows: list[int] = field(default_factory=list)
    transactions: int = 0
    gas: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    invoices_a_second: dict[str, float] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether the chain holds what the file says, row by row and in all."""
        return (
            not self.differing_rows
            and (self.registered, self.standings) == (self.invoices, self.file_standings)
            and self.registered_minor == self.file_amount_minor
            and self.settled_minor == self.withdrawn_minor == self.file_settled_minor
            and self.settled_minor + self.outstanding_minor == self.registered_minor
        )

    def to_json(self) -> dict[str, Any]:
        """One JSON document."""
        return {**asdict(self), "adds_up": self.adds_up}
