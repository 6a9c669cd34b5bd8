"""Claims, credit, receipts and shares as projected: reads of ``oracle.db`` for one reader at a time.

Rules kept here:

* A reader sees what it stands in; those who may see everything see all. Everything else is not found.
* Of a claim's parts its obligor sees all; others see those that they hold or held, that are offered or pledged to them,
  those that these came from, and those that came next.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Engine, and_, exists, func, or_, true
from sqlmodel import Session, col, select

from counterfoil.api.reads.ledger import Sight
from counterfoil.oracle.store.asset_tables import (
    BusinessDay,
    ClaimBalance,
    ClaimEntry,
    ClaimFunding,
    DealEntry,
    DiscountEntry,
    GoodsPrice,
    LineEntry,
    LineSweep,
    LoanEntry,
    LoanPayment,
    PartEntry,
    PledgeEntry,
    ReceiptEntry,
    ShareHolding,
    ShareProject,
)
from counterfoil.oracle.store.tables import KnownGoods, OracleTable

Row = TypeVar("Row", bound=OracleTable)


def _is(column: Any, account: str) -> ColumnElement[bool]:
    return func.lower(column) == account.lower()


def _stands_in_part(account: str) -> ColumnElement[bool]:
    return or_(
        _is(col(PartEntry.holder), account),
        _is(col(PartEntry.pledgee), account),
        and_(_is(col(PartEntry.offered_to), account), col(PartEntry.live)),
    )


def _claims(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    part = exists().where(
        col(PartEntry.root) == col(ClaimEntry.root), _stands_in_part(sight.account)
    )
    mine = (col(ClaimEntry.obligor), col(ClaimEntry.creditor))
    return or_(*(_is(column, sight.account) for column in mine), part)


def _lines(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    mine = (col(LineEntry.borrower), col(LineEntry.lender))
    return or_(*(_is(column, sight.account) for column in mine))


def _pledges(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    borrowed = exists().where(
        col(LoanEntry.loan) == col(PledgeEntry.loan),
        col(LoanEntry.line) == col(LineEntry.line),
        _is(col(LineEntry.borrower), sight.account),
    )
    return or_(_is(col(PledgeEntry.pledgee), sight.account), borrowed)


def _receipts(sight: Sight) -> ColumnElement[bool]:
    if sight.everything:
        return true()
    secured = exists().where(
        col(PledgeEntry.pledge) == col(ReceiptEntry.pledge),
        _is(col(PledgeEntry.pledgee), sight.account),
    )
    mine = (col(ReceiptEntry.holder), col(ReceiptEntry.warehouse))
    return or_(*(_is(column, sight.account) for column in mine), secured)


class Assets:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def _session(self) -> Session:
        return Session(self.engine, expire_on_commit=False)

    def _all(
        self, table: type[Row], *conditions: Any, order: Any, limit: int | None = None
    ) -> Sequence[Row]:
        with self._session() as session:
            return session.exec(select(table).where(*conditions).order_by(order).limit(limit)).all()

    def _one(self, table: type[Row], *conditions: Any) -> Row | None:
        with self._session() as session:
            return session.exec(select(table).where(*conditions)).first()

    # ---- the calendar

    def dates(self, after: int, limit: int) -> Sequence[BusinessDay]:
        """Business dates later than *after*, ascending."""
        later = col(BusinessDay.date) > after
        return self._all(BusinessDay, later, order=col(BusinessDay.date), limit=limit)

    def today(self) -> int:
        """The business date as far as events were read; 0 before the first."""
        with self._session() as session:
            return session.exec(select(func.max(col(BusinessDay.date)))).one() or 0

    # ---- claims

    def claims(
        self,
        sight: Sight,
        after: int,
        limit: int,
        kinds: Collection[str],
        state: str | None = None,
    ) -> Sequence[ClaimEntry]:
        """Claims of *kinds* after number *after*, ascending."""
        wanted = [_claims(sight), col(ClaimEntry.root) > after, col(ClaimEntry.kind).in_(kinds)]
        if state is not None:
            wanted.append(col(ClaimEntry.state) == state)
        return self._all(ClaimEntry, *wanted, order=col(ClaimEntry.root), limit=limit)

    def claim(self, sight: Sight, root: int) -> ClaimEntry | None:
        """One claim."""
        return self._one(ClaimEntry, _claims(sight), ClaimEntry.root == root)

    def is_party(self, account: str, root: int) -> bool:
        """Whether *account* itself stands in the claim, whatever else it may see."""
        narrow = Sight(account, frozenset(), frozenset(), frozenset(), everything=False)
        return bool(account) and self.claim(narrow, root) is not None

    def fundings(self, root: int) -> Sequence[ClaimFunding]:
        """What was paid towards a claim, the first first."""
        return self._all(
            ClaimFunding, ClaimFunding.root == root, order=col(ClaimFunding.redeemed_minor)
        )

    def parts(self, sight: Sight, claim: ClaimEntry) -> list[PartEntry]:
        """The parts of *claim* that the reader may see, by number."""
        rows = self._all(PartEntry, PartEntry.root == claim.root, order=col(PartEntry.part))
        me = sight.account.lower()
        if sight.everything or claim.obligor.lower() == me:
            return list(rows)
        parents = {row.part: row.parent for row in rows}
        seen: set[int] = set()
        for row in rows:
            offered = (row.offered_to or "").lower() == me and row.live
            if offered or me in (row.holder.lower(), (row.pledgee or "").lower()):
                seen.add(row.part)
        after = {part for part, parent in parents.items() if parent in seen}
        for part in tuple(seen):
            while part:
                seen.add(part)
                part = parents.get(part, 0)  # noqa: PLW2901  # one step back
        return [row for row in rows if row.part in seen | after]

    def part(self, sight: Sight, number: int) -> PartEntry | None:
        """One part."""
        found = self._one(PartEntry, PartEntry.part == number)
        claim = None if found is None else self.claim(sight, found.root)
        if claim is None:
            return None
        return next((p for p in self.parts(sight, claim) if p.part == number), None)

    def held(self, sight: Sight, after: int, limit: int) -> Sequence[PartEntry]:
        """Live parts that the reader holds, or has as a pledge."""
        mine = (
            true()
            if sight.everything
            else or_(
                _is(col(PartEntry.holder), sight.account),
                _is(col(PartEntry.pledgee), sight.account),
            )
        )
        wanted = (mine, col(PartEntry.live), col(PartEntry.part) > after)
        return self._all(PartEntry, *wanted, order=col(PartEntry.part), limit=limit)

    def offers(self, sight: Sight, after: int, limit: int) -> Sequence[PartEntry]:
        """Live parts with an open offer that the reader made or was made."""
        mine = (
            true()
            if sight.everything
            else or_(
                _is(col(PartEntry.holder), sight.account),
                _is(col(PartEntry.offered_to), sight.account),
            )
        )
        wanted = (
            *(mine, col(PartEntry.live), col(PartEntry.offered_to).is_not(None)),
            col(PartEntry.part) > after,
        )
        return self._all(PartEntry, *wanted, order=col(PartEntry.part), limit=limit)

    def discount(self, part: int) -> DiscountEntry | None:
        """At what price a part was sold."""
        return self._one(DiscountEntry, DiscountEntry.part == part)

    def claimable(self, token: str, account: str) -> int:
        """What claims have credited *account* and it has not withdrawn."""
        found = self._one(
            ClaimBalance, ClaimBalance.token == token, _is(col(ClaimBalance.account), account)
        )
        return 0 if found is None else found.credited_minor - found.withdrawn_minor

    # ---- credit

    def lines(self, sight: Sight, after: int, limit: int) -> Sequence[LineEntry]:
        """Lines after number *after*, ascending."""
        wanted = (_lines(sight), col(LineEntry.line) > after)
        return self._all(LineEntry, *wanted, order=col(LineEntry.line), limit=limit)

    def line(self, sight: Sight, number: int) -> LineEntry | None:
        """One line."""
        return self._one(LineEntry, _lines(sight), LineEntry.line == number)

    def loans(
        self, sight: Sight, after: int, limit: int, line: int | None = None
    ) -> Sequence[LoanEntry]:
        """Loans after number *after*, ascending; of one *line*, or of all."""
        mine = select(LineEntry.line).where(_lines(sight))
        wanted = [col(LoanEntry.line).in_(mine), col(LoanEntry.loan) > after]
        if line is not None:
            wanted.append(col(LoanEntry.line) == line)
        return self._all(LoanEntry, *wanted, order=col(LoanEntry.loan), limit=limit)

    def loan(self, sight: Sight, number: int) -> LoanEntry | None:
        """One loan."""
        mine = select(LineEntry.line).where(_lines(sight))
        return self._one(LoanEntry, col(LoanEntry.line).in_(mine), LoanEntry.loan == number)

    def payments(self, loan: int) -> Sequence[LoanPayment]:
        """What was paid on a loan, by date."""
        return self._all(LoanPayment, LoanPayment.loan == loan, order=col(LoanPayment.date))

    def sweeps(self, line: int) -> Sequence[LineSweep]:
        """What was swept into a line's loans, by date."""
        return self._all(LineSweep, LineSweep.line == line, order=col(LineSweep.date))

    # ---- warehouse receipts

    def receipts(self, sight: Sight, after: int, limit: int) -> Sequence[ReceiptEntry]:
        """Receipts after number *after*, ascending."""
        wanted = (_receipts(sight), col(ReceiptEntry.receipt) > after)
        return self._all(ReceiptEntry, *wanted, order=col(ReceiptEntry.receipt), limit=limit)

    def receipt(self, sight: Sight, number: int) -> ReceiptEntry | None:
        """One receipt."""
        return self._one(ReceiptEntry, _receipts(sight), ReceiptEntry.receipt == number)

    def pledges(self, sight: Sight, after: int, limit: int) -> Sequence[PledgeEntry]:
        """Pledges after number *after*, ascending."""
        wanted = (_pledges(sight), col(PledgeEntry.pledge) > after)
        return self._all(PledgeEntry, *wanted, order=col(PledgeEntry.pledge), limit=limit)

    def pledge(self, sight: Sight, number: int) -> PledgeEntry | None:
        """One pledge."""
        return self._one(PledgeEntry, _pledges(sight), PledgeEntry.pledge == number)

    def pledged(self, pledge: int) -> list[int]:
        """The receipts that are in a pledge now."""
        wanted = (
            ReceiptEntry.pledge == pledge,
            col(ReceiptEntry.state).in_(("pledged", "partial_release")),
        )
        rows = self._all(ReceiptEntry, *wanted, order=col(ReceiptEntry.receipt))
        return [row.receipt for row in rows]

    def prices(self) -> Sequence[GoodsPrice]:
        """The newest price of each goods."""
        return self._all(GoodsPrice, order=col(GoodsPrice.goods))

    def goods(self) -> dict[str, str]:
        """The codes of goods by their names on chain."""
        with self._session() as session:
            return {row.goods_hash: row.code for row in session.exec(select(KnownGoods))}

    # ---- shares and deals

    def share_projects(self) -> Sequence[ShareProject]:
        """Every project whose shares are open."""
        return self._all(ShareProject, order=col(ShareProject.project_hash))

    def holdings(self, project_hash: str) -> Sequence[ShareHolding]:
        """Who holds a project's shares."""
        wanted = ShareHolding.project_hash == project_hash
        return self._all(ShareHolding, wanted, order=col(ShareHolding.holder))

    def deal(self, digest: str) -> Sequence[DealEntry]:
        """What became of a deal on chain: settled, or taken back by some."""
        return self._all(DealEntry, DealEntry.deal == digest, order=col(DealEntry.by))
