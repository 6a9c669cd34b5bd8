"""Payments, sales, their matches and their distributions."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field

from counterfoil.oracle.store.columns import Count, Minor, big_column, json_column
from counterfoil.oracle.store.integers import BIG
from counterfoil.oracle.store.table import OracleTable


class DeviceStanding(OracleTable, table=True):
    """Decided: a device's standing by its own records in the log (``rules.standing``); 1e-7 degrees."""

    __tablename__ = "device_standing"

    device: str = Field(primary_key=True)
    state: str = ""
    place_lat_e7: int | None = None
    place_lon_e7: int | None = None
    here_lat_e7: int | None = None
    here_lon_e7: int | None = None
    accuracy_m: int = 0
    log_index: Count


class SettlementRow(OracleTable, table=True):
    """Known: one payment that the payment provider (or the cash counter) settled."""

    __tablename__ = "settlement_row"

    id: int | None = Field(default=None, primary_key=True)
    project: str = Field(index=True)
    reference: str = Field(unique=True)
    method: str
    business_date: int = Field(index=True)
    amount_minor: Minor
    currency: str
    device: str | None = None
    source: str
    status: str = Field(default="waiting", index=True)


class SaleFact(OracleTable, table=True):
    """Decided: the oracle's fact of a sale or a refund in the log.

    ``status``: ``waiting`` for its payment, ``matched``, ``exception`` (see the exception's row), ``excluded`` by a
    person, or ``distributed`` in ``batch``. ``units`` are [commodity code, count].
    """

    __tablename__ = "sale_fact"
    __table_args__ = (Index("ix_sale_fact_group", "status", "project", "business_date"),)

    log_index: int = Field(primary_key=True, sa_type=BIG)
    device: str = Field(index=True)
    project: str
    business_date: int
    is_refund: bool = False
    amount_minor: Minor
    currency: str
    method: str
    reference: str | None = Field(default=None, index=True)
    units: list[Any] = json_column()
    status: str
    batch: str | None = Field(default=None, index=True)


class MatchException(OracleTable, table=True):
    """Decided: a sale, a payment or a bank's credit that did not match; open until a person resolves it.

    ``resolution``: ``accepted`` (it is distributed) or ``excluded``.
    """

    __tablename__ = "match_exception"

    id: int | None = Field(default=None, primary_key=True)
    project: str = Field(index=True)
    log_index: int | None = Field(default=None, index=True, sa_type=BIG)
    settlement_id: int | None = None
    entry_hash: str | None = None
    business_date: int
    amount_minor: Minor
    code: str
    detail: str
    status: str = Field(default="open", index=True)
    resolution: str | None = None
    resolved_by: str | None = None
    note: str | None = None
    resolved_ms: int | None = big_column(nullable=True)


class Distribution(OracleTable, table=True):
    """Decided: a distribution; ``facts`` are its facts' canonical bytes (docs/formats/facts.md).

    It has no transaction until the quorum has signed it.
    """

    __tablename__ = "distribution"

    batch: str = Field(primary_key=True)
    project: str = Field(index=True)
    business_date: int
    gross_minor: Minor
    refunds_minor: Minor
    tax_minor: Minor
    units: list[Any] = json_column()
    head_size: Count
    facts_hash: str
    facts: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    transaction_id: int | None = None
