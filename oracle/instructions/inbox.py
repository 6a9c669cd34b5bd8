"""Stores a request that is typed beside the oracle: an instruction under its idempotency key, pending until it is done.

What comes in by the API is stored there, with its own door: a token's party is never taken for the console.
"""

from __future__ import annotations

from sqlmodel import Session, select

from counterfoil.oracle.instructions.request import Request
from counterfoil.oracle.instructions.stored_form import encode
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.instruction_state import Door
from counterfoil.oracle.store.instruction_table import Instruction


def ask(session: Session, key: str, party: str, request: Request) -> Instruction:
    """Return the instruction under the idempotency key *key*: the stored one, or a new one.

    The caller commits.
    """
    known = session.exec(select(Instruction).where(Instruction.idempotency_key == key)).first()
    if known is not None:
        return known
    row = Instruction(
        idempotency_key=key,
        party=party,
        door=Door.CONSOLE,
        kind=request.kind,
        payload=encode(request),
        created_ms=now_ms(),
    )
    session.add(row)
    session.flush()
    return row
