"""Leaves an instruction for the oracle under its idempotency key."""

from __future__ import annotations

import time
from typing import Any

from sqlmodel import Session, select

from counterfoil.oracle.store.instruction_table import Instruction

TRANSACT = "transact"
PENDING, SENT, DONE, REFUSED = "pending", "sent", "done", "failed"


def ask(session: Session, key: str, party: str, kind: str, payload: dict[str, Any]) -> Instruction:
    """The instruction under the idempotency key *key*: the one that is here, or a new one. The caller commits."""
    known = session.exec(select(Instruction).where(Instruction.idempotency_key == key)).first()
    if known is not None:
        return known
    row = Instruction(
        idempotency_key=key,
        party=party,
        kind=kind,
        payload=payload,
        created_ms=time.time_ns() // 1_000_000,
    )
    session.add(row)
    session.flush()
    return row
