"""Instructions: what users asked for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field

from counterfoil.oracle.store.columns import big_column, json_column
from counterfoil.oracle.store.instruction_state import Door, InstructionState
from counterfoil.oracle.store.table import OracleTable


class Instruction(OracleTable, table=True):
    """A user's request to the oracle, its state and its result; it is carried out once.

    ``kind`` and ``payload`` are a request's stored form (``instructions.stored_form``). ``status`` is an
    :class:`InstructionState`: ``done`` comes with ``result``, ``failed`` with ``error_code``. ``door`` is a
    :class:`Door`: at the console *party* is a user of this machine, at the API the party of a token.
    """

    __tablename__ = "instruction"

    id: int | None = Field(default=None, primary_key=True)
    idempotency_key: str = Field(unique=True)
    party: str
    door: str = Door.API
    kind: str
    payload: dict[str, Any] = json_column()
    status: str = Field(default=InstructionState.PENDING, index=True)
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    error_code: str | None = None
    error_detail: str | None = None
    created_ms: int = big_column()
    finished_ms: int | None = big_column(nullable=True)
