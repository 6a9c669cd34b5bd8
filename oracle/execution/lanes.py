"""Lanes of instructions: what can't be done now holds back its own lane, and no other.

Rules that this module keeps:

- A lane is a party at a door: what one party asked for is carried out in its order.
- A lane whose next instruction could not be carried out rests. The rest doubles from half a second to a minute.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

_FIRST_REST_S = 0.5
_LONGEST_REST_S = 60.0


@dataclass(frozen=True)
class _Rest:
    instruction: int
    tries: int
    until: float


class Lanes:
    """Which lanes rest, until when; times are seconds of one clock that does not jump."""

    def __init__(self) -> None:
        self._resting: dict[Hashable, _Rest] = {}

    def rests(self, lane: Hashable, now: float) -> bool:
        """Whether nothing of *lane* is to be tried now."""
        found = self._resting.get(lane)
        return found is not None and now < found.until

    def failed(self, lane: Hashable, instruction: int, now: float) -> int:
        """Let *lane* rest, since *instruction* could not be carried out; return how often that has been so."""
        known = self._resting.get(lane)
        tries = known.tries + 1 if known is not None and known.instruction == instruction else 1
        rest_s = min(_FIRST_REST_S * 2 ** min(tries - 1, 16), _LONGEST_REST_S)
        self._resting[lane] = _Rest(instruction, tries, now + rest_s)
        return tries

    def went_on(self, lane: Hashable) -> None:
        """Note that an instruction of *lane* was carried out."""
        self._resting.pop(lane, None)
