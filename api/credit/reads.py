"""Lines of credit and their loans: reads of ``oracle.db`` for one reader at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Engine, or_, true
from sqlmodel import col, select

from counterfoil.api.access.rows import all_rows, one_row
from counterfoil.api.access.sight import Sight
from counterfoil.oracle.ledger.credit_line import LineRow, LineSweep, LoanPayment, LoanRow


def _lines(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    mine = (col(LineRow.borrower), col(LineRow.lender))
    return or_(*(column == sight.account for column in mine))


class CreditReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def lines(self, sight: Sight, after: int, limit: int) -> Sequence[LineRow]:
        """Return lines after number *after*, ascending."""
        wanted = (_lines(sight), col(LineRow.line) > after)
        return all_rows(self.engine, LineRow, *wanted, order=col(LineRow.line), limit=limit)

    def line(self, sight: Sight, number: int) -> LineRow | None:
        """One line."""
        return one_row(self.engine, LineRow, _lines(sight), LineRow.line == number)

    def loans(
        self, sight: Sight, after: int, limit: int, line: int | None = None
    ) -> Sequence[LoanRow]:
        """Return loans after number *after*, ascending; of one *line*, or of all."""
        mine = select(LineRow.line).where(_lines(sight))
        wanted = [col(LoanRow.line).in_(mine), col(LoanRow.loan) > after]
        if line is not None:
            wanted.append(col(LoanRow.line) == line)
        return all_rows(self.engine, LoanRow, *wanted, order=col(LoanRow.loan), limit=limit)

    def loan(self, sight: Sight, number: int) -> LoanRow | None:
        """One loan."""
        mine = select(LineRow.line).where(_lines(sight))
        return one_row(self.engine, LoanRow, col(LoanRow.line).in_(mine), LoanRow.loan == number)

    def payments(self, loan: int) -> Sequence[LoanPayment]:
        """Return what was paid on a loan, by date."""
        return all_rows(
            self.engine, LoanPayment, LoanPayment.loan == loan, order=col(LoanPayment.date)
        )

    def sweeps(self, line: int) -> Sequence[LineSweep]:
        """Return what was swept into a line's loans, by date."""
        return all_rows(self.engine, LineSweep, LineSweep.line == line, order=col(LineSweep.date))
