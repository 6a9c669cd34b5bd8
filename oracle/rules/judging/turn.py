"""Whose turn it is to propose: by the head's number, and on to the next one when time goes by. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def turn_of(signers: Sequence[str], number: int, waited_ms: int, round_ms: int) -> str:
    """The signer that proposes head *number* (from 0), *waited_ms* after it was due.

    It goes round in the order of *signers*; each has *round_ms*.
    """
    return signers[(number + max(0, waited_ms) // round_ms) % len(signers)]
