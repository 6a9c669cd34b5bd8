"""The chain's tables. Each process has them in its own database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Integer, LargeBinary, MetaData, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn

metadata = MetaData()
_BIG = BigInteger().with_variant(Integer(), "sqlite")
"""64 bits everywhere; SQLite's INTEGER has them."""


class ChainTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables, which have their own metadata."""


class TransactionRow(ChainTable, table=True):
    """One transaction that must take effect exactly once.

    ``status`` goes ``pending`` → ``submitted`` → ``mined`` → ``final``, or ends in ``failed`` with ``error_code``.
    ``raw`` is stored before it is sent; ``hashes`` keeps the hash of every version that was ever sent (hex).
    """

    __tablename__ = "chain_transaction"

    id: int | None = Field(default=None, primary_key=True)
    idempotency_key: str = Field(unique=True)
    signer: Address = Field(index=True, sa_type=AddressColumn)
    to_address: Address = Field(sa_type=AddressColumn)
    data: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    status: str = Field(default="pending", index=True)
    nonce: int | None = None
    gas: int | None = Field(default=None, sa_type=_BIG)
    max_fee_wei: int | None = Field(default=None, sa_type=_BIG)
    raw: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    hashes: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    submitted_ms: int | None = Field(default=None, sa_type=_BIG)
    tx_hash: str | None = None
    block_number: int | None = None
    block_hash: str | None = None
    gas_used: int | None = Field(default=None, sa_type=_BIG)
    error_code: str | None = None
    error_detail: str | None = None
    created_ms: int = Field(sa_type=_BIG)


class EventRow(ChainTable, table=True):
    """One contract event, as the node returned it; projections are made from these rows."""

    __tablename__ = "chain_event"
    __table_args__ = (UniqueConstraint("block_hash", "log_index"),)

    id: int | None = Field(default=None, primary_key=True)
    block_number: int = Field(index=True)
    block_hash: str
    log_index: int
    transaction_hash: str = Field(index=True)
    contract: str
    name: str
    arguments: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))


class BlockRow(ChainTable, table=True):
    """The hash of one of the newest blocks that were read; shows a reorganisation."""

    __tablename__ = "chain_block"

    number: int = Field(primary_key=True)
    hash: str


class CursorRow(ChainTable, table=True):
    """How far one feed has read: all blocks up to ``block_number``, this one included."""

    __tablename__ = "chain_cursor"

    feed: str = Field(primary_key=True)
    block_number: int


class DeadLetterRow(ChainTable, table=True):
    """An event that a projection could not take. It stops nothing; a person decides."""

    __tablename__ = "chain_dead_letter"

    id: int | None = Field(default=None, primary_key=True)
    block_hash: str
    log_index: int
    contract: str
    name: str
    error: str
    created_ms: int = Field(sa_type=_BIG)


Handler = Callable[[Session, EventRow, Mapping[str, Any]], None]
"""Takes one event and its arguments, inside the feed's database transaction, and never commits."""
