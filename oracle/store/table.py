"""The tables of ``oracle.db``, beside the chain's own (``chain.tables``).

Three kinds, told apart in each docstring: *known* (told to us off chain, kept for ever), *decided* (by the oracle, kept
for ever) and *projected* (made of chain events alone; dropped and made again by a rebuild). Amounts are in minor units,
business dates YYYYMMDD, bytes32 values 0x-prefixed hex in lower case, accounts checksummed.
"""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Column, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from counterfoil.oracle.store.integers import BIG

metadata = MetaData()
_Minor = Annotated[int, Field(sa_type=BIG)]
_Count = Annotated[int, Field(sa_type=BIG)]
"""Of records in the log: a size, or a position."""


def json_column() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


def _big(**options: Any) -> Any:
    return Field(sa_column=Column(BigInteger, nullable=options.pop("nullable", False), **options))


class OracleTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables: they have a metadata of their own."""
