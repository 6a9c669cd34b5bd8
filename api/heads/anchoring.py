"""How far the log is anchored and final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http.context import ApiParts

ProofState = Literal["stored", "anchored", "final"]


@dataclass(frozen=True)
class Anchors:
    """How far the log is anchored and final: numbers of records."""

    anchored: int
    final: int

    def state(self, log_index: int) -> ProofState:
        """Return the proof state of the record at *log_index*."""
        if log_index < self.final:
            return "final"
        return "anchored" if log_index < self.anchored else "stored"


def anchors(parts: ApiParts) -> Anchors:
    """Return how far the log is anchored and final now."""
    newest = HeadReads(parts.reads).newest()
    final = HeadReads(parts.reads).newest(parts.final_number())
    return Anchors(newest.size if newest else 0, final.size if final else 0)
