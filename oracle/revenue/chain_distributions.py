"""What was distributed is known from the chain: its sales are never offered again, whatever was lost here.

Rules kept here:

* A distribution of the chain that this database lacks is taken from its copy (``told``), if the copy's bytes have the
  hash that the chain has. Its sales are marked as distributed, and exceptions on them end.
* One that the chain has taken back again, in a reorganisation, is sent again under its own batch.
* While the sales of one can't be known, nothing of its project is distributed, and an alarm says so.
* A sale that is read again from the log is marked at once: see :func:`batches_beyond`.
"""

from __future__ import annotations

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import to_hex
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import DISTRIBUTION_UNKNOWN
from counterfoil.oracle.ledger.revenue_split import DistributedRow
from counterfoil.oracle.revenue.sale_states import DISTRIBUTED
from counterfoil.oracle.rules.facts import decode_facts, names_of
from counterfoil.oracle.store.alarm_table import AlarmRow, end_alarms, raise_once
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.quorum_tables import SignedEntry
from counterfoil.oracle.store.revenue_tables import Distribution, MatchException, SaleFact
from counterfoil.oracle.told import Told

log = get_logger("oracle.chain_distributions")

SENT_BEFORE = 0
"""The transaction of a distribution that is on the chain, and was sent from a database that is gone."""
_AT_ONCE = 500


class ChainDistributions:
    """Brings this database's distributions up to the chain's."""

    def __init__(self, engine: Engine, told: Told) -> None:
        self._engine = engine
        self._told = told

    def step(self) -> int:
        """Take back what the chain has and this database lacks; return the number of distributions."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            lacking = session.exec(
                select(DistributedRow).where(
                    col(DistributedRow.batch).not_in(select(Distribution.batch))
                )
            ).all()
            unsent = session.exec(
                select(Distribution.batch)
                .join(DistributedRow, col(DistributedRow.batch) == col(Distribution.batch))
                .where(col(Distribution.transaction_id).is_(None))
            ).all()
            taken_back = session.exec(
                select(Distribution.batch).where(
                    Distribution.transaction_id == SENT_BEFORE,
                    col(Distribution.batch).not_in(select(DistributedRow.batch)),
                )
            ).all()
            alarmed = session.exec(
                select(AlarmRow.id).where(AlarmRow.code == DISTRIBUTION_UNKNOWN)
            ).first()
            session.expunge_all()
        copies = [(row, self._copy_of(row)) for row in lacking]
        if not copies and not unsent and not taken_back and alarmed is None:
            return 0
        done = 0
        with Session(self._engine) as session:
            for row, copy in copies:
                if copy is None:
                    raise_once(
                        session,
                        DISTRIBUTION_UNKNOWN,
                        f"{row.batch} of project {row.project_hash}: its sales are not known here",
                    )
                    continue
                session.add(copy)
                _mark(session, copy)
                done += 1
            if all(copy is not None for _, copy in copies):
                end_alarms(session, DISTRIBUTION_UNKNOWN)
            for batch in unsent:
                found = session.get_one(Distribution, batch)
                found.transaction_id = SENT_BEFORE
                _mark(session, found)
                done += 1
            for batch in taken_back:
                session.get_one(Distribution, batch).transaction_id = None
                done += 1
            session.commit()
        if done:
            log.warning("distributions_taken_back", number=done)
        return done

    def _copy_of(self, row: DistributedRow) -> Distribution | None:
        copy = self._told.distribution(row.batch)
        if copy is None:
            return None
        facts_hash, batch = names_of(copy.facts)
        if (to_hex(facts_hash), to_hex(batch)) != (row.facts_hash, row.batch):
            return None
        copy.transaction_id = SENT_BEFORE
        return copy


def batches_beyond(session: Session, log_index: int) -> dict[int, str]:
    """The batch of each record from *log_index* on that is in a distribution of this database.

    Empty while the log is read for the first time: nothing beyond what was read is distributed.
    """
    newest = session.exec(select(func.max(Distribution.head_size))).one() or 0
    if newest <= log_index:
        return {}
    rows = session.exec(
        select(Distribution.batch, Distribution.facts).where(Distribution.head_size > log_index)
    )
    return {
        index: batch
        for batch, facts in rows
        for index, _, _ in decode_facts(facts).entries
        if index >= log_index
    }


def unknown_projects(session: Session) -> set[str]:
    """The hashes of the projects of which the chain has a distribution that this database lacks."""
    lacking = select(DistributedRow.project_hash).where(
        col(DistributedRow.batch).not_in(select(Distribution.batch))
    )
    return set(session.exec(lacking.distinct()))


def _mark(session: Session, row: Distribution) -> None:
    """Mark the sales of *row* as distributed in it and as signed for, and end the exceptions on them."""
    indexes = [index for index, _, _ in decode_facts(row.facts).entries]
    for start in range(0, len(indexes), _AT_ONCE):
        piece = indexes[start : start + _AT_ONCE]
        for fact in session.exec(select(SaleFact).where(col(SaleFact.log_index).in_(piece))):
            fact.status, fact.batch = DISTRIBUTED, row.batch
        ended = select(MatchException).where(
            col(MatchException.log_index).in_(piece), MatchException.status == "open"
        )
        for exception in session.exec(ended):
            exception.status, exception.resolution = "resolved", "accepted"
            exception.resolved_by, exception.resolved_ms = "chain", now_ms()
            exception.note = f"distributed in {row.batch}"
        signed = select(SignedEntry.log_index).where(col(SignedEntry.log_index).in_(piece))
        known = set(session.exec(signed))
        session.add_all(
            SignedEntry(log_index=index, batch=row.batch) for index in piece if index not in known
        )
