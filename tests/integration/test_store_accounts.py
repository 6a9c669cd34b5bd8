"""Accounts are stored in one spelling, found by any, and older databases are brought to it, in either store."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text
from sqlalchemy.exc import StatementError
from sqlmodel import Session, col, select

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import metadata as chain_metadata
from counterfoil.oracle import ledger, store
from counterfoil.oracle.ledger.receivables import PartRow
from counterfoil.oracle.ledger.revenue_split import Balance, Credit
from counterfoil.oracle.store import database
from counterfoil.oracle.store.bank_tables import BankAccount
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownParticipant
from counterfoil.oracle.store.table import metadata

pytestmark = pytest.mark.integration

ONE, OTHER = Address(b"\xab" * 20), Address(b"\xcd" * 20)
NOT_OF_THE_CHAIN = {"bank_account", "bank_statement", "payout_file", "payee_account"}
"""Their ``account`` is a bank's."""


@pytest.fixture
def engine(oracle_url: str) -> Iterator[Engine]:
    opened = open_database(oracle_url)
    yield opened
    opened.dispose()


@pytest.mark.parametrize("spelt", [ONE, ONE.lower(), "0x" + "AB" * 20])
def test_a_row_is_found_by_any_spelling_of_its_account(engine: Engine, spelt: str) -> None:
    with Session(engine) as session:
        session.add(Balance(account=spelt, credited_minor=7))
        session.add(
            Credit(id=1, batch="0x1", project_hash="0x2", account=OTHER, tier=5, amount_minor=1)
        )
        session.commit()
    with Session(engine) as session:
        plain = session.execute(text("SELECT account FROM balance")).scalar_one()
        assert plain == str(ONE)
        for asked in (ONE, ONE.lower(), "0x" + "AB" * 20):
            found = session.exec(select(Balance).where(Balance.account == asked)).one()
            assert type(found.account) is Address
            assert found.account == ONE
            assert session.exec(select(Credit).where(col(Credit.account) == asked)).all() == []
        assert session.exec(select(Balance).where(Balance.account == "")).all() == []


def test_no_account_stays_none_and_what_is_no_account_is_not_stored(engine: Engine) -> None:
    part = {"part": 1, "root": 1, "parent": 0, "amount_minor": 1}
    with Session(engine) as session:
        session.add(PartRow(**part, holder=ONE, block_number=1, transaction_hash="0x"))
        session.commit()
    with Session(engine) as session:
        assert session.get_one(PartRow, 1).pledgee is None
        session.add(Balance(account="lakeside", credited_minor=7))
        with pytest.raises(StatementError, match="no address"):
            session.commit()


def test_a_database_with_other_spellings_is_brought_to_one(oracle_url: str) -> None:
    engine = open_database(oracle_url, migrate=False)
    config = Config()
    folder = Path(database.__file__).resolve().parent / "migrations"
    config.set_main_option("script_location", str(folder))
    participant = text("INSERT INTO known_participant VALUES (:account, :party, 'N')")
    bank_account = text(
        "INSERT INTO bank_account (account, currency, name, bic, project, holder, pays_out)"
        " VALUES (:account, 'USD', 'n', '', '', :holder, :pays_out)"
    )
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for account, party in (
            (ONE.lower(), "lakeside"),
            (str(OTHER), "harbour"),
            (OTHER.lower(), "harbour-once"),
        ):
            connection.execute(participant, {"account": account, "party": party})
        for number, holder in enumerate((ONE.lower(), "", str(OTHER))):
            row = {"account": str(number), "holder": holder, "pays_out": False}
            connection.execute(bank_account, row)
        connection.commit()
    engine.dispose()
    engine = open_database(oracle_url)
    with Session(engine) as session:
        known = session.execute(text("SELECT account, party FROM known_participant")).all()
        assert sorted(known) == sorted([(ONE, "lakeside"), (OTHER, "harbour")])
        assert all(account == str(Address(account)) for account, _ in known)
        assert {type(row.account) for row in session.exec(select(KnownParticipant))} == {Address}
        rows = session.execute(text("SELECT holder FROM bank_account ORDER BY account")).all()
        assert [str(holder) for (holder,) in rows] == [str(ONE), "", str(OTHER)]
        assert session.get_one(BankAccount, "1").holder == ""
    engine.dispose()


def test_every_column_that_holds_an_account_is_compared_as_one() -> None:
    for package in (store, ledger):
        for module in Path(package.__file__).parent.glob("*.py"):
            import_module(f"{package.__name__}.{module.stem}")
    names = {
        "account",
        "address",
        "borrower",
        "by",
        "creditor",
        "holder",
        "issuer",
        "lender",
        "obligor",
        "offered_to",
        "owner",
        "payer",
        "pledgee",
        "signer",
        "supplier",
        "to_address",
        "token",
        "warehouse",
    }
    seen = 0
    for tables in (metadata, chain_metadata):
        for table in tables.tables.values():
            for column in table.columns:
                of_a_bank = column.name == "account" and table.name in NOT_OF_THE_CHAIN
                if column.name in names and not of_a_bank:
                    assert isinstance(column.type, AddressColumn), f"{table.name}.{column.name}"
                    seen += 1
    assert seen > 30
