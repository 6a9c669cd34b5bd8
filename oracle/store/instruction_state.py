"""How far an instruction is."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class InstructionState(StrEnum):
    """``pending`` → ``done`` or ``failed``; a transaction is ``sent`` in between."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
