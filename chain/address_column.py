"""How accounts stand in a database, so that a comparison is a plain one that an index serves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Dialect, String
from sqlalchemy.types import TypeDecorator

from counterfoil.chain.address import Address


class AddressColumn(TypeDecorator[Address]):
    """An Address, stored as its text; what it is compared with may be any spelling.

    NULL stays None. Empty text stays empty: it says in some columns that there is no account, and begins a page.
    """

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:
        return str(Address(value)) if value else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return Address(value) if value else value
