"""Instructions and what came of them: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, and_, func
from sqlmodel import Session, col, select

from counterfoil.api.access.parties import is_party
from counterfoil.oracle.store.instruction_state import Door
from counterfoil.oracle.store.instruction_table import Instruction


def _is_of(party: str) -> ColumnElement[bool]:
    """Return the condition that *party* asked through the API: a name at the console is a user's, not a party's."""
    return and_(is_party(Instruction.party, party), col(Instruction.door) == Door.API)


class InstructionReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def instructions(
        self, party: str | None, below: int | None, limit: int
    ) -> Sequence[Instruction]:
        """Return up to *limit* instructions of *party* (None: of all), the newest first."""
        query = select(Instruction).order_by(col(Instruction.id).desc()).limit(limit)
        if party is not None:
            query = query.where(_is_of(party))
        if below is not None:
            query = query.where(col(Instruction.id) < below)
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).all()

    def instruction(self, number: int) -> Instruction | None:
        """Return one instruction; None when there is none of this number."""
        with Session(self._engine, expire_on_commit=False) as session:
            return session.get(Instruction, number)

    def asked(self, party: str, key: str) -> Instruction | None:
        """Return the instruction that *party* gave under its idempotency key *key*."""
        query = select(Instruction).where(Instruction.idempotency_key == f"api:{party}:{key}")
        with Session(self._engine, expire_on_commit=False) as session:
            return session.exec(query).first()

    def changes(self, party: str | None) -> int:
        """Return a number that changes with the instructions of *party* (None: of all)."""
        query = select(func.count(), func.count(col(Instruction.finished_ms)))
        if party is not None:
            query = query.where(_is_of(party))
        with Session(self._engine, expire_on_commit=False) as session:
            asked, finished = session.exec(query).one()
            return asked + int(finished or 0)
