"""A database of an older version, brought up to date: what was read from the chain before counts too."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text
from sqlmodel import Session, col, select

import counterfoil.oracle.store as store_package
from counterfoil.chain.address import NOBODY, Address
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.chain.tables import EventRow
from counterfoil.oracle.ledger.deposit_token import Deposit, TokenBalance
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.store.database import open_database

pytestmark = pytest.mark.integration


A, B = Address(bytes(19) + b"\x0a"), Address(bytes(19) + b"\x0b")


def test_balances_are_made_of_the_transfers_that_were_read_before(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'oracle.db'}"
    engine = database_of(url, "0003")
    with Session(engine) as session:
        moves = [(NOBODY, A, str(2**60)), (A, B, 300), (B, NOBODY, 100)]
        for n, (source, target, value) in enumerate(moves):
            said = {"from": source, "to": target, "value": value}
            session.add(event(n, "Transfer", said))
        session.add(event(9, "Deposited", {"entry": "0xe", "to": A, "amount": str(2**60)}))
        session.commit()
    engine = open_database(url)
    with Session(engine) as session:
        held = {row.account: row.amount_minor for row in session.exec(select(TokenBalance))}
        assert held == {A: 2**60 - 300, B: 200}
        (deposit,) = session.exec(select(Deposit)).all()
        assert (deposit.entry_hash, deposit.amount_minor) == ("0xe", 2**60)
    engine.dispose()


def test_a_head_that_was_read_before_extends_the_one_below_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'oracle.db'}"
    engine = database_of(url, "0014")
    with engine.begin() as connection:
        statement = text(
            "INSERT INTO anchored_head (size, number, root, state, figures, block_number,"
            " block_hash, transaction_hash) VALUES (:size, :number, '', '', '', 1, '', '')"
        )
        for number, size in enumerate((5, 9, 40)):
            connection.execute(statement, {"size": size, "number": number})
    engine = open_database(url)
    with Session(engine) as session:
        rows = session.exec(select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.size))).all()
        assert [(row.size, row.previous_size) for row in rows] == [(5, 0), (9, 5), (40, 9)]
        assert {row.annex for row in rows} == {to_hex(bytes(32))}
    engine.dispose()


def database_of(url: str, revision: str) -> Engine:
    """A database of an older version."""
    engine = open_database(url, migrate=False)
    config = Config()
    folder = Path(store_package.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return engine


def test_the_migrations_are_one_line() -> None:
    config = Config()
    folder = Path(store_package.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def event(number: int, name: str, arguments: dict[str, object]) -> EventRow:
    return EventRow(
        block_number=number,
        block_hash=f"0x{number}",
        log_index=0,
        transaction_hash="0x",
        contract="DepositToken",
        name=name,
        arguments=arguments,
    )
