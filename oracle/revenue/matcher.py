"""Runs the matching (``rules.matching``) as sales and payments come in. It commits its own writes and is crash-safe.

Rules kept here:

* The cost of a run follows what is new, not what waits: a fleet may have a hundred thousand sales waiting for
  tomorrow's settlement, and there is always some payment whose sale is not here yet.
* A waiting row is looked at again only when something new may decide it: a payment under its reference, or another
  cash sale of its machine's day. The close of a date looks at everything.
* A payment of a sale that was distributed is matched with it: the sale was accepted by a person before it came, or
  this database was lost and the settlement file is read again.
* A fact or payment that is decided never waits again, and their ids grow. So one id in each tells what is new. After a
  start everything that waits is looked at once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from counterfoil.oracle.revenue.sale_reader import exception_of
from counterfoil.oracle.revenue.sale_states import DISTRIBUTED, EXCEPTION, MATCHED, WAITING
from counterfoil.oracle.rules.matching import (
    CASH,
    CASH_PREFIX,
    SettledPayment,
    SignedSale,
    cash_reference,
    counterpart,
    match,
)
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.revenue_tables import MatchException, SaleFact, SettlementRow

_PAGE = 2_000
_ASKED_AT_ONCE = 500
_DATE_DIGITS = 8


class Matcher:
    """Matches the new sales and payments of every project, *page* of each at a time."""

    def __init__(self, engine: Engine, page: int = _PAGE) -> None:
        self._engine = engine
        self._page = page
        self._looked_at: dict[str, tuple[int, int]] = {}
        """By project: the newest fact (log index) and the newest payment (row id) that were looked at."""

    def step(self) -> int:
        """Match the next page of every project; return the number of sales and payments looked at."""
        looked_at: dict[str, tuple[int, int]] = {}
        count = 0
        with Session(self._engine) as session:
            for project in session.exec(select(KnownProject.project)).all():
                fact, row = self._looked_at.get(project, (-1, 0))
                sales = self._next_sales(session, project, fact)
                payments = self._next_payments(session, project, row)
                if not sales and not payments:
                    continue
                count += len(sales) + len(payments)
                looked_at[project] = (
                    sales[-1].log_index if sales else fact,
                    (payments[-1].id or 0) if payments else row,
                )
                _match_new(session, project, sales, payments)
            session.commit()
        self._looked_at |= looked_at
        return count

    def _next_sales(self, session: Session, project: str, after: int) -> Sequence[SaleFact]:
        query = _waiting_sales(project).where(col(SaleFact.log_index) > after)
        return session.exec(query.order_by(col(SaleFact.log_index)).limit(self._page)).all()

    def _next_payments(self, session: Session, project: str, after: int) -> Sequence[SettlementRow]:
        query = _waiting_payments(project).where(col(SettlementRow.id) > after)
        return session.exec(query.order_by(col(SettlementRow.id)).limit(self._page)).all()


def close_matching(session: Session, project: str, closed_through: int) -> tuple[int, int]:
    """Match all that waits in *project*; return (matched sales, new exceptions). The caller commits.

    Business dates up to and with *closed_through* are closed: a row of them without a counterpart becomes an exception.
    """
    sales = session.exec(_waiting_sales(project)).all()
    rows = {row.reference: row for row in session.exec(_waiting_payments(project))}
    payments = list(_not_shared_out(session, project, rows).values())
    return _decide(session, project, sales, payments, closed_through)


def _match_new(
    session: Session, project: str, sales: Sequence[SaleFact], payments: Sequence[SettlementRow]
) -> None:
    """Match these with all waiting rows that they may decide."""
    rows = {row.reference: row for row in payments}
    wanted = {r for r in map(counterpart, map(_seen, sales)) if r is not None} - rows.keys()
    for piece in _pieces(wanted):
        under = _waiting_payments(project).where(col(SettlementRow.reference).in_(piece))
        rows |= {row.reference: row for row in session.exec(under)}
    rows = _not_shared_out(session, project, rows)
    facts = {fact.log_index: fact for fact in sales}
    for piece in _pieces(rows):
        asked = _waiting_sales(project).where(
            col(SaleFact.reference).in_(piece), SaleFact.method != CASH
        )
        facts |= {fact.log_index: fact for fact in session.exec(asked)}
    counts = [r for r in rows if r.startswith(CASH_PREFIX)]
    for fact in _cash_of(session, _waiting_sales(project), counts):
        facts[fact.log_index] = fact
    _decide(session, project, sales=facts.values(), payments=rows.values(), closed_through=0)


def _not_shared_out(
    session: Session, project: str, rows: dict[str, SettlementRow]
) -> dict[str, SettlementRow]:
    """Those of *rows* whose sales were not distributed; the others are matched, where the amount is the sales'."""
    shared = select(SaleFact).where(SaleFact.project == project, SaleFact.status == DISTRIBUTED)
    sums: Counter[str] = Counter()
    for piece in _pieces(rows):
        asked = shared.where(col(SaleFact.reference).in_(piece), SaleFact.method != CASH)
        for fact in session.exec(asked):
            sums[fact.reference or ""] += 0 if fact.is_refund else fact.amount_minor
    for fact in _cash_of(session, shared, [r for r in rows if r.startswith(CASH_PREFIX)]):
        sums[cash_reference(fact.device, fact.business_date)] += fact.amount_minor
    left: dict[str, SettlementRow] = {}
    for reference, row in rows.items():
        if row.amount_minor == sums[reference]:
            row.status = MATCHED
        else:
            left[reference] = row
    return left


def _cash_of(
    session: Session, among: SelectOfScalar[SaleFact], counts: Iterable[str]
) -> Iterator[SaleFact]:
    """The cash sales *among* these of the machine days that *counts* refer to."""
    by_device: dict[str, set[int]] = defaultdict(set)
    for count in counts:
        device, _, date = count.removeprefix(CASH_PREFIX).rpartition(":")
        if len(date) == _DATE_DIGITS and date.isdecimal():
            by_device[device].add(int(date))
    for piece in _pieces(by_device):
        query = among.where(
            col(SaleFact.business_date).in_(set().union(*(by_device[d] for d in piece))),
            col(SaleFact.device).in_(piece),
            SaleFact.method == CASH,
        )
        for fact in session.exec(query):
            if fact.business_date in by_device[fact.device]:
                yield fact


def _decide(
    session: Session,
    project: str,
    sales: Collection[SaleFact],
    payments: Iterable[SettlementRow],
    closed_through: int,
) -> tuple[int, int]:
    """Store the outcome of matching these; return (matched sales, new exceptions)."""
    facts = {fact.log_index: fact for fact in sales}
    rows = {row.id or 0: row for row in payments}
    seen = [_seen(fact) for fact in facts.values()]
    paid = [
        SettledPayment(
            id=i, reference=r.reference, business_date=r.business_date, amount_minor=r.amount_minor
        )
        for i, r in rows.items()
    ]
    found = match(
        sales=seen,
        payments=paid,
        closed_through=closed_through,
        used_before=_used_before(session, project, seen),
    )
    for log_index in found.sales:
        facts[log_index].status = MATCHED
    for row_id in found.payments:
        rows[row_id].status = MATCHED
    for unmatched in found.exceptions:
        if unmatched.log_index is not None:
            fact = facts[unmatched.log_index]
            fact.status = EXCEPTION
            session.add(
                MatchException(**exception_of(fact.model_dump(), unmatched.code, unmatched.detail))
            )
        elif unmatched.payment_id is not None:
            row = rows[unmatched.payment_id]
            row.status = EXCEPTION
            session.add(
                MatchException(
                    project=project,
                    settlement_id=row.id,
                    business_date=row.business_date,
                    amount_minor=row.amount_minor,
                    code=unmatched.code,
                    detail=unmatched.detail,
                )
            )
    return len(found.sales), len(found.exceptions)


def _used_before(session: Session, project: str, sales: Iterable[SignedSale]) -> set[str]:
    """Those references of *sales* whose payments have matched already."""
    wanted = {r for r in map(counterpart, sales) if r is not None}
    used: set[str] = set()
    for piece in _pieces(wanted):
        used.update(
            session.exec(
                select(SettlementRow.reference).where(
                    SettlementRow.project == project,
                    SettlementRow.status == MATCHED,
                    col(SettlementRow.reference).in_(piece),
                )
            )
        )
    return used


def _waiting_sales(project: str) -> SelectOfScalar[SaleFact]:
    return select(SaleFact).where(SaleFact.project == project, SaleFact.status == WAITING)


def _waiting_payments(project: str) -> SelectOfScalar[SettlementRow]:
    return select(SettlementRow).where(
        SettlementRow.project == project, SettlementRow.status == WAITING
    )


def _seen(fact: SaleFact) -> SignedSale:
    return SignedSale(
        fact.log_index,
        fact.device,
        fact.business_date,
        fact.amount_minor,
        fact.method,
        reference=fact.reference,
        is_refund=fact.is_refund,
    )


def _pieces(names: Iterable[str]) -> Iterator[list[str]]:
    ordered = sorted(names)
    for start in range(0, len(ordered), _ASKED_AT_ONCE):
        yield ordered[start : start + _ASKED_AT_ONCE]
