"""Heads and their batches, the state's slots, and how far each reader of the log is."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field

from counterfoil.oracle.store.columns import Count, big_column
from counterfoil.oracle.store.integers import BIG
from counterfoil.oracle.store.table import OracleTable


class HeadRow(OracleTable, table=True):
    """Decided: a closed head that is to be anchored; its transaction's row has its status."""

    __tablename__ = "head"

    size: int = Field(primary_key=True, sa_type=BIG)
    root: str
    state: str
    figures: str = ""
    previous_size: Count
    closed_ms: int = big_column()
    transaction_id: int


class BatchFigures(OracleTable, table=True):
    """Decided: what a batch adds up to, by the digest that its head carries (docs/formats/figures.md)."""

    __tablename__ = "batch_figures"

    digest: str = Field(primary_key=True)
    figures: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SlotRow(OracleTable, table=True):
    """Decided: a device's slot in the state, as of the newest closed head."""

    __tablename__ = "slot"

    position: int = Field(primary_key=True)
    device: str = Field(unique=True)
    epoch: int
    sequence: int = big_column()
    payload_digest: str


class Progress(OracleTable, table=True):
    """Decided: how far a reader of the log has come: it has read all records below ``log_index``."""

    __tablename__ = "progress"

    reader: str = Field(primary_key=True)
    log_index: Count
