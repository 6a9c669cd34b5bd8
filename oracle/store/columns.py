"""The kinds of column that the tables of ``oracle.db`` share."""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Column
from sqlmodel import Field

from counterfoil.oracle.store.integers import BIG, Unsigned

Minor = Annotated[int, Field(sa_type=BIG)]
"""An amount that a bank attests, in minor units."""
Count = Annotated[int, Field(sa_type=BIG)]
"""Of records in the log: a size, or a position."""
ChainMinor = Annotated[int, Field(sa_type=Unsigned)]
"""An amount, or a number of shares or units, as wide as the contracts' own."""
ChainKey = Annotated[int, Field(primary_key=True, sa_type=BigInteger)]
"""The contract's own number of what the row keeps."""
ChainId = Annotated[int, Field(index=True, sa_type=BigInteger)]
"""The contract's own number of what the row belongs to."""


def json_column() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


def big_column(**options: Any) -> Any:
    return Field(sa_column=Column(BigInteger, nullable=options.pop("nullable", False), **options))
