"""Matched facts become distributions: one a project and business date, under an anchored head, in order of dates.

Rules that this module keeps:

- The batch is named by its facts: the same facts give the same batch, and a batch is distributed once, here (unique)
  and on chain.
- The facts are marked as distributed, the distribution stored and its transaction asked for in one transaction.
- A distribution is sent only when the collection account holds its gross.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import cbor2
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.sender import FAILED, FINAL, MINED, enqueue
from counterfoil.chain.tables import ChainTransaction
from counterfoil.gateway.identity import on_chain_id
from counterfoil.oracle.facts import DISTRIBUTED, MATCHED
from counterfoil.oracle.quorum import Quorum
from counterfoil.oracle.store.tables import (
    AnchoredHead,
    Distribution,
    KnownGoods,
    KnownProject,
    SaleFact,
)

BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Facts:
    """The sales and refunds that one distribution shares out; amounts in minor units."""

    project: str
    business_date: int
    entries: tuple[tuple[int, bool, int], ...]
    """(log index, is refund, amount), by log index."""
    units: tuple[tuple[str, int], ...]
    """(commodity code, count), by code."""

    @property
    def gross_minor(self) -> int:
        return sum(amount for _, is_refund, amount in self.entries if not is_refund)

    @property
    def refunds_minor(self) -> int:
        return sum(amount for _, is_refund, amount in self.entries if is_refund)

    def encode(self) -> bytes:
        """Deterministic CBOR: [1, project, date, [[log index, is refund, amount] …], [[code, count] …]]."""
        return cbor2.dumps(
            [
                1,
                self.project,
                self.business_date,
                [list(entry) for entry in self.entries],
                [list(unit) for unit in self.units],
            ],
            canonical=True,
        )


def tax_minor(gross: int, refunds: int, basis_points: int) -> int:
    """The tax in a day's takings, rounded down to the minor unit."""
    return max(0, gross - refunds) * basis_points // BASIS_POINTS


class Distributor:
    """Sends the distributions that are due."""

    def __init__(self, engine: Engine, client: ChainClient, sender: str, quorum: Quorum) -> None:
        self._engine = engine
        self._client = client
        self._sender = sender
        self._quorum = quorum

    def step(self, most: int = 50) -> int:
        """Ask for up to *most* distributions whose money is there; answer how many."""
        with Session(self._engine) as session:
            head = session.exec(select(func.max(AnchoredHead.size))).one() or 0
            if head == 0:
                return 0
            groups = session.exec(
                select(SaleFact.project, SaleFact.business_date)
                .where(SaleFact.status == MATCHED, SaleFact.log_index < head)
                .distinct()
                .order_by(col(SaleFact.business_date), col(SaleFact.project))
                .limit(most)
            ).all()
            free: dict[str, int] = {}
            sent = 0
            for project, date in groups:
                if project not in free:
                    free[project] = self._free_cash(session, project)
                sent += self._distribute(session, project, date, head, free)
            session.commit()
            return sent

    def _free_cash(self, session: Session, project: str) -> int:
        """What the collection account holds beyond the distributions that are on their way."""
        account = self._client.call("DepositToken", "collectionOf", on_chain_id(project))
        held: int = self._client.call("DepositToken", "balanceOf", account)
        under_way = session.exec(
            select(func.coalesce(func.sum(Distribution.gross_minor), 0))
            .join(ChainTransaction, col(ChainTransaction.id) == col(Distribution.transaction_id))
            .where(
                Distribution.project == project,
                col(ChainTransaction.status).not_in([MINED, FINAL, FAILED]),
            )
        ).one()
        return held - int(under_way)

    def _distribute(
        self, session: Session, project: str, date: int, head: int, free: dict[str, int]
    ) -> int:
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
        facts = facts_of(project, date, rows)
        if facts.gross_minor > free[project]:
            return 0
        free[project] -= facts.gross_minor
        encoded = facts.encode()
        facts_hash = sha256(encoded).digest()
        batch = sha256(b"counterfoil batch v1" + facts_hash).digest()
        known = session.get_one(KnownProject, project)
        tax = tax_minor(facts.gross_minor, facts.refunds_minor, known.tax_basis_points)
        for code, _ in facts.units:
            session.merge(KnownGoods(goods_hash="0x" + on_chain_id(code).hex(), code=code))
        data = self._client.encode(
            "RevenueSplit", "distribute", distribution_argument(facts, batch, tax, head, facts_hash)
        )
        split = self._client.address_of("RevenueSplit")
        signatures = self._quorum.sign_call(split, data, batch)
        transaction_id = enqueue(
            session,
            self._sender,
            f"distribute:{batch.hex()}",
            self._client.address_of("OracleQuorum"),
            self._client.encode("OracleQuorum", "execute", split, data, batch, signatures),
        )
        session.add(
            Distribution(
                batch="0x" + batch.hex(),
                project=project,
                business_date=date,
                gross_minor=facts.gross_minor,
                refunds_minor=facts.refunds_minor,
                tax_minor=tax,
                units=[list(unit) for unit in facts.units],
                head_size=head,
                facts_hash="0x" + facts_hash.hex(),
                facts=encoded,
                transaction_id=transaction_id,
            )
        )
        for row in rows:
            row.status, row.batch = DISTRIBUTED, "0x" + batch.hex()
        return 1


def facts_of(project: str, date: int, rows: Any) -> Facts:
    """The facts of one project and date, from their rows in order of the log."""
    units: Counter[str] = Counter()
    for row in rows:
        for code, count in row.units:
            units[code] += count
    return Facts(
        project,
        date,
        tuple((row.log_index, row.is_refund, row.amount_minor) for row in rows),
        tuple(sorted(units.items())),
    )


def distribution_argument(
    facts: Facts, batch: bytes, tax: int, head: int, facts_hash: bytes
) -> dict[str, Any]:
    """The struct that ``RevenueSplit.distribute`` and ``preview`` take."""
    return {
        "project": on_chain_id(facts.project),
        "batch": batch,
        "periodStart": facts.business_date,
        "periodEnd": facts.business_date,
        "gross": facts.gross_minor,
        "refunds": facts.refunds_minor,
        "tax": tax,
        "headSize": head,
        "facts": facts_hash,
        "units": [{"goods": on_chain_id(code), "count": count} for code, count in facts.units],
    }
