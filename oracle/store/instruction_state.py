"""The states of an instruction."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class InstructionState(StrEnum):
    """``pending`` → ``done`` or ``failed``; with a transaction, ``sent`` in between."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
