"""Which project a machine was in, at a time and at a block. Pure.

Rules kept here:

* A sale belongs to the project that its machine was in when the sale was signed and still was in when the sale was
  anchored. An assignment made later, for however short a time, takes nothing of it.
* Before its registration a machine is counted to the project that it was registered in: its older records came in with
  it. A machine that was registered in none is in none until it is assigned.
* Times are chain time in ms: of an assignment its block's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NO_PROJECT = bytes(32)


class Assignment(NamedTuple):
    """From *block* on, at *time_ms*, the machine was in *project* (its on-chain id; NO_PROJECT for none)."""

    block: int
    time_ms: int
    project: bytes


class ProjectHistory:
    """One machine's assignments, in the chain's order."""

    def __init__(self, assignments: Sequence[Assignment]) -> None:
        self.assignments = tuple(assignments)
        self._first = self.assignments[0].project if self.assignments else NO_PROJECT

    def at_block(self, block: int) -> bytes:
        """The project after *block*; the registration's before it."""
        known = [one.project for one in self.assignments if one.block <= block]
        return known[-1] if known else self._first

    def at_time(self, time_ms: int) -> bytes:
        """The project at *time_ms*; the registration's before it."""
        known = [one.project for one in self.assignments if one.time_ms <= time_ms]
        return known[-1] if known else self._first

    def between(self, time_ms: int, block: int) -> set[bytes]:
        """Every project from *time_ms* on up to *block*, both included."""
        inside = {a.project for a in self.assignments if a.time_ms > time_ms and a.block <= block}
        return {self.at_time(time_ms)} | inside

    def during(self, first_ms: int, until_ms: int) -> set[bytes]:
        """Every project from *first_ms* on and before *until_ms*."""
        inside = {a.project for a in self.assignments if first_ms < a.time_ms < until_ms}
        return {self.at_time(first_ms)} | inside
