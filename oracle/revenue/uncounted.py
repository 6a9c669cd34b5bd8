"""Sets aside sales whose numbers count no more. It commits its own writes and is crash-safe.

Rules kept here:

* A number behind the last that counts of its machine's revoked key is shared out no more: the key was revoked, or the
  committee has repudiated what was anchored. Its sale becomes an exception that can only be excluded.
* What was shared out before stays as it is, and the exception says so: that money is with its recipients.
* A distribution that nobody has signed yet is taken back: its other sales are shared out without these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.oracle.ledger.device_registry import RegistryKeyRow
from counterfoil.oracle.revenue.sale_reader import (
    EXCEPTION,
    MATCHED,
    WAITING,
    exception_of,
)
from counterfoil.oracle.rules.faults.sale import NUMBER_NOT_COUNTED
from counterfoil.oracle.store.directory_tables import KnownDevice
from counterfoil.oracle.store.revenue_tables import Distribution, MatchException, SaleFact

_AT_ONCE = 500


class Uncounted:
    """Looks at every revoked key once for each last number that it has had; after a start at all of them."""

    def __init__(
        self,
        engine: Engine,
        store: GatewayStore,
        forget: Callable[[Collection[str]], object] = lambda _: None,
    ) -> None:
        """*forget* drops the second copies of distributions, before they are taken back here."""
        self._forget = forget
        self._engine = engine
        self._store = store
        self._seen: set[tuple[str, int, str]] = set()

    def step(self) -> int:
        """Set aside what counts no more; return the number of sales and refunds."""
        with Session(self._engine.execution_options(reads_only=True)) as session:
            keys = session.exec(
                select(KnownDevice.device, RegistryKeyRow)
                .join(
                    RegistryKeyRow, col(RegistryKeyRow.device_hash) == col(KnownDevice.device_hash)
                )
                .where(col(RegistryKeyRow.revoked_at).is_not(None))
            ).all()
            ends = {(d, k.epoch, k.until_sequence) for d, k in keys}
        if not ends:
            return 0
        new = ends - self._seen
        # Another database is asked, so before the transaction begins.
        behind = [
            (epoch, until, self._store.indexes_behind(DeviceId(device), epoch, int(until)))
            for device, epoch, until in sorted(new)
        ]
        count = 0
        with Session(self._engine) as session:
            for epoch, until, indexes in behind:
                for piece in _pieces(indexes):
                    count += _set_aside(session, piece, f"epoch {epoch} counts up to {until}")
            self._forget(_take_back(session))
            session.commit()
        self._seen |= new
        return count


def _set_aside(session: Session, indexes: Sequence[int], why: str) -> int:
    known = set(
        session.exec(
            select(MatchException.log_index).where(
                col(MatchException.log_index).in_(indexes),
                MatchException.code == NUMBER_NOT_COUNTED,
            )
        )
    )
    facts = session.exec(select(SaleFact).where(col(SaleFact.log_index).in_(indexes))).all()
    new = [fact for fact in facts if fact.log_index not in known]
    for fact in new:
        said = f"{why}; shared out in {fact.batch}" if fact.batch else why
        session.add(MatchException(**exception_of(fact.model_dump(), NUMBER_NOT_COUNTED, said)))
        if fact.status in (WAITING, MATCHED):
            fact.status = EXCEPTION
    return len(new)


def _take_back(session: Session) -> list[str]:
    """Take back the distributions without a signature that hold such a sale; return their batches."""
    session.flush()
    waiting = session.exec(
        select(Distribution)
        .join(SaleFact, col(SaleFact.batch) == col(Distribution.batch))
        .join(MatchException, col(MatchException.log_index) == col(SaleFact.log_index))
        .where(
            col(Distribution.transaction_id).is_(None),
            MatchException.code == NUMBER_NOT_COUNTED,
        )
        .distinct()
    ).all()
    for row in waiting:
        uncounted = set(
            session.exec(
                select(MatchException.log_index)
                .join(SaleFact, col(SaleFact.log_index) == col(MatchException.log_index))
                .where(SaleFact.batch == row.batch, MatchException.code == NUMBER_NOT_COUNTED)
            )
        )
        for fact in session.exec(select(SaleFact).where(SaleFact.batch == row.batch)).all():
            fact.batch = None
            fact.status = EXCEPTION if fact.log_index in uncounted else MATCHED
        session.delete(row)
    return [row.batch for row in waiting]


def _pieces(indexes: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(indexes), _AT_ONCE):
        yield indexes[start : start + _AT_ONCE]
