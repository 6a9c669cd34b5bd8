"""Rows of one table for one reader: each call is one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlmodel import Session, select

from counterfoil.oracle.store.table import OracleTable

Row = TypeVar("Row", bound=OracleTable)


def all_rows(
    engine: Engine, table: type[Row], *conditions: Any, order: Any, limit: int | None = None
) -> Sequence[Row]:
    """Return the rows that meet *conditions*, in *order*, at most *limit*."""
    with Session(engine, expire_on_commit=False) as session:
        return session.exec(select(table).where(*conditions).order_by(order).limit(limit)).all()


def one_row(engine: Engine, table: type[Row], *conditions: Any) -> Row | None:
    """Return the first row that meets *conditions*; None when there is none."""
    with Session(engine, expire_on_commit=False) as session:
        return session.exec(select(table).where(*conditions)).first()
