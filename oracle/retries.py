"""Requests the chain's refused transactions again until they take effect. No mint and no distribution is given up.

The chain may refuse one for a while: the contract is paused, a reorganisation has put the transaction before what it
needs, or the account ran out of gas. Rules that this module keeps:

- A second request has its own key and the same bytes. The contracts take each entry and batch once, so two requests
  have one effect. A refused head is signed and sent again by who proposes it, with the same pauses.
- A distribution whose deadline has passed is not sent again: the distributor has it signed anew.
- What has taken effect meanwhile is not requested again.
- The time between two requests doubles; the third refusal of the same thing raises an alarm, for a person. It ends when
  the same thing has taken effect.

By hand: the pauses outlive the process, so they are counted in the database. No pass of the loop waits for one.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.errors import ChainError
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL, MINED, enqueue
from counterfoil.fault import Code
from counterfoil.logs import get_logger
from counterfoil.oracle.ledger.revenue_split import DistributedRow
from counterfoil.oracle.store.alarm_table import AlarmRow, end, raise_once
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.revenue_tables import Distribution

log = get_logger("oracle.retries")

_LONGEST_WAIT_S = 600
ALARM_AT = 3
"""The refusal of the same thing at which a person is told."""
_REFUSED = " was refused "
_EXPIRED = "contract.call_expired"
RETRY_MARK = ":again:"
"""Stands in the business key of a repeated request, before the number of requests so far."""


@dataclass(frozen=True)
class RefusedTransaction:
    """A row whose newest transaction failed: its table, its primary key, and the number of requests so far."""

    table: type[Distribution | StatementEntryRow]
    key: str
    transaction: TransactionRow
    times: int


class Retries:
    """Repeats failed distributions and mints."""

    def __init__(self, engine: Engine, client: ChainClient) -> None:
        self._engine = engine
        self._client = client

    def step(self) -> int:
        """Repeat the requests that are due; return how many there were."""
        due = [refused for refused in self._refused() if not self._is_on_chain(refused)]
        for refused in due:
            with Session(self._engine) as session:
                self._ask(session, refused)
                session.commit()
        return len(due)

    def _refused(self) -> list[RefusedTransaction]:
        """Failed transactions that are due again and that no event shows to have taken effect."""
        reads = self._engine.execution_options(reads_only=True)
        found: list[RefusedTransaction] = []
        with Session(reads) as session:
            batches = (
                select(Distribution.batch, TransactionRow)
                .join(TransactionRow, col(TransactionRow.id) == col(Distribution.transaction_id))
                .where(
                    TransactionRow.status == FAILED,
                    col(Distribution.batch).not_in(select(DistributedRow.batch)),
                )
            )
            entries = (
                select(StatementEntryRow.entry_hash, TransactionRow)
                .join(
                    TransactionRow, col(TransactionRow.id) == col(StatementEntryRow.transaction_id)
                )
                .where(TransactionRow.status == FAILED)
            )
            found += [
                RefusedTransaction(table=Distribution, key=b, transaction=tx, times=times_asked(tx))
                for b, tx in session.exec(batches)
            ]
            found += [
                RefusedTransaction(
                    table=StatementEntryRow, key=e, transaction=tx, times=times_asked(tx)
                )
                for e, tx in session.exec(entries)
            ]
            session.expunge_all()
        return [refused for refused in found if is_due_again(refused.transaction)]

    def _is_on_chain(self, refused: RefusedTransaction) -> bool:
        """Whether a mint has taken effect, by the chain itself; False for a distribution."""
        if refused.table is not StatementEntryRow:
            return False
        entry = from_hex(refused.key)
        return bool(self._client.call("DepositToken", "isEntryUsed", entry))

    def _ask(self, session: Session, refused: RefusedTransaction) -> None:
        failed, times = refused.transaction, refused.times
        if refused.table is Distribution and failed.error_code == _EXPIRED:
            session.get_one(Distribution, refused.key).transaction_id = None
            log.warning("signed_too_long_ago", key=failed.idempotency_key)
            return
        base = failed.idempotency_key.split(RETRY_MARK)[0]
        row = session.get_one(refused.table, refused.key)
        row.transaction_id = enqueue(
            session,
            failed.signer,
            key=f"{base}{RETRY_MARK}{times}",
            to=failed.to_address,
            data=failed.data,
        )
        note_refusals(session, failed)


def note_refusals(session: Session, failed: TransactionRow) -> None:
    """Log that what *failed* asked for is asked again; raise the alarm at the third refusal. The caller commits."""
    base, times = failed.idempotency_key.split(RETRY_MARK)[0], times_asked(failed)
    log.warning("asked_again", key=base, times=times, code=failed.error_code)
    if times == ALARM_AT:
        code = Code(failed.error_code or ChainError.code)
        raise_once(session, code, f"{base}{_REFUSED}{times} times: {failed.error_detail}")


class RefusalsOver:
    """Ends the alarms of :func:`note_refusals`: a mover's step, which any oracle has."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def step(self) -> int:
        """End the alarms about what has taken effect; return how many."""
        reads = self._engine.execution_options(reads_only=True)
        with Session(reads) as session:
            over = [row.id for row in session.exec(_TOLD).all() if _has_effect(session, row)]
        if over:
            with Session(self._engine) as session:
                for number in over:
                    end(session, session.get_one(AlarmRow, number))
                session.commit()
        return len(over)


_TOLD = select(AlarmRow).where(col(AlarmRow.detail).contains(_REFUSED))


def _has_effect(session: Session, row: AlarmRow) -> bool:
    """Whether the newest request for what *row* tells of was not refused."""
    base = row.detail.partition(_REFUSED)[0]
    same = (col(TransactionRow.idempotency_key) == base) | col(
        TransactionRow.idempotency_key
    ).startswith(base + RETRY_MARK, autoescape=True)
    newest = select(TransactionRow.status).where(same).order_by(col(TransactionRow.id).desc())
    return session.exec(newest).first() in (MINED, FINAL)


def is_due_again(failed: TransactionRow) -> bool:
    """Whether the pause after the refusal of *failed* is over."""
    return now_ms() >= failed.created_ms + _wait_ms(times_asked(failed))


def times_asked(transaction: TransactionRow) -> int:
    """The number of requests so far, the first one included."""
    _, mark, number = transaction.idempotency_key.partition(RETRY_MARK)
    return int(number) + 1 if mark else 1


def _wait_ms(times: int) -> int:
    return 1_000 * min(1 << min(times - 1, 10), _LONGEST_WAIT_S)
