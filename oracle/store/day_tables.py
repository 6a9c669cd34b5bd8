"""The tables of the business day; kinds, amounts and dates as in ``table``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, UniqueConstraint
from sqlmodel import Field

from counterfoil.oracle.store.table import OracleTable


class DayClose(OracleTable, table=True):
    """Decided: the closing of a business date, and how far it has come.

    ``status``: ``open`` (under way, in ``phase``), ``closed`` (everything agrees), ``differs`` (closed, and the report
    names what does not agree) or ``failed`` (the date could not be moved, ``error_code`` says why). ``attempt`` counts
    from 1; a day that differs or failed can be attempted again.
    """

    __tablename__ = "day_close"

    date: int = Field(primary_key=True)
    status: str = Field(default="open", index=True)
    phase: str
    attempt: int = 1
    asked_by: str
    started_ms: int = Field(sa_column=Column(BigInteger, nullable=False))
    finished_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    error_code: str | None = None
    error_detail: str | None = None
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))


class DayStep(OracleTable, table=True):
    """Decided: one transaction of a day's closing; the transaction's row has its outcome.

    ``before`` is the state of the loan or claim, or the amount, that the step was planned from.
    """

    __tablename__ = "day_step"
    __table_args__ = (UniqueConstraint("date", "attempt", "kind", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    date: int = Field(index=True)
    attempt: int
    phase: str
    kind: str
    subject: int
    before: str = ""
    transaction_id: int
