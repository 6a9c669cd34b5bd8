"""Projects' terms, distributions and balances: reads of ``oracle.db`` for one reader at a time.

Rules kept here:

* Whoever runs a project sees all credits of its distributions; others see their own. Amounts are minor units.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.api.access.directory import Directory
from counterfoil.api.access.sight import Sight
from counterfoil.api.projects.pool_reads import PoolReads, pools_of
from counterfoil.chain.abi.enums import Tier
from counterfoil.chain.address import Address
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.oracle.ledger.revenue_split import Balance, Credit, DistributedRow, TermsRow
from counterfoil.oracle.store.directory_tables import KnownProject, KnownTerms
from counterfoil.oracle.store.revenue_tables import Distribution


@dataclass(frozen=True)
class SeenDistribution:
    """A distribution on chain, with the credits that its reader may see: (tier, account, amount)."""

    batch: str
    project: str
    business_date: int
    version: int
    gross_minor: int
    refunds_minor: int
    tax_minor: int
    head_size: int
    facts_hash: str
    block_number: int
    transaction_hash: str
    credits: tuple[tuple[str, Address, int], ...]


@dataclass(frozen=True)
class SeenBalance:
    """What an account has been credited, its shares of pools included, and what it has taken of it."""

    account: Address
    credited_minor: int
    withdrawn_minor: int


class ProjectReads:
    """Reads of one ``oracle.db``; every method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def terms(self, project: KnownProject) -> list[tuple[TermsRow, KnownTerms | None]]:
        """Return the versions of a project's terms on chain, each with its terms where they are known here."""
        with Session(self._engine, expire_on_commit=False) as session:
            said = {
                row.effective_from: row
                for row in session.exec(
                    select(KnownTerms).where(KnownTerms.project == project.project)
                )
            }
            entries = session.exec(
                select(TermsRow)
                .where(TermsRow.project_hash == project.project_hash)
                .order_by(col(TermsRow.version))
            ).all()
        return [(entry, said.get(entry.effective_from)) for entry in entries]

    def distributions(
        self,
        sight: Sight,
        projects: Collection[str],
        first: int = 0,
        last: int = 99991231,
    ) -> list[SeenDistribution]:
        """Return the distributions of *projects* for business dates *first* to *last*, in the chain's order.

        Credits of others are left out where the reader does not run the project.
        """
        names = {
            p.project_hash: p.project
            for p in Directory(self._engine).projects()
            if p.project in projects
        }
        with Session(self._engine, expire_on_commit=False) as session:
            entries = session.exec(
                select(DistributedRow)
                .where(col(DistributedRow.project_hash).in_(names))
                .order_by(col(DistributedRow.block_number), col(DistributedRow.batch))
            ).all()
            facts = {
                row.batch: row
                for row in session.exec(
                    select(Distribution).where(col(Distribution.project).in_(list(names.values())))
                )
            }
            mine = {sight.account, *pools_of(session, sight.account)}
            rows = session.exec(
                select(Credit).where(col(Credit.project_hash).in_(names)).order_by(col(Credit.id))
            ).all()
        projects_of = {entry.batch: names[entry.project_hash] for entry in entries}
        lines: dict[str, list[tuple[str, Address, int]]] = {}
        for row in rows:  # in the order of their events, and so of the distributions
            line = (Tier(row.tier).wire_name, row.account, row.amount_minor)
            lines.setdefault(row.batch, []).append(line)
        # A distribution of refunds alone credits nobody; it stands in its block, after those that do.
        place = {batch: number for number, batch in enumerate(lines)}
        found: list[SeenDistribution] = []
        for entry in sorted(
            entries, key=lambda one: (one.block_number, place.get(one.batch, len(place)))
        ):
            batch, project = entry.batch, projects_of[entry.batch]
            seen = lines.get(batch, [])
            fact = facts.get(batch)
            date = fact.business_date if fact else 0
            if not first <= date <= last:
                continue
            everyones = sight.everything or project in sight.run
            found.append(
                SeenDistribution(
                    batch,
                    project,
                    business_date=date,
                    version=entry.version,
                    gross_minor=entry.gross_minor,
                    refunds_minor=fact.refunds_minor if fact else 0,
                    tax_minor=fact.tax_minor if fact else 0,
                    head_size=entry.head_size,
                    facts_hash=entry.facts_hash,
                    block_number=entry.block_number,
                    transaction_hash=entry.transaction_hash,
                    credits=tuple(line for line in seen if everyones or line[1] in mine),
                )
            )
        return found

    def facts(self, facts_hash: str) -> bytes | None:
        """Return the facts whose SHA-256 is *facts_hash*, as they are kept here; None where they are not."""
        with Session(self._engine) as session:
            row = session.exec(
                select(Distribution).where(Distribution.facts_hash == facts_hash)
            ).first()
        if row is None or sha256(row.facts).digest() != from_hex(facts_hash):
            return None
        return row.facts

    def balances(self, sight: Sight) -> list[SeenBalance]:
        """Return what accounts have to their credit and have taken: the reader's own, or all.

        An investor's shares of pools are in its balance. A pool's is what its investors have not taken.
        """
        with Session(self._engine, expire_on_commit=False) as session:
            rows = session.exec(select(Balance)).all()
        found = {row.account: (row.credited_minor, row.withdrawn_minor) for row in rows}
        for pool in PoolReads(self._engine).pools(sight, own_shares=not sight.everything):
            for share in pool.shares:
                credited, withdrawn = found.get(share.account, (0, 0))
                more = (share.earned_minor, share.taken_minor)
                found[share.account] = (credited + more[0], withdrawn + more[1])
        return [
            SeenBalance(account, *amounts)
            for account, amounts in sorted(found.items())
            if sight.everything or account == sight.account
        ]
