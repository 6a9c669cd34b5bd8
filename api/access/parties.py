"""Parties as they are named: by a name in any case, or by an account in any spelling."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import ColumnElement, func

from counterfoil.chain.address import Address, canonical

NoAccount = Literal[""]
"""In place of the account of a party that has none; it equals no account."""


def party_key(named: str) -> str:
    """Return the key of party *named*: its Address where it is an account, else its name in lower case."""
    key = canonical(named)
    return key if isinstance(key, Address) else key.lower()


def is_party(column: Any, named: str) -> ColumnElement[bool]:
    """Return the condition that *column*, a party as it named itself, is *named*."""
    return func.lower(column) == named.lower()
