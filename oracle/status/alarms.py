"""What the oracle's database says must be seen to now: read from its rows, and over when they are.

Rules kept here:

* The rows of the alarm table are one source; what follows from other tables is computed here and stored nowhere.
* Nothing of a request is shown but its number, its kind and its age.
"""

from __future__ import annotations

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.alarm import Alarm
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import PENDING, SUBMITTED
from counterfoil.fault import Code
from counterfoil.oracle.errors import (
    INSTRUCTION_WAITS,
    NODE_NOT_WELL,
    ORACLE_SILENT,
    TRANSACTION_WAITS,
)
from counterfoil.oracle.store.alarm_table import AlarmRow, standing_rows
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.quorum_tables import OracleNode

WAITS_MS = 60_000
"""How long an instruction or a transaction may wait before it is told."""
_OF_THE_PROCESS = (ORACLE_SILENT,)
"""Codes of rows whose details name nothing that belongs to a party."""


def standing_alarms(engine: Engine) -> list[Alarm]:
    """Return what holds now by the database of *engine*, which is only read."""
    with Session(engine.execution_options(reads_only=True)) as session:
        rows = [
            Alarm(Code(row.code), row.detail, "oracle", private=row.code not in _OF_THE_PROCESS)
            for row in standing_rows(session)
        ]
        return [
            *rows,
            *_waiting_instructions(session),
            *_waiting_transactions(session),
            *_nodes(session),
        ]


def put_off_until_ms(engine: Engine) -> int | None:
    """Return when the oracle is silent unless it gives another sign of life; None before its first."""
    with Session(engine.execution_options(reads_only=True)) as session:
        return session.exec(
            select(AlarmRow.raised_ms).where(AlarmRow.code == ORACLE_SILENT)
        ).first()


def _waiting_instructions(session: Session) -> list[Alarm]:
    waits = (
        col(Instruction.status).in_([InstructionState.PENDING, InstructionState.SENT]),
        col(Instruction.created_ms) < now_ms() - WAITS_MS,
    )
    oldest = session.exec(select(Instruction).where(*waits).order_by(col(Instruction.id))).first()
    if oldest is None:
        return []
    count = session.exec(select(func.count()).select_from(Instruction).where(*waits)).one()
    age_s = (now_ms() - oldest.created_ms) // 1_000
    said = (
        f"{count} wait; the oldest, {oldest.id} ({oldest.kind}), is {oldest.status} for {age_s} s"
    )
    return [Alarm(INSTRUCTION_WAITS, said, part="oracle", private=True)]


def _waiting_transactions(session: Session) -> list[Alarm]:
    waits = (
        col(TransactionRow.status).in_([PENDING, SUBMITTED]),
        col(TransactionRow.created_ms) < now_ms() - WAITS_MS,
    )
    query = select(TransactionRow).where(*waits).order_by(col(TransactionRow.id))
    oldest = session.exec(query.limit(1)).first()
    if oldest is None:
        return []
    count = session.exec(select(func.count()).select_from(TransactionRow).where(*waits)).one()
    age_s = (now_ms() - oldest.created_ms) // 1_000
    said = f"{count} wait; the oldest, {oldest.idempotency_key}, is {oldest.status} for {age_s} s"
    return [Alarm(TRANSACTION_WAITS, said, part="chain", private=True)]


def _nodes(session: Session) -> list[Alarm]:
    """The other nodes that are not well; this one's own refusal is an alarm of its own."""
    nodes = session.exec(select(OracleNode).order_by(OracleNode.name)).all()
    return [
        Alarm(
            NODE_NOT_WELL,
            f"{node.name}: {node.error or node.refusal}",
            part=node.name,
            private=True,
        )
        for node in nodes
        if not node.is_self and (node.error or node.refusal)
    ]
