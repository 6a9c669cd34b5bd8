"""The second copy: every row of every copied table comes back as it was, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, LargeBinary
from sqlmodel import Session, select

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import CursorRow
from counterfoil.oracle.store.database import open_database
from counterfoil.oracle.store.directory_tables import KnownDevice, KnownParticipant
from counterfoil.oracle.store.revenue_tables import Distribution
from counterfoil.oracle.store.table import OracleTable
from counterfoil.oracle.store.told_file import ToldFile
from counterfoil.oracle.told import CHANGING, TABLES, Told

LEDGER = "31337:0xabc"


def filled(table: type[OracleTable], number: int) -> OracleTable:
    """A row with something of its own in every column."""
    values: dict[str, Any] = {}
    for column in table.__table__.columns:  # type: ignore[attr-defined]
        if isinstance(column.type, AddressColumn):
            values[column.name] = Address(bytes(19) + bytes([number]))
        elif isinstance(column.type, LargeBinary):
            values[column.name] = bytes(range(250)) + bytes([number])
        elif column.type.python_type in (int, bool):
            values[column.name] = number if column.type.python_type is int else bool(number % 2)
        elif column.name in ("terms", "fields"):
            values[column.name] = {"z": [1, {"名": "é"}], "a": number}
        elif column.name == "units":
            values[column.name] = [["cola", number]]
        else:
            values[column.name] = f"{column.name} {number} 名"
    return table(**values)


def rows(engine: Engine, table: type[OracleTable]) -> list[str]:
    with Session(engine) as session:
        found = [row.model_dump() for row in session.exec(select(table))]
    return sorted(
        repr({name: value for name, value in row.items() if name != "transaction_id"})
        for row in found
    )


@pytest.fixture
def engine(oracle_url: str) -> Engine:
    return open_database(oracle_url)


def told_of(engine: Engine, folder: Path, ledger: str = LEDGER) -> Told:
    return Told(engine, ToldFile(folder / "told.db", ledger))


def keep(engine: Engine, *new: OracleTable) -> None:
    with Session(engine) as session:
        session.add_all(new)
        session.commit()


def test_every_copied_table_comes_back_whole(engine: Engine, tmp_path: Path) -> None:
    for table in TABLES:
        keep(engine, filled(table, 1), filled(table, 2))
    told = told_of(engine, tmp_path)
    assert told.step() >= 2 * len(TABLES)
    keep(engine, *(filled(table, 3) for table in TABLES))
    assert told.step() >= len(TABLES), "what is new, within one pass"
    again = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert told_of(again, tmp_path).restore() == 3 * len(TABLES)
    for table in TABLES:
        assert rows(again, table) == rows(engine, table), table
    assert told_of(again, tmp_path).restore() == 0


def test_what_changes_is_copied_too(engine: Engine, tmp_path: Path) -> None:
    for table in CHANGING:
        keep(engine, filled(table, 1))
    told = told_of(engine, tmp_path)
    told.step()
    with Session(engine) as session:
        session.exec(select(KnownParticipant)).one().name = "another"
        session.commit()
    told._whole_at = 0.0  # half a minute later
    assert told.step() == 1
    again = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    told_of(again, tmp_path).restore()
    assert rows(again, KnownParticipant) == rows(engine, KnownParticipant)


def test_a_row_that_is_there_stays_as_it_is(engine: Engine, tmp_path: Path) -> None:
    keep(engine, filled(KnownDevice, 1))
    told_of(engine, tmp_path).step()
    again = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    other = filled(KnownDevice, 1)
    assert isinstance(other, KnownDevice)
    other.label = "told anew"
    keep(again, other)
    assert told_of(again, tmp_path).restore() == 0
    with Session(again) as session:
        assert session.exec(select(KnownDevice.label)).one() == "told anew"


def test_another_ledgers_copies_are_not_seen(engine: Engine, tmp_path: Path) -> None:
    keep(engine, filled(KnownDevice, 1))
    told_of(engine, tmp_path).step()
    again = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    assert told_of(again, tmp_path, "31337:0xdef").restore() == 0


def test_a_distribution_that_was_taken_back_does_not_come_again(
    engine: Engine, tmp_path: Path
) -> None:
    keep(engine, filled(Distribution, 1), filled(Distribution, 2))
    told = told_of(engine, tmp_path)
    told.step()
    with Session(engine) as session:
        first = session.exec(select(Distribution).order_by(Distribution.batch)).first()
        assert first is not None
        told.forget([first.batch])
        session.delete(first)
        session.commit()
    told.step()
    again = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    told_of(again, tmp_path).restore()
    assert rows(again, Distribution) == rows(engine, Distribution)


def test_into_an_older_database_distributions_come_by_the_chain_alone(
    engine: Engine, tmp_path: Path
) -> None:
    keep(engine, filled(Distribution, 1), filled(KnownDevice, 1))
    told_of(engine, tmp_path).step()
    older = open_database(f"sqlite:///{tmp_path / 'older.db'}")
    with Session(older) as session:
        session.add(CursorRow(feed="ledger", block_number=5))
        session.commit()
    assert told_of(older, tmp_path).restore() == 1
    assert rows(older, Distribution) == []


def test_one_that_comes_as_another_is_taken_back_is_copied_before_it_is_signed(
    engine: Engine, tmp_path: Path
) -> None:
    """As many rows as before are not the rows of before."""
    keep(engine, filled(Distribution, 1))
    told = told_of(engine, tmp_path)
    told.step()
    with Session(engine) as session:
        first = session.exec(select(Distribution)).one()
        told.forget([first.batch])
        session.delete(first)
        session.commit()
    keep(engine, filled(Distribution, 2))
    assert told.step() == 1
    again = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    told_of(again, tmp_path).restore()
    assert rows(again, Distribution) == rows(engine, Distribution)
