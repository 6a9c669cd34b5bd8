"""What follows from the oracle's tables: it is told after a minute, and over when it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL, MINED, PENDING, SUBMITTED
from counterfoil.oracle.retries import RETRY_MARK, RefusalsOver, note_refusals
from counterfoil.oracle.status.alarms import WAITS_MS, standing_alarms
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.quorum_tables import OracleNode

ACCOUNT = "0x" + "11" * 20


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'oracle.db'}")


def told(engine: Engine) -> list[str]:
    return [alarm.code for alarm in standing_alarms(engine)]


@pytest.mark.parametrize("status", InstructionState)
def test_an_instruction_that_is_not_carried_out_is_told(
    engine: Engine, status: InstructionState
) -> None:
    row = Instruction(
        idempotency_key="k", party="p", kind="close_day", payload={}, status=status, created_ms=0
    )
    with Session(engine) as session:
        session.add(row)
        session.commit()
        waits = status in (InstructionState.PENDING, InstructionState.SENT)
        assert told(engine) == (["instruction.waits"] if waits else [])
        row.created_ms = now_ms() + WAITS_MS
        session.commit()
    assert told(engine) == []


def transaction(status: str, key: str = "mint:1", created_ms: int = 0) -> TransactionRow:
    return TransactionRow(
        idempotency_key=key,
        signer=ACCOUNT,
        to_address=ACCOUNT,
        data=b"",
        status=status,
        created_ms=created_ms,
        error_code="contract.paused" if status == FAILED else None,
    )


@pytest.mark.parametrize("status", [PENDING, SUBMITTED, MINED, FINAL, FAILED])
def test_a_transaction_that_is_in_no_block_is_told(engine: Engine, status: str) -> None:
    with Session(engine) as session:
        session.add(transaction(status))
        session.add(transaction(PENDING, "new", now_ms() + WAITS_MS))
        session.commit()
    waits = status in (PENDING, SUBMITTED)
    assert told(engine) == (["chain.transaction_waits"] if waits else [])


def test_a_node_that_is_not_well_is_told_and_this_one_s_refusal_is_its_own(engine: Engine) -> None:
    with Session(engine) as session:
        for number, (error, refusal) in enumerate(
            [(None, None), ("timed out", None), (None, "record 5")]
        ):
            at = "0x" + f"{number + 1:02x}" * 20
            session.add(
                OracleNode(address=at, name=f"n{number}", url="u", error=error, refusal=refusal)
            )
        mine = OracleNode(address=ACCOUNT, name="me", url="u", is_self=True, refusal="record 5")
        session.merge(mine)
        session.commit()
    assert [(one.code, one.part) for one in standing_alarms(engine)] == [
        ("quorum.node_not_well", "n1"),
        ("quorum.node_not_well", "n2"),
    ]


@pytest.mark.parametrize("status", [PENDING, FAILED, MINED, FINAL])
def test_what_was_refused_three_times_is_told_until_it_has_taken_effect(
    engine: Engine, status: str
) -> None:
    later = now_ms() + WAITS_MS
    with Session(engine) as session:
        third = transaction(FAILED, f"mint:1{RETRY_MARK}2", later)
        session.add(third)
        session.add(transaction(FINAL, "mint:10", later))
        note_refusals(session, third)
        session.commit()
        assert told(engine) == ["contract.paused"]
        session.add(transaction(status, f"mint:1{RETRY_MARK}3", later))
        session.commit()
    is_over = status in (MINED, FINAL)
    assert RefusalsOver(engine).step() == int(is_over)
    assert told(engine) == ([] if is_over else ["contract.paused"])
