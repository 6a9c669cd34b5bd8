"""The tables of ``gateway.db``; the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    UniqueConstraint,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

metadata = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")
_Sequence = Numeric(20, 0, asdecimal=False).with_variant(BigInteger, "sqlite")


class GatewayTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables, with a metadata of their own."""


class StoredRecord(GatewayTable, table=True):
    """An accepted record: its bytes, and columns for queries. It is never deleted.

    ``log_index`` is its place in the log, from 0 without a gap. Amounts in minor units of ``currency``, energy in Wh,
    ``time_ms`` the device's clock, ``received_ms`` the gateway's, ``business_date`` the UTC date of ``time_ms`` as
    YYYYMMDD.
    """

    __tablename__ = "record"
    __table_args__ = (
        UniqueConstraint("device", "epoch", "sequence"),
        Index("ix_record_device_date", "device", "business_date"),
    )

    log_index: int = Field(sa_column=Column(_Id, primary_key=True, autoincrement=False))
    device: str
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    payload_digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    kind: int
    time_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    received_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    business_date: int
    amount_minor: int | None = Field(default=None, sa_column=Column(BigInteger))
    currency: str | None = None
    energy_wh: int | None = Field(default=None, sa_column=Column(BigInteger))
    payment_method: str | None = None
    payment_reference: str | None = None
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class RefusedRecord(GatewayTable, table=True):
    """A record that was not accepted, with the reason that the device was told."""

    __tablename__ = "refused"

    id: int | None = Field(
        default=None, sa_column=Column(_Id, primary_key=True, autoincrement=True)
    )
    device: str | None = Field(default=None, index=True)
    epoch: int | None = Field(default=None, sa_column=Column(_Sequence))
    sequence: int | None = Field(default=None, sa_column=Column(_Sequence))
    raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    code: str
    detail: str
    received_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    peer: str


class Equivocation(GatewayTable, table=True):
    """Evidence: a second, validly signed payload under a used number."""

    __tablename__ = "equivocation"
    __table_args__ = (UniqueConstraint("device", "epoch", "sequence", "second_digest"),)

    id: int | None = Field(
        default=None, sa_column=Column(_Id, primary_key=True, autoincrement=True)
    )
    device: str
    epoch: int = Field(sa_column=Column(BigInteger, nullable=False))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    first_digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    second_digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    second_raw: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_ms: int = Field(sa_column=Column(BigInteger, nullable=False))


class DeviceKeyRow(GatewayTable, table=True):
    """A device's signing key for one epoch, copied from the chain's registry by the oracle.

    ``until_sequence`` is 2^63 - 1 while the key is open (the registry's 2^64 - 1 does not fit a signed column).
    """

    __tablename__ = "device_key"

    device: str = Field(primary_key=True)
    epoch: int = Field(sa_column=Column(BigInteger, primary_key=True))
    x: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    y: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    certificate_hash: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    from_sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    until_sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    status: str
