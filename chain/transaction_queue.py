"""The rows of transactions that must take effect exactly once: asked for here, carried out by the sender.

:func:`enqueue` writes a row in the caller's own database transaction, under the caller's business key.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, func, update
from sqlalchemy.orm import Session as PlainSession
from sqlmodel import Session, col, select

from counterfoil.chain.address import Address
from counterfoil.chain.tables import TransactionRow

PENDING, SUBMITTED, MINED, FINAL, FAILED = "pending", "submitted", "mined", "final", "failed"

RowUpdate = dict[str, Any]
"""New values of one row's columns, with its ``id``."""


def enqueue(
    session: Session, signer: str, key: str, to: str, data: bytes, gas: int | None = None
) -> int:
    """Ask for one transaction under the business key *key*. Returns the id of its row.

    A second call with the same key asks for nothing and returns the first row. A caller that knows a gas limit gives it
    as *gas*: the node then runs the transaction once. To estimate, it would run it many times.
    """
    known = session.exec(
        select(TransactionRow.id).where(TransactionRow.idempotency_key == key)
    ).first()
    if known is not None:
        return known
    row = TransactionRow(
        idempotency_key=key,
        signer=Address(signer),
        to_address=Address(to),
        data=data,
        gas=gas,
        hashes=[],
        created_ms=now_ms(),
    )
    session.add(row)
    session.flush()
    return row.id or 0


class TransactionQueue:
    """One signer's rows. No database transaction stays open between two calls."""

    def __init__(self, engine: Engine, signer: Address) -> None:
        self._engine = engine
        self._signer = signer

    def rows(
        self, *statuses: str, least_nonce: int | None = None, limit: int | None = None
    ) -> Sequence[TransactionRow]:
        """Copies of this signer's rows, the oldest first."""
        query = select(TransactionRow).where(
            TransactionRow.signer == self._signer, col(TransactionRow.status).in_(statuses)
        )
        if least_nonce is not None:
            query = query.where(col(TransactionRow.nonce) >= least_nonce)
        with Session(self._engine) as session:
            rows = session.exec(query.order_by(col(TransactionRow.id)).limit(limit)).all()
            session.expunge_all()
            return rows

    def count(self, *statuses: str) -> int:
        """The number of this signer's rows in *statuses*."""
        query = (
            select(func.count())
            .select_from(TransactionRow)
            .where(TransactionRow.signer == self._signer, col(TransactionRow.status).in_(statuses))
        )
        with Session(self._engine) as session:
            return session.exec(query).one()

    def highest_nonce(self) -> int | None:
        """The highest nonce that a row was given; None before there is one."""
        query = select(func.max(TransactionRow.nonce)).where(TransactionRow.signer == self._signer)
        with Session(self._engine) as session:
            return session.exec(query).one()

    def write(self, updates: Sequence[RowUpdate]) -> None:
        """Commit *updates* together, in a transaction that begins by writing."""
        with PlainSession(self._engine) as session:
            session.execute(update(TransactionRow), list(updates))
            session.commit()


def back_to_submitted(row: TransactionRow) -> RowUpdate:
    return {
        "id": row.id,
        "status": SUBMITTED,
        "error_code": None,
        "error_detail": None,
        "tx_hash": None,
        "block_number": None,
        "block_hash": None,
        "gas_used": None,
    }


def failed(row: TransactionRow, code: str, detail: str) -> RowUpdate:
    return {"id": row.id, "status": FAILED, "error_code": code, "error_detail": detail}


def now_ms() -> int:
    return time.time_ns() // 1_000_000
