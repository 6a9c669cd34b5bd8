"""Keeps what the oracle was told in a second place, and takes it from there when its database was lost.

Rules that this module keeps:

- What can't be derived from chain, log and files is copied (:data:`TABLES`): names, salts, bank accounts, the facts of
  distributions, and which payouts are in a file. A new row is copied within one pass of the loop, a changed one within
  half a minute; a distribution's facts before anybody is asked to sign it.
- At the start each copy that the database lacks is taken back, before anything else runs. A distribution is taken back
  here only into a new database: it is sent under its own batch, which the chain takes once. Otherwise the chain says
  which distributions there are (``revenue.chain_distributions``).
- Nothing here overwrites a row that the database has. A copy is dropped only by :meth:`Told.forget`, before the row is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, func, inspect, tuple_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import CursorRow
from counterfoil.logs import get_logger
from counterfoil.oracle.store.bank_tables import BankAccount, PayeeAccount, PayoutFile, PayoutOrder
from counterfoil.oracle.store.directory_tables import (
    KnownDevice,
    KnownDocument,
    KnownGoods,
    KnownParticipant,
    KnownProject,
    KnownTerms,
)
from counterfoil.oracle.store.revenue_tables import Distribution
from counterfoil.oracle.store.table import OracleTable
from counterfoil.oracle.store.told_file import ToldFile

log = get_logger("oracle.told")

CHANGING: tuple[type[OracleTable], ...] = (
    KnownParticipant,
    KnownProject,
    KnownDevice,
    KnownTerms,
    BankAccount,
    PayoutOrder,
)
"""Copied tables whose rows can change."""
TABLES: tuple[type[OracleTable], ...] = (
    *CHANGING,
    KnownGoods,
    KnownDocument,
    PayeeAccount,
    PayoutFile,
    Distribution,
)
"""The tables whose rows are copied; of a distribution only its transaction changes, and that is not taken back."""
_LOST = {"transaction_id": None}
"""Columns that refer to rows of the database that is gone."""
_WHOLE_EVERY_S = 30.0
_AT_ONCE = 500
_BYTES = "bytes"


class Told:
    """Copies of one database's rows in one file."""

    def __init__(self, engine: Engine, file: ToldFile) -> None:
        self._engine = engine
        self._reads = engine.execution_options(reads_only=True)
        self._file = file
        self._copied: dict[type[OracleTable], set[str]] = {
            table: file.keys(name_of(table)) for table in TABLES
        }
        self._texts: dict[type[OracleTable], dict[str, str]] = {
            table: file.all(name_of(table)) for table in CHANGING
        }
        self._counted = dict.fromkeys(TABLES, -1)
        self._whole_at = 0.0

    def restore(self) -> int:
        """Take back what the database lacks; return how many rows."""
        with Session(self._reads) as session:
            is_new = session.exec(select(CursorRow.feed)).first() is None
        taken = 0
        for table in TABLES:
            if table is Distribution and not is_new:
                continue
            taken += self._restore(table)
        if taken:
            log.warning("told_again", rows=taken)
        return taken

    def step(self) -> int:
        """Copy what is new, and twice a minute what has changed; return how many rows."""
        is_whole = time.monotonic() >= self._whole_at
        done = 0
        with Session(self._reads) as session:
            rows = {t: session.exec(select(func.count()).select_from(t)).one() for t in TABLES}
        for table, there in rows.items():
            if there != self._counted[table]:
                done += self._copy_new(table)
                self._counted[table] = there
            if is_whole and table in self._texts:
                done += self._copy_changed(table)
        if is_whole:
            self._whole_at = time.monotonic() + _WHOLE_EVERY_S
        return done

    def distribution(self, batch: str) -> Distribution | None:
        """The copy of one distribution, without a transaction; None where there is none."""
        row = self._file.get(name_of(Distribution), json.dumps([batch]))
        found = None if row is None else _row(Distribution, json.loads(row))
        return found if isinstance(found, Distribution) else None

    def forget(self, batches: Collection[str]) -> None:
        """Drop the copies of distributions that nobody has signed, before they are taken back."""
        if not batches:
            return
        keys = [json.dumps([batch]) for batch in batches]
        self._file.drop(name_of(Distribution), keys)
        self._counted[Distribution] = -1  # as many new ones may come in the same pass
        for key in keys:
            self._copied[Distribution].discard(key)

    # ---- one table

    def _copy_new(self, table: type[OracleTable]) -> int:
        """Copy the rows that have no copy; only their keys are read of the others."""
        columns = inspect(table).primary_key
        had = self._copied[table]
        with Session(self._reads) as session:
            there = [tuple(key) for key in session.execute(select(*columns))]
        new = [key for key in there if json.dumps(list(key), default=_plain) not in had]
        for start in range(0, len(new), _AT_ONCE):
            piece = new[start : start + _AT_ONCE]
            with Session(self._reads) as session:
                asked = select(table).where(tuple_(*columns).in_(piece))
                self._put(table, [row.model_dump() for row in session.exec(asked)])
        return len(new)

    def _copy_changed(self, table: type[OracleTable]) -> int:
        with Session(self._reads) as session:
            rows = [row.model_dump() for row in session.exec(select(table))]
        texts = self._texts[table]
        changed = [row for row in rows if texts.get(_key(table, row)) != _text(row)]
        self._put(table, changed)
        return len(changed)

    def _put(self, table: type[OracleTable], rows: Sequence[Mapping[str, Any]]) -> None:
        made = [(_key(table, row), _text(row)) for row in rows]
        if made:
            self._file.put(name_of(table), made)
        self._copied[table].update(key for key, _ in made)
        if table in self._texts:
            self._texts[table].update(made)

    def _restore(self, table: type[OracleTable]) -> int:
        keys = [json.loads(key) for key in self._copied[table]]
        columns = inspect(table).primary_key
        taken = 0
        with Session(self._engine) as session:
            there: set[tuple[Any, ...]] = set()
            for start in range(0, len(keys), _AT_ONCE):
                asked = [
                    tuple(_value(c, v) for c, v in zip(columns, key, strict=True))
                    for key in keys[start : start + _AT_ONCE]
                ]
                there |= {
                    tuple(row)
                    for row in session.execute(select(*columns).where(tuple_(*columns).in_(asked)))
                }
            for key in keys:
                if tuple(_value(c, v) for c, v in zip(columns, key, strict=True)) in there:
                    continue
                text = self._file.get(name_of(table), json.dumps(key)) or "{}"
                try:
                    with session.begin_nested():
                        session.add(_row(table, json.loads(text)))
                        session.flush()
                except IntegrityError as differs:  # another row has its name: that one stays
                    log.warning("told_otherwise", table=name_of(table), why=str(differs.orig))
                    continue
                taken += 1
            session.commit()
        return taken


def name_of(table: type[OracleTable]) -> str:
    """The name of *table* in the database, which is the copies' kind."""
    return str(table.__tablename__)


def _key(table: type[OracleTable], values: Mapping[str, Any]) -> str:
    return json.dumps([values[c.name] for c in inspect(table).primary_key], default=_plain)


def _text(values: Mapping[str, Any]) -> str:
    return json.dumps(values, default=_plain)


def _row(table: type[OracleTable], values: Mapping[str, Any]) -> OracleTable:
    columns = inspect(table).columns
    kept = {name: _value(columns[name], value) for name, value in values.items() if name in columns}
    return table(**kept | {name: none for name, none in _LOST.items() if name in columns})


def _value(column: Any, value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {_BYTES}:
        return bytes.fromhex(value[_BYTES])
    is_account = isinstance(column.type, AddressColumn) and isinstance(value, str) and value != ""
    return Address(value) if is_account else value


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {_BYTES: value.hex()}
    return str(value)
