"""Whole numbers of every width come back from either store as they went in, and are compared and added up exactly."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, Integer, text
from sqlmodel import Session, col, func, select
from support_postgres import Postgres

from counterfoil.chain.address import Address
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.tables import metadata as chain_metadata
from counterfoil.oracle import store
from counterfoil.oracle.ledger.receivables import ClaimBalance
from counterfoil.oracle.ledger.revenue_split import Balance
from counterfoil.oracle.store import database
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.revenue_tables import SaleFact, SettlementRow
from counterfoil.oracle.store.table import metadata

pytestmark = pytest.mark.integration

A, T = Address(b"a" * 20), Address(b"t" * 20)
MUCH = 3_000_000_000_00
"""More than 32 bits hold."""
WIDTHS = (0, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64 - 1, 2**127, 2**128 - 1, 2**256 - 1)


@pytest.fixture
def engine(oracle_url: str) -> Iterator[Engine]:
    opened = open_database(oracle_url)
    yield opened
    opened.dispose()


def test_amounts_of_thirty_million_and_more_are_kept_and_added_up(engine: Engine) -> None:
    with Session(engine) as session:
        for number in range(3):
            session.add(
                SettlementRow(
                    project="p",
                    reference=f"r{number}",
                    method="card",
                    business_date=20260105,
                    amount_minor=MUCH + number,
                    currency="USD",
                    source="f.csv",
                )
            )
        session.add(
            SaleFact(
                log_index=2**40,
                device="d",
                project="p",
                business_date=20260105,
                amount_minor=MUCH,
                currency="USD",
                method="card",
                units=[],
                status="waiting",
            )
        )
        session.add(Balance(account=A, credited_minor=MUCH))
        session.add(
            TransactionRow(
                idempotency_key="k",
                signer=A,
                to_address=T,
                data=b"",
                max_fee_wei=2**62,
                created_ms=1_793_404_800_000,
            )
        )
        session.commit()
    with Session(engine) as session:
        total = session.exec(select(func.sum(SettlementRow.amount_minor))).one()
        assert int(total) == 3 * MUCH + 3
        assert session.get_one(SaleFact, 2**40).amount_minor == MUCH
        assert session.get_one(Balance, A).credited_minor == MUCH
        sent = session.exec(select(TransactionRow)).one()
        assert (sent.max_fee_wei, sent.created_ms) == (2**62, 1_793_404_800_000)


def test_numbers_of_any_width_come_back_and_sort_as_numbers(engine: Engine) -> None:
    with Session(engine) as session:
        for number, width in enumerate(reversed(WIDTHS)):
            session.add(
                ClaimBalance(
                    token=T, account=Address(bytes([*bytes(19), number])), credited_minor=width
                )
            )
        session.commit()
    with Session(engine) as session:
        column = col(ClaimBalance.credited_minor)
        assert session.exec(select(column).order_by(column)).all() == list(WIDTHS)
        for place, width in enumerate(WIDTHS):
            from_here = select(column).where(column >= width).order_by(column)
            assert session.exec(from_here).all() == list(WIDTHS[place:])
            assert session.exec(select(column).where(column == width)).one() == width


def test_a_database_of_narrow_numbers_is_widened_with_what_it_holds(
    running_postgres: Postgres,
) -> None:
    url = running_postgres.new_database()
    engine = open_database(url, migrate=False)
    config = Config()
    folder = Path(database.__file__).resolve().parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0007")
        connection.execute(text("INSERT INTO balance VALUES (:a, 2147483647, 5)"), {"a": A})
        connection.execute(
            text("INSERT INTO claim_balance VALUES (:t, :a, 7, 2)"), {"t": T, "a": A}
        )
        connection.commit()
    engine.dispose()
    engine = open_database(url)
    with Session(engine) as session:
        balance = session.get_one(Balance, A)
        assert (balance.credited_minor, balance.withdrawn_minor) == (2**31 - 1, 5)
        balance.credited_minor += MUCH
        assert session.get_one(ClaimBalance, (T, A)).credited_minor == 7
        session.commit()
    engine.dispose()


def test_no_column_of_money_or_milliseconds_has_less_than_64_bits() -> None:
    for module in Path(store.__file__).parent.glob("*_tables.py"):
        import_module(f"{store.__name__}.{module.stem}")
    import_module("counterfoil.oracle.ledger.projection")  # and all that is projected
    wide = 0
    for tables in (metadata, chain_metadata):
        for table in tables.tables.values():
            for column in table.columns:
                if column.name.endswith(("_minor", "_ms", "_wei")):
                    assert type(column.type) is not Integer, f"{table.name}.{column.name}"
                    wide += 1
    assert wide > 60
