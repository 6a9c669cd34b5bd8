"""Rows by the statement: every number of rows arrives whole and in order."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.gateway.store.rows import RECORD_COLUMNS, Row, insert_records
from counterfoil.gateway.store.tables import StoredRecord


def row(number: int) -> Row:
    return (
        number,
        f"urn:dev:os:32473-insert{number % 7}",
        1,
        number + 1,
        number.to_bytes(32, "big"),
        1,
        1_700_000_000_000 + number,
        1_700_000_000_001,
        20231114,
        None if number % 2 else 350,
        None if number % 2 else "USD",
        None,
        None,
        None,
        b"raw" + number.to_bytes(4, "big"),
    )


def test_the_columns_are_the_tables() -> None:
    assert list(RECORD_COLUMNS) == [c.name for c in StoredRecord.__table__.columns]  # type: ignore[attr-defined]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 71, 72, 511, 512, 513, 1_663])
def test_rows_are_stored_as_they_were_given(tmp_path: Path, count: int) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'gateway.db'}")
    rows = [row(number) for number in range(count)]
    with store.appending() as connection:
        insert_records(connection, rows)
    with store.engine.connect() as connection:
        found = connection.execute(text("SELECT * FROM record ORDER BY log_index")).all()
    assert [tuple(one) for one in found] == rows
