"""The tables of ``oracle.db``, beside the chain's own (``chain.tables``).

There are three kinds; each docstring names its table's kind. *Known*: told to the oracle off chain, kept for ever.
*Decided*: by the oracle, kept for ever. *Projected*: made of chain events alone; a rebuild drops and makes them again.
Amounts are in minor units, business dates YYYYMMDD, bytes32 values 0x-prefixed hex in lower case, accounts checksummed.
"""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel

metadata = MetaData()


class OracleTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables, with a metadata of their own."""
