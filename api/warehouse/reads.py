"""Warehouse receipts, pledges and prices: reads of ``oracle.db`` for one reader at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, exists, or_, true
from sqlmodel import Session, col, select

from counterfoil.api.access.rows import all_rows, one_row
from counterfoil.api.access.sight import Sight
from counterfoil.oracle.ledger.credit_line import LineRow, LoanRow
from counterfoil.oracle.ledger.warehouse_receipts import (
    PLEDGED,
    GoodsPrice,
    PledgeRow,
    WarehouseReceiptRow,
)
from counterfoil.oracle.store.directory_tables import KnownGoods


def _pledges(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    borrowed = exists().where(
        col(LoanRow.loan) == col(PledgeRow.loan),
        col(LoanRow.line) == col(LineRow.line),
        col(LineRow.borrower) == sight.account,
    )
    return or_(col(PledgeRow.pledgee) == sight.account, borrowed)


def _receipts(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    secured = exists().where(
        col(PledgeRow.pledge) == col(WarehouseReceiptRow.pledge),
        col(PledgeRow.pledgee) == sight.account,
    )
    mine = (col(WarehouseReceiptRow.holder), col(WarehouseReceiptRow.warehouse))
    return or_(*(column == sight.account for column in mine), secured)


class WarehouseReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def receipts(self, sight: Sight, after: int, limit: int) -> Sequence[WarehouseReceiptRow]:
        """Return warehouse receipts after number *after*, ascending."""
        wanted = (_receipts(sight), col(WarehouseReceiptRow.receipt) > after)
        return all_rows(
            self.engine,
            WarehouseReceiptRow,
            *wanted,
            order=col(WarehouseReceiptRow.receipt),
            limit=limit,
        )

    def receipt(self, sight: Sight, number: int) -> WarehouseReceiptRow | None:
        """Return one warehouse receipt."""
        return one_row(
            self.engine,
            WarehouseReceiptRow,
            _receipts(sight),
            WarehouseReceiptRow.receipt == number,
        )

    def pledges(self, sight: Sight, after: int, limit: int) -> Sequence[PledgeRow]:
        """Return pledges after number *after*, ascending."""
        wanted = (_pledges(sight), col(PledgeRow.pledge) > after)
        return all_rows(self.engine, PledgeRow, *wanted, order=col(PledgeRow.pledge), limit=limit)

    def pledge(self, sight: Sight, number: int) -> PledgeRow | None:
        """One pledge."""
        return one_row(self.engine, PledgeRow, _pledges(sight), PledgeRow.pledge == number)

    def pledged(self, pledge: int) -> list[int]:
        """Return the warehouse receipts that are in a pledge now."""
        wanted = (
            WarehouseReceiptRow.pledge == pledge,
            col(WarehouseReceiptRow.state).in_(PLEDGED),
        )
        rows = all_rows(
            self.engine, WarehouseReceiptRow, *wanted, order=col(WarehouseReceiptRow.receipt)
        )
        return [row.receipt for row in rows]

    def prices(self) -> Sequence[GoodsPrice]:
        """Return the newest price of each kind of goods."""
        return all_rows(self.engine, GoodsPrice, order=col(GoodsPrice.goods))

    def goods(self) -> dict[str, str]:
        """Return the codes of goods, by their names on chain."""
        with Session(self.engine, expire_on_commit=False) as session:
            return {row.goods_hash: row.code for row in session.exec(select(KnownGoods))}
