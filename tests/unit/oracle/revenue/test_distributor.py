"""A day is distributed only when its money is there, whatever is mined while the chain is asked; no lock is held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import MINED, SUBMITTED
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.revenue.distributor import Distributor
from counterfoil.oracle.revenue.sale_reader import MATCHED
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.revenue_tables import Distribution, SaleFact

ZERO = "0x" + "00" * 32
DATE = 20220829


@pytest.fixture
def engine(tmp_path: Any) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path / 'oracle.db'}")
    with Session(engine) as session:
        session.add(
            KnownProject(
                project="lakeside", project_hash=ZERO, name="l", operator="0x", currency="USD"
            )
        )
        head: dict[str, Any] = {
            name: ZERO
            for name, column in AnchoredHeadRow.__table__.columns.items()  # type: ignore[attr-defined]
            if not column.nullable
        }
        numbers = {
            name: 0
            for name, column in AnchoredHeadRow.__table__.columns.items()  # type: ignore[attr-defined]
            if column.type.python_type is int
        }
        session.add(AnchoredHeadRow(**head | numbers | {"size": 10}))
        session.add(
            TransactionRow(
                id=1,
                idempotency_key="distribute:first",
                signer=Address(bytes(20)),
                to_address=Address(bytes(20)),
                data=b"",
                hashes=[],
                status=SUBMITTED,
                created_ms=0,
            )
        )
        session.add(
            Distribution(
                batch="0x" + "01" * 32,
                project="lakeside",
                business_date=DATE,
                gross_minor=700,
                refunds_minor=0,
                tax_minor=0,
                units=[],
                head_size=10,
                facts_hash=ZERO,
                facts=b"",
                transaction_id=1,
            )
        )
        session.add(
            SaleFact(
                log_index=3,
                device="d",
                project="lakeside",
                business_date=DATE + 1,
                is_refund=False,
                amount_minor=600,
                currency="USD",
                method="card",
                units=[["cola", 1]],
                status=MATCHED,
            )
        )
        session.commit()
    yield engine
    engine.dispose()


class Chain:
    """Says what an account holds; what is on its way may be mined right after that, and others may write."""

    def __init__(self, engine: Engine, held: int, *, mines: bool) -> None:
        self._engine, self._held, self._mines = engine, held, mines
        self.asked = 0

    def address_of(self, _: str) -> Address:
        return Address(bytes(20))

    def call_all(self, _: str, function: str, arguments: Sequence[Any]) -> list[int]:
        self.asked += 1
        # A write of another connection: it would wait for thirty seconds and fail, were a write lock held here.
        with Session(self._engine) as session:
            session.get_one(TransactionRow, 1).status = MINED if self._mines else SUBMITTED
            session.commit()
        assert function == "balanceOf"
        return [self._held for _ in arguments]


def decided(engine: Engine, held: int, *, mines: bool) -> int:
    """How many days are decided on while the account holds *held*."""
    chain = Chain(engine, held, mines=mines)
    distributor = Distributor(
        engine, cast("ChainClient", chain), sender="0x", cosign=lambda *_: None
    )
    distributor._decide(50)
    assert chain.asked == 1
    with Session(engine) as session:
        return len(session.exec(select(Distribution)).all()) - 1


@pytest.mark.parametrize("mines", [True, False])
def test_cash_that_was_on_its_way_is_not_counted_twice(engine: Engine, mines: bool) -> None:
    assert decided(engine, 1_299, mines=mines) == 0, "700 of it are for the first day"


@pytest.mark.parametrize("mines", [True, False])
def test_what_lies_above_it_is_free(engine: Engine, mines: bool) -> None:
    assert decided(engine, 1_300, mines=mines) == 1


def test_what_was_mined_before_the_chain_is_asked_is_spent_already(engine: Engine) -> None:
    with Session(engine) as session:
        session.get_one(TransactionRow, 1).status = MINED
        session.commit()
    assert decided(engine, 600, mines=True) == 1
