"""Takings that are signed, under an anchored head and matched with payments: reads of ``oracle.db``."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Engine, case, func
from sqlmodel import Session, col, select

from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import canonical
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.ledger.revenue_split import Credit
from counterfoil.oracle.store.directory_tables import KnownProject, KnownTerms
from counterfoil.oracle.store.revenue_tables import Distribution, SaleFact

_MATCHED = ("matched", "distributed")


@dataclass(frozen=True)
class Month:
    """A month (YYYYMM): anchored sales, takings less refunds, and how much of these was matched with payments."""

    month: int
    sales: int
    takings_minor: int
    matched_minor: int


class TakingsReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def currencies(self, projects: Collection[str]) -> list[str]:
        """Return the currencies in which the projects' machines have sold."""
        query = select(SaleFact.currency).where(col(SaleFact.project).in_(projects)).distinct()
        with Session(self._engine) as session:
            return sorted(session.exec(query))

    def months(
        self, projects: Collection[str], currency: str, first: int, last: int
    ) -> dict[int, Month]:
        """Return the months *first* to *last* that have takings under an anchored head."""
        is_sale = ~col(SaleFact.is_refund)
        signed = case((is_sale, SaleFact.amount_minor), else_=-SaleFact.amount_minor)
        matched = case((col(SaleFact.status).in_(_MATCHED), signed), else_=0)
        month = (col(SaleFact.business_date) // 100).label("month")
        with Session(self._engine) as session:
            rows = session.exec(
                select(
                    month,
                    func.sum(case((is_sale, 1), else_=0)),
                    func.sum(signed),
                    func.sum(matched),
                )
                .where(
                    col(SaleFact.project).in_(projects),
                    SaleFact.currency == currency,
                    SaleFact.log_index < self._anchored(session),
                    SaleFact.business_date >= first * 100,
                    SaleFact.business_date <= last * 100 + 31,
                )
                .group_by(month)
            ).all()
        return {
            int(m): Month(month=int(m), sales=int(n), takings_minor=int(t), matched_minor=int(p))
            for m, n, t, p in rows
        }

    def between(self, projects: Collection[str], first: int, last: int) -> int:
        """Return matched takings less refunds of the business dates *first* to *last*, under an anchored head."""
        is_sale = ~col(SaleFact.is_refund)
        signed = case((is_sale, SaleFact.amount_minor), else_=-SaleFact.amount_minor)
        with Session(self._engine) as session:
            query = select(func.coalesce(func.sum(signed), 0)).where(
                col(SaleFact.project).in_(projects),
                col(SaleFact.status).in_(_MATCHED),
                SaleFact.log_index < self._anchored(session),
                SaleFact.business_date >= first,
                SaleFact.business_date <= last,
            )
            return int(session.exec(query).one())

    def swept(self, account: str, first: int, last: int) -> int:
        """Return what splits gave *account* as a loan's sweep, out of the takings of these business dates."""
        query = (
            select(func.coalesce(func.sum(col(Credit.amount_minor)), 0))
            .join(Distribution, col(Distribution.batch) == col(Credit.batch))
            .where(
                Credit.account == account,
                Credit.tier == int(Tier.SWEEP),
                Distribution.business_date >= first,
                Distribution.business_date <= last,
            )
        )
        with Session(self._engine) as session:
            return int(session.exec(query).one())

    def swept_by(self, account: str) -> list[str]:
        """Return the projects that sweep into *account*: by terms known here, or by what they have paid."""
        paid = (
            select(KnownProject.project)
            .join(Credit, col(Credit.project_hash) == col(KnownProject.project_hash))
            .where(Credit.account == account, Credit.tier == int(Tier.SWEEP))
            .distinct()
        )
        with Session(self._engine) as session:
            found = set(session.exec(paid))
            for row in session.exec(select(KnownTerms)):
                sweep = row.terms.get("sweep") or {}
                if canonical(str(sweep.get("account", ""))) == account:
                    found.add(row.project)
        return sorted(found)

    def _anchored(self, session: Session) -> int:
        return session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0
