"""What the demo's claim and loan came to, and whether it adds up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from counterfoil.replay.made_up_parties import PARTIES

ASSET_PARTIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "core": ("Great Lakes Retail", ("operator",)),
    "factory": ("Maple Foods", ("supplier",)),
}
"""The demo's own parties, beside the replay's."""
FACE, PASSED = 1_000_000, 400_000
"""What the retailer owes, and the part of it that is passed on, in minor units."""

_LOAN_LINES = {
    "drawn",
    "paid to the supplier",
    "swept from revenue",
    "paid by the operator",
    "principal repaid",
    "interest",
    "lender received",
    "outstanding",
}


@dataclass
class AssetReport:
    """The claim's and the loan's money, in minor units; ``days`` are the closings' dates and outcomes."""

    claim: list[dict[str, Any]] = field(default_factory=list)
    claim_paid_minor: int = 0
    loan: dict[str, int] = field(default_factory=dict)
    account: str = ""
    days: list[dict[str, Any]] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        """Whether the holders received what the retailer paid, and the lender got principal and interest back."""
        owed = self.loan
        if not owed.keys() >= _LOAN_LINES:
            return False  # it was cut off
        return (
            sum(line["received_minor"] for line in self.claim if line["at"] == "maturity")
            == self.claim_paid_minor
            == FACE
            and owed["drawn"] == owed["paid to the supplier"] == owed["principal repaid"]
            and owed["principal repaid"] + owed["interest"] == owed["lender received"]
            and owed["swept from revenue"] + owed["paid by the operator"] == owed["lender received"]
            and owed["outstanding"] == 0
            and all(day["status"] == "closed" for day in self.days)
        )

    def to_json(self) -> dict[str, Any]:
        """The fields, and whether they add up, for JSON."""
        return {**asdict(self), "adds_up": self.adds_up}


def kept_report(text: str) -> AssetReport:
    """The report of an earlier run over the same house."""
    found = json.loads(text)
    found.pop("adds_up")
    return AssetReport(**found)


def claim_line(party: str, how: str, face: int, received: int, at: str) -> dict[str, Any]:
    """One holder's line of the claim: what it holds, how, and what it received at which moment."""
    name = {**PARTIES, **ASSET_PARTIES}[party][0]
    return {
        "party": party,
        "holder": name,
        "how": how,
        "face_minor": face,
        "received_minor": received,
        "at": at,
    }
