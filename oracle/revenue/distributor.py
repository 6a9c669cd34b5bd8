"""Turns matched facts into distributions: one per project and business date, under an anchored head, in date order.

Rules that this module keeps:

- The batch is named by its facts: the same facts give the same batch, and a batch is distributed once, here (unique)
  and on chain.
- A signed distribution has a deadline. One that came too late is proposed again under its own batch.
- The facts are marked as distributed and the distribution is stored in one database transaction, before anybody is
  asked to sign it. Its chain transaction is queued once the quorum has signed. Until then the same facts under the same
  head are proposed again.
- A distribution is sent only when the collection account holds its gross.
- No database transaction is open while the chain is asked: what is due is read, then the accounts' cash is asked, then
  the distributions are decided. What was under way when it was read, or is when they are decided, counts as spent: cash
  is never counted twice, whatever is mined meanwhile.
- Of a project of which the chain has a distribution whose sales aren't known here, nothing is distributed.
- A day with more kinds of goods than one distribution may have takes several, in the log's order.
- A day whose money is not there yet, and a distribution that the quorum does not sign, delay no other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Engine, func, or_
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL, MINED, enqueue
from counterfoil.gateway.record.identity import on_chain_id
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.revenue.chain_distributions import unknown_projects
from counterfoil.oracle.revenue.sale_states import DISTRIBUTED, MATCHED
from counterfoil.oracle.rules.collection_account import collection_account
from counterfoil.oracle.rules.facts import (
    decode_facts,
    distribution_argument,
    facts_of,
    fitting,
    names_of,
    tax_minor,
)
from counterfoil.oracle.rules.judging.call import CALL_LIFE_S
from counterfoil.oracle.store.directory_tables import KnownGoods, KnownProject
from counterfoil.oracle.store.revenue_tables import Distribution, SaleFact

Cosign = Callable[[str, bytes, bytes, int, bytes, int], list[bytes] | None]
"""(target, call data, label, deadline, facts, head's size) → the quorum's signatures over the call; None: too few."""


class Distributor:
    """Sends the distributions that are due."""

    def __init__(
        self,
        engine: Engine,
        client: ChainClient,
        sender: str,
        cosign: Cosign,
        keep: Callable[[], object] = lambda: None,
    ) -> None:
        """*keep* copies what was decided to a second place, before anybody is asked to sign it."""
        self._keep = keep
        self._engine = engine
        self._client = client
        self._sender = sender
        self._cosign = cosign
        self._not_signed_at: dict[str, float] = {}
        self._short: dict[tuple[str, int], int] = {}
        """The gross of each project's day that exceeded the account's cash; it only grows until it is paid."""

    def step(self, most: int = 50) -> int:
        """Decide on up to *most* distributions whose money is there, send the signed ones, and return their number."""
        self._decide(most)
        return self._send(most)

    def _decide(self, most: int) -> None:
        with Session(self._engine.execution_options(reads_only=True)) as session:
            head = session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0
            groups = _due(session, head)
            before = _under_way(session)
        if not groups:
            return
        held = self._held({project for project, _ in groups})
        with Session(self._engine) as session:
            spent = _by_project(before | _under_way(session))
            free = {project: cash - spent[project] for project, cash in held.items()}
            decided = 0
            for project, date in groups:  # a day without its money delays no other
                if decided == most:
                    break
                if free[project] < self._short.get((project, date), 0):
                    continue
                gross = self._distribute(session, project, date, head=head, free=free[project])
                if gross > free[project]:
                    self._short[project, date] = gross
                else:
                    self._short.pop((project, date), None)
                    free[project] -= gross
                    decided += 1
            session.commit()

    def _send(self, most: int) -> int:
        """Get decided distributions signed, and queue them; no database transaction is open while peers are asked."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            found = session.exec(
                select(Distribution.batch)
                .where(col(Distribution.transaction_id).is_(None))
                .order_by(col(Distribution.business_date), col(Distribution.batch))
            ).all()
        if found:
            self._keep()
        # What was not signed comes last, so it delays no other.
        waiting = sorted(found, key=lambda batch: self._not_signed_at.get(batch, 0.0))[:most]
        split, contract = (self._client.address_of(n) for n in ("RevenueSplit", "OracleQuorum"))
        sent = 0
        for name in waiting:
            with Session(self._engine.execution_options(reads_only=True)) as session:
                row = session.get_one(Distribution, name)
            batch, facts_hash = (from_hex(text) for text in (row.batch, row.facts_hash))
            argument = distribution_argument(
                facts=decode_facts(row.facts),
                batch=batch,
                tax=row.tax_minor,
                head=row.head_size,
                facts_hash=facts_hash,
            )
            data = self._client.encode("RevenueSplit", "distribute", argument)
            deadline = self._client.now_s() + CALL_LIFE_S
            signatures = self._cosign(split, data, batch, deadline, row.facts, row.head_size)
            if signatures is None:
                self._not_signed_at[name] = time.monotonic()
                break
            self._not_signed_at.pop(name, None)
            parts = (split, data, batch, deadline, signatures)
            call = self._client.encode("OracleQuorum", "execute", *parts)
            with Session(self._engine) as session:
                key = f"distribute:{batch.hex()}:{deadline}"
                decided = session.get_one(Distribution, name)
                decided.transaction_id = enqueue(
                    session, signer=self._sender, key=key, to=contract, data=call
                )
                session.commit()
            sent += 1
        return sent

    def _held(self, projects: Collection[str]) -> dict[str, int]:
        """The balance of each project's collection account now, in minor units."""
        token = self._client.address_of("DepositToken")
        accounts = [collection_account(token, on_chain_id(project)) for project in projects]
        cash = self._client.call_all("DepositToken", "balanceOf", [(a,) for a in accounts])
        return dict(zip(projects, cash, strict=True))

    def _distribute(self, session: Session, project: str, date: int, head: int, free: int) -> int:
        """Decide on a project's matched day if *free* suffices; return its gross in minor units, else 0."""
        rows = session.exec(
            select(SaleFact)
            .where(
                SaleFact.status == MATCHED,
                SaleFact.project == project,
                SaleFact.business_date == date,
                SaleFact.log_index < head,
            )
            .order_by(col(SaleFact.log_index))
        ).all()
        if not rows:
            return 0
        rows = rows[: fitting([code for code, _ in row.units] for row in rows)]
        facts = facts_of(project, date, rows)
        if facts.gross_minor > free:
            return facts.gross_minor
        encoded = facts.encode()
        facts_hash, batch = names_of(encoded)
        known = session.get_one(KnownProject, project)
        tax = tax_minor(facts.gross_minor, facts.refunds_minor, known.tax_basis_points)
        for code, _ in facts.units:
            session.merge(KnownGoods(goods_hash=to_hex(on_chain_id(code)), code=code))
        session.add(
            Distribution(
                batch=to_hex(batch),
                project=project,
                business_date=date,
                gross_minor=facts.gross_minor,
                refunds_minor=facts.refunds_minor,
                tax_minor=tax,
                units=[list(unit) for unit in facts.units],
                head_size=head,
                facts_hash=to_hex(facts_hash),
                facts=encoded,
            )
        )
        for row in rows:
            row.status, row.batch = DISTRIBUTED, to_hex(batch)
        return facts.gross_minor


def _due(session: Session, head: int) -> list[tuple[str, int]]:
    """(project, business date) of what is matched and lies under the head of this size, the earliest date first."""
    unknown = select(KnownProject.project).where(
        col(KnownProject.project_hash).in_(unknown_projects(session))
    )
    found = session.exec(
        select(SaleFact.project, SaleFact.business_date)
        .where(
            SaleFact.status == MATCHED,
            SaleFact.log_index < head,
            col(SaleFact.project).not_in(unknown),
        )
        .distinct()
        .order_by(col(SaleFact.business_date), col(SaleFact.project))
    )
    return [(project, date) for project, date in found]


def _under_way(session: Session) -> dict[str, tuple[str, int]]:
    """The distributions that have not taken effect yet: batch → (project, gross)."""
    found = session.exec(
        select(Distribution.batch, Distribution.project, Distribution.gross_minor)
        .outerjoin(TransactionRow, col(TransactionRow.id) == col(Distribution.transaction_id))
        .where(
            or_(
                col(Distribution.transaction_id).is_(None),
                col(TransactionRow.status).not_in([MINED, FINAL, FAILED]),
            )
        )
    )
    return {batch: (project, gross) for batch, project, gross in found}


def _by_project(under_way: Mapping[str, tuple[str, int]]) -> Counter[str]:
    """The gross of what is under way, by project."""
    spent: Counter[str] = Counter()
    for project, gross in under_way.values():
        spent[project] += gross
    return spent
