"""The states of an instruction, and the doors that it can come in by."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class InstructionState(StrEnum):
    """``pending`` → ``done`` or ``failed``; with a transaction, ``sent`` in between."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"


@unique
class Door(StrEnum):
    """Where an instruction came in: typed beside the oracle, or sent to the API by who has a token."""

    CONSOLE = "console"
    API = "api"
