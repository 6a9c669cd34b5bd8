"""What is read of warehouse receipts, pledges and prices."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, exists, or_, true
from sqlmodel import Session, col, select

from counterfoil.api.access.rows import all_rows, one_row
from counterfoil.api.access.sight import Sight
from counterfoil.oracle.ledger.credit_line import LineEntry, LoanEntry
from counterfoil.oracle.ledger.warehouse_receipts import (
    PLEDGED,
    GoodsPrice,
    PledgeEntry,
    ReceiptEntry,
)
from counterfoil.oracle.store.directory_tables import KnownGoods


def _pledges(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    borrowed = exists().where(
        col(LoanEntry.loan) == col(PledgeEntry.loan),
        col(LoanEntry.line) == col(LineEntry.line),
        col(LineEntry.borrower) == sight.account,
    )
    return or_(col(PledgeEntry.pledgee) == sight.account, borrowed)


def _receipts(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    secured = exists().where(
        col(PledgeEntry.pledge) == col(ReceiptEntry.pledge),
        col(PledgeEntry.pledgee) == sight.account,
    )
    mine = (col(ReceiptEntry.holder), col(ReceiptEntry.warehouse))
    return or_(*(column == sight.account for column in mine), secured)


class WarehouseReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def receipts(self, sight: Sight, after: int, limit: int) -> Sequence[ReceiptEntry]:
        """Receipts after number *after*, ascending."""
        wanted = (_receipts(sight), col(ReceiptEntry.receipt) > after)
        return all_rows(
            self.engine, ReceiptEntry, *wanted, order=col(ReceiptEntry.receipt), limit=limit
        )

    def receipt(self, sight: Sight, number: int) -> ReceiptEntry | None:
        """One receipt."""
        return one_row(self.engine, ReceiptEntry, _receipts(sight), ReceiptEntry.receipt == number)

    def pledges(self, sight: Sight, after: int, limit: int) -> Sequence[PledgeEntry]:
        """Pledges after number *after*, ascending."""
        wanted = (_pledges(sight), col(PledgeEntry.pledge) > after)
        return all_rows(
            self.engine, PledgeEntry, *wanted, order=col(PledgeEntry.pledge), limit=limit
        )

    def pledge(self, sight: Sight, number: int) -> PledgeEntry | None:
        """One pledge."""
        return one_row(self.engine, PledgeEntry, _pledges(sight), PledgeEntry.pledge == number)

    def pledged(self, pledge: int) -> list[int]:
        """The receipts that are in a pledge now."""
        wanted = (
            ReceiptEntry.pledge == pledge,
            col(ReceiptEntry.state).in_(PLEDGED),
        )
        rows = all_rows(self.engine, ReceiptEntry, *wanted, order=col(ReceiptEntry.receipt))
        return [row.receipt for row in rows]

    def prices(self) -> Sequence[GoodsPrice]:
        """The newest price of each goods."""
        return all_rows(self.engine, GoodsPrice, order=col(GoodsPrice.goods))

    def goods(self) -> dict[str, str]:
        """The codes of goods by their names on chain."""
        with Session(self.engine, expire_on_commit=False) as session:
            return {row.goods_hash: row.code for row in session.exec(select(KnownGoods))}
