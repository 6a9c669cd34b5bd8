"""What a replay waits for: a refusal that was made good ends nothing, one that stands does; what moves has time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from counterfoil.chain.address import Address
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL
from counterfoil.oracle.ledger.deposit_token import Deposit
from counterfoil.oracle.ledger.revenue_split import DistributedRow
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.revenue_tables import Distribution
from counterfoil.replay.money_side import NotInTime, standing_refusal, wait_distributed, wait_for

BATCH, ENTRY, ZERO = ("0x" + two * 32 for two in ("ab", "cd", "00"))
NOBODY = Address(bytes(20))


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = open_database("sqlite://")
    yield engine
    engine.dispose()


def transaction(number: int, key: str, status: str) -> TransactionRow:
    return TransactionRow(
        id=number,
        idempotency_key=key,
        signer=NOBODY,
        to_address=NOBODY,
        data=b"",
        hashes=[],
        status=status,
        error_code="contract.erc20_insufficient_balance" if status == FAILED else None,
        created_ms=0,
    )


def keep(engine: Engine, *rows: Any) -> None:
    with Session(engine) as session:
        session.add_all(rows)
        session.commit()


def distribution(transaction_id: int) -> Distribution:
    return Distribution(
        batch=BATCH,
        project="lakeside",
        business_date=20220829,
        gross_minor=1,
        refunds_minor=0,
        tax_minor=0,
        units=[],
        head_size=1,
        facts_hash=ZERO,
        facts=b"",
        transaction_id=transaction_id,
    )


def on_chain() -> DistributedRow:
    return DistributedRow(
        batch=BATCH,
        project_hash=ZERO,
        version=1,
        gross_minor=1,
        head_size=1,
        facts_hash=ZERO,
        block_number=1,
        transaction_hash=ZERO,
    )


def test_what_failed_once_and_was_then_paid_ends_no_replay(engine: Engine) -> None:
    keep(
        engine,
        transaction(1, "distribute:x", FAILED),
        transaction(2, "distribute:x:again:1", FINAL),
        distribution(2),
        on_chain(),
    )
    wait_distributed(engine, lambda _: None)


@pytest.mark.parametrize(("key", "stands"), [("", False), (":again:1", False), (":again:2", True)])
def test_what_is_refused_again_and_again_ends_it(engine: Engine, key: str, stands: bool) -> None:
    keep(engine, transaction(1, f"distribute:x{key}", FAILED), distribution(1))
    with Session(engine) as session:
        assert (standing_refusal(session) is not None) is stands
    if stands:
        with pytest.raises(RuntimeError, match="insufficient_balance"):
            wait_distributed(engine, lambda _: None)
        keep(engine, on_chain())
        wait_distributed(engine, lambda _: None)


def test_a_mint_that_was_taken_before_is_no_refusal(engine: Engine) -> None:
    entry = StatementEntryRow(
        entry_hash=ENTRY,
        statement="s",
        reference="r",
        project="lakeside",
        business_date=20220829,
        amount_minor=5,
        currency="USD",
        transaction_id=1,
        taken_ms=0,
    )
    keep(engine, transaction(1, "mint:x:again:5", FAILED), entry)
    with Session(engine) as session:
        assert standing_refusal(session) is not None
    keep(engine, Deposit(entry_hash=ENTRY, account=NOBODY, amount_minor=5, block_number=1))
    with Session(engine) as session:
        assert standing_refusal(session) is None


def test_what_moves_has_the_time_that_it_needs() -> None:
    left = list(range(12))

    def done() -> bool:
        left.pop()
        return not left

    wait_for("it", done, timeout_s=0.5, so_far=lambda: len(left))
    with pytest.raises(NotInTime):
        wait_for("what stands still", lambda: False, timeout_s=0.3)
