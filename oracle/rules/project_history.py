"""Which project a machine was in, at a time and at a block. Pure.

Rules kept here:

* A sale belongs to the project that its machine was in when the sale was signed and still was in when the sale was
  anchored. An assignment made later, for however short a time, takes nothing of it.
* Before its registration a machine is counted to the project that it was registered in: its older records came in with
  it. A machine that was registered in none is in none until it is assigned.
* Times are chain time in ms: of an assignment its block's.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

NO_PROJECT = bytes(32)


class Assignment(NamedTuple):
    """From *block* on, at *time_ms*, the machine was in *project* (its on-chain id; NO_PROJECT for none)."""

    block: int
    time_ms: int
    project: bytes


class Whose(Enum):
    """How long a machine was in a project."""

    ALWAYS = "always"
    MEANWHILE = "meanwhile"
    NEVER = "never"


class ProjectHistory:
    """One machine's assignments, in the chain's order. What is asked of it takes no longer for many of them."""

    def __init__(self, assignments: Sequence[Assignment]) -> None:
        self.assignments = tuple(assignments)
        self._blocks = [one.block for one in self.assignments]
        self._times = [one.time_ms for one in self.assignments]
        self._places: dict[bytes, list[int]] = defaultdict(list)
        for place, one in enumerate(self.assignments):
            self._places[one.project].append(place)

    def at_block(self, block: int) -> bytes:
        """The project after *block*; the registration's before it."""
        return self._at(bisect_right(self._blocks, block))

    def at_time(self, time_ms: int) -> bytes:
        """The project at *time_ms*; the registration's before it."""
        return self._at(bisect_right(self._times, time_ms))

    def whose(self, project: bytes, time_ms: int, block: int) -> Whose:
        """Whether the machine was in *project* from *time_ms* on up to *block*, both included."""
        if not self.assignments:
            return Whose.ALWAYS if project == NO_PROJECT else Whose.NEVER
        first = max(0, bisect_right(self._times, time_ms) - 1)
        last = max(first, bisect_right(self._blocks, block) - 1)
        places = self._places.get(project, [])
        count = bisect_right(places, last) - bisect_left(places, first)
        if count == 0:
            return Whose.NEVER
        return Whose.ALWAYS if count == last - first + 1 else Whose.MEANWHILE

    def during(self, first_ms: int, until_ms: int) -> set[bytes]:
        """Every project from *first_ms* on and before *until_ms*."""
        inside = {a.project for a in self.assignments if first_ms < a.time_ms < until_ms}
        return {self.at_time(first_ms)} | inside

    def _at(self, count: int) -> bytes:
        """The project after the first *count* assignments."""
        return self.assignments[max(0, count - 1)].project if self.assignments else NO_PROJECT
