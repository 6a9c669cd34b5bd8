"""Matched facts become distributions: one a project and business date, under an anchored head, in order of dates.

Rules that this module keeps:

- The batch is named by its facts: the same facts give the same batch, and a batch is distributed once, here (unique)
  and on chain.
- The facts are marked as distributed and the distribution is stored in one transaction, before anybody is asked to
  sign it; its transaction is asked for once the quorum has signed. Until then it stands without one, and is asked for
  again: the same facts under the same head.
- A distribution is sent only when the collection account holds its gross.
- A day whose money is not there yet, and a distribution that the quorum does not sign, hold up no other.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import cbor2
from sqlalchemy import Engine, func, or_
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.sender import FAILED, FINAL, MINED, enqueue
from counterfoil.chain.tables import ChainTransaction
from counterfoil.gateway.cbor import any_item
from counterfoil.gateway.identity import on_chain_id
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.facts import DISTRIBUTED, MATCHED
from counterfoil.oracle.store.tables import (
    AnchoredHead,
    Distribution,
    KnownGoods,
    KnownProject,
    SaleFact,
)

BASIS_POINTS = 10_000
_MOST = 2**63
"""No number of a record is as large (docs/formats/record.md)."""

Cosign = Callable[[str, bytes, bytes, bytes, int], list[bytes] | None]
"""(target, call data, label, facts, head's size) → the quorum's signatures over the call; None: not reached yet."""


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


def names_of(facts: bytes) -> tuple[bytes, bytes]:
    """The hash of *facts*, and the name of the batch that they make."""
    facts_hash = sha256(facts).digest()
    return facts_hash, sha256(b"counterfoil batch v1" + facts_hash).digest()


def decode_facts(data: bytes) -> Facts:
    """The facts in *data*.

    Raises:
        InputMalformed: they are none, or not in their one form.
    """
    try:
        version, project, date, entries, units = any_item(data)
        facts = Facts(
            project, date, tuple((i, r, a) for i, r, a in entries), tuple((c, n) for c, n in units)
        )
        numbers = [date, *(n for i, _, a in entries for n in (i, a)), *(n for _, n in units)]
        is_in_form = (
            version == 1
            and facts.encode() == data
            and isinstance(project, str)
            and all(type(number) is int and 0 <= number < _MOST for number in numbers)
            and all(type(is_refund) is bool for _, is_refund, _ in entries)
            and all(isinstance(code, str) for code, _ in units)
        )
    except (ValueError, TypeError, OverflowError) as failure:
        raise InputMalformed(f"no facts: {failure}") from failure
    if not is_in_form:
        raise InputMalformed("no facts, or not in their one form")
    return facts


def tax_minor(gross: int, refunds: int, basis_points: int) -> int:
    """The tax in a day's takings, rounded down to the minor unit."""
    return max(0, gross - refunds) * basis_points // BASIS_POINTS


class Distributor:
    """Sends the distributions that are due."""

    def __init__(self, engine: Engine, client: ChainClient, sender: str, cosign: Cosign) -> None:
        self._engine = engine
        self._client = client
        self._sender = sender
        self._cosign = cosign
        self._collections: dict[str, str] = {}
        self._not_signed_at: dict[str, float] = {}
        self._short: dict[tuple[str, int], int] = {}
        """What a project's day came to when that was more than its account held; it only grows until it is paid."""

    def step(self, most: int = 50) -> int:
        """Decide on up to *most* distributions whose money is there, and send what is signed; answer how many."""
        self._decide(most)
        return self._send(most)

    def _decide(self, most: int) -> None:
        with Session(self._engine) as session:
            head = session.exec(select(func.max(AnchoredHead.size))).one() or 0
            if head == 0:
                return
            groups = session.exec(
                select(SaleFact.project, SaleFact.business_date)
                .where(SaleFact.status == MATCHED, SaleFact.log_index < head)
                .distinct()
                .order_by(col(SaleFact.business_date), col(SaleFact.project))
            ).all()
            free: dict[str, int] = {}
            decided = 0
            for project, date in groups:  # a day without its money holds up no other
                if decided == most:
                    break
                if project not in free:
                    free[project] = self._free_cash(session, project)
                if free[project] < self._short.get((project, date), 0):
                    continue
                gross = self._distribute(session, project, date, head, free[project])
                if gross > free[project]:
                    self._short[project, date] = gross
                else:
                    self._short.pop((project, date), None)
                    free[project] -= gross
                    decided += 1
            session.commit()

    def _send(self, most: int) -> int:
        """Have what is decided signed, and ask for its transactions; no database transaction is open meanwhile."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            found = session.exec(
                select(Distribution.batch)
                .where(col(Distribution.transaction_id).is_(None))
                .order_by(col(Distribution.business_date), col(Distribution.batch))
            ).all()
        # What was not signed comes last: it holds up no other.
        waiting = sorted(found, key=lambda batch: self._not_signed_at.get(batch, 0.0))[:most]
        split, contract = (self._client.address_of(n) for n in ("RevenueSplit", "OracleQuorum"))
        sent = 0
        for name in waiting:
            with Session(self._engine.execution_options(reads_only=True)) as session:
                row = session.get_one(Distribution, name)
            batch, facts_hash = (bytes.fromhex(text[2:]) for text in (row.batch, row.facts_hash))
            argument = distribution_argument(
                decode_facts(row.facts), batch, row.tax_minor, row.head_size, facts_hash
            )
            data = self._client.encode("RevenueSplit", "distribute", argument)
            signatures = self._cosign(split, data, batch, row.facts, row.head_size)
            if signatures is None:
                self._not_signed_at[name] = time.monotonic()
                break
            self._not_signed_at.pop(name, None)
            call = self._client.encode("OracleQuorum", "execute", split, data, batch, signatures)
            with Session(self._engine) as session:
                key = f"distribute:{batch.hex()}"
                decided = session.get_one(Distribution, name)
                decided.transaction_id = enqueue(session, self._sender, key, contract, call)
                session.commit()
            sent += 1
        return sent

    def _free_cash(self, session: Session, project: str) -> int:
        """What the collection account holds beyond the distributions that are on their way."""
        account = self._collections.get(project)
        if account is None:
            account = self._client.call("DepositToken", "collectionOf", on_chain_id(project))
            self._collections[project] = account
        held: int = self._client.call("DepositToken", "balanceOf", account)
        under_way = session.exec(
            select(func.coalesce(func.sum(Distribution.gross_minor), 0))
            .outerjoin(
                ChainTransaction, col(ChainTransaction.id) == col(Distribution.transaction_id)
            )
            .where(
                Distribution.project == project,
                or_(
                    col(Distribution.transaction_id).is_(None),
                    col(ChainTransaction.status).not_in([MINED, FINAL, FAILED]),
                ),
            )
        ).one()
        return held - int(under_way)

    def _distribute(self, session: Session, project: str, date: int, head: int, free: int) -> int:
        """Decide on what matched of a project's day, if *free* suffices; answer its gross in minor units."""
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
        if facts.gross_minor > free:
            return facts.gross_minor
        encoded = facts.encode()
        facts_hash, batch = names_of(encoded)
        known = session.get_one(KnownProject, project)
        tax = tax_minor(facts.gross_minor, facts.refunds_minor, known.tax_basis_points)
        for code, _ in facts.units:
            session.merge(KnownGoods(goods_hash="0x" + on_chain_id(code).hex(), code=code))
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
            )
        )
        for row in rows:
            row.status, row.batch = DISTRIBUTED, "0x" + batch.hex()
        return facts.gross_minor


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
