"""Parties as they are named: by a name in any case, or by an account in any spelling."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import ColumnElement, func

from counterfoil.chain.address import Address, canonical

NoAccount = Literal[""]
"""Of a party that has no account on the ledger: it equals no account."""


def party_key(named: str) -> str:
    """What tells *named* from other parties: its Address where it is an account, else its name in lower case."""
    key = canonical(named)
    return key if isinstance(key, Address) else key.lower()


def is_party(column: Any, named: str) -> ColumnElement[bool]:
    """Whether *column*, in which parties stand as they named themselves, is *named*."""
    return func.lower(column) == named.lower()
