"""How whole numbers are stored, so that each database takes every value that a contract can have.

Rules that this module keeps:

- Money that a bank attests, milliseconds and log indexes are 64 bits wide on PostgreSQL too (`BIG`), as SQLite's
  integers always are.
- A number that any participant can write on chain is as wide as a contract's word (`Unsigned`): 78 digits on
  PostgreSQL. SQLite has no such type: a number above 63 bits is kept there as text, in digits that sort as the numbers
  do, after every integer.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Numeric
from sqlalchemy.types import TypeDecorator, TypeEngine

BIG = BigInteger().with_variant(Integer(), "sqlite")
"""For columns that were created as INTEGER on SQLite, which is as wide."""
DIGITS = 78
"""The number of digits of 2^256 - 1."""
WIDE = 2**63
"""The first number that is kept as text on SQLite; do arithmetic on such in Python, never in SQL."""
_MARK = "u"
"""Without this prefix SQLite would read the digits as a number, and round it."""


class Unsigned(TypeDecorator[int]):
    """A whole number from 0 to 2^256 - 1."""

    impl = BigInteger
    cache_ok = True
    on_sqlite: TypeEngine[int] = BigInteger()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        wide = Numeric(DIGITS, 0) if dialect.name == "postgresql" else self.on_sqlite
        return dialect.type_descriptor(wide)

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        if value is None or value < WIDE or dialect.name == "postgresql":
            return value
        return f"{_MARK}{value:0{DIGITS}d}"

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        if isinstance(value, str):
            return int(value.removeprefix(_MARK))
        return int(value) if isinstance(value, Decimal) else value


class UnsignedInteger(Unsigned):
    """The same, for columns that were created as INTEGER on SQLite."""

    cache_ok = True
    on_sqlite = Integer()
