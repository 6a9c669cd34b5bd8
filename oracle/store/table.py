"""The tables of ``oracle.db``, beside the chain's own (``chain.tables``).

Three kinds, told apart in each docstring: *known* (told to us off chain, kept for ever), *decided* (by the oracle, kept
for ever) and *projected* (made of chain events alone; dropped and made again by a rebuild). Amounts are in minor units,
business dates YYYYMMDD, bytes32 values 0x-prefixed hex in lower case, accounts checksummed.
"""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

metadata = MetaData()


class OracleTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables: they have a metadata of their own."""
