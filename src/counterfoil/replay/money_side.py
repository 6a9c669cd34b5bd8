"""The money of a replay: settlement file and statement in, matching closed, all of it distributed, one withdrawal."""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select
from tenacity import RetryCallState, RetryError, Retrying, retry_if_not_result, wait_fixed

from counterfoil.chain.client import ChainClient
from counterfoil.chain.keys.signer import Signer
from counterfoil.chain.tables import TransactionRow
from counterfoil.chain.transaction import transact
from counterfoil.chain.transaction_queue import FAILED, FINAL, MINED
from counterfoil.fault import Code
from counterfoil.oracle.instructions.inbox import ask
from counterfoil.oracle.instructions.request import Request, ResolveException
from counterfoil.oracle.instructions.stored_form import encode
from counterfoil.oracle.ledger.deposit_token import Deposit
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.ledger.revenue_split import DistributedRow
from counterfoil.oracle.retries import ALARM_AT, times_asked
from counterfoil.oracle.revenue.sale_states import DISTRIBUTED, MATCHED, WAITING
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.head_tables import Progress
from counterfoil.oracle.store.instruction_state import InstructionState
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import Distribution, MatchException, SaleFact

_PARTY = "replay"


class NotInTime(Exception):
    """What the replay waits for did not come in time."""

    code = Code("replay.not_in_time")
    to_do = (
        "Look at the logs in the folder for what did not come; run again with more time on a "
        "slow machine."
    )


def _reading(engine: Engine) -> Session:
    return Session(engine.execution_options(reads_only=True))


def wait_for(
    what: str,
    done: Callable[[], bool],
    timeout_s: float = 300.0,
    so_far: Callable[[], object] = lambda: None,
) -> None:
    """Return once *done*. Each change of *so_far* begins the time anew: what goes on may take as long as it needs.

    Raises:
        NotInTime: it was not done, and nothing changed, within *timeout_s*.
    """
    seen, since = so_far(), time.monotonic()

    def stands_still(_: RetryCallState) -> bool:
        nonlocal seen, since
        now = so_far()
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since >= timeout_s

    again = Retrying(retry=retry_if_not_result(bool), wait=wait_fixed(0.1), stop=stands_still)
    try:
        again(done)
    except RetryError:
        raise NotInTime(
            f"{what} did not come, and nothing moved within {timeout_s:.0f} s; the logs are in the data folder's logs/"
        ) from None


def instruct(engine: Engine, request: Request) -> dict[str, Any]:
    """Leave *request* for the running oracle, wait for it, and return its result.

    Raises:
        NotInTime: the oracle did not finish it in time.
        RuntimeError: the oracle refused it.
    """
    kind, payload = request.kind, encode(request)
    key = f"replay:{kind}:{sha256(repr(sorted(payload.items())).encode()).hexdigest()}"
    with Session(engine) as session:
        number = ask(session, key, _PARTY, request).id
        session.commit()

    def row() -> Instruction:
        with _reading(engine) as session:
            return session.get_one(Instruction, number)

    wait_for(f"the answer to {kind}", lambda: row().status != InstructionState.PENDING, 120)
    found = row()
    if found.status == InstructionState.FAILED:
        raise RuntimeError(f"{kind} was refused: {found.error_code}: {found.error_detail}")
    return found.result or {}


def wait_anchored(engine: Engine, records: int) -> int:
    """Wait until a head over all *records* is on the chain and every sale is read; return the number of heads."""

    def done() -> bool:
        with _reading(engine) as session:
            return all(count >= records for count in _read_so_far(session))

    def so_far() -> tuple[int, int]:
        with _reading(engine) as session:
            return _read_so_far(session)

    wait_for("the anchoring of all records", done, so_far=so_far)
    with _reading(engine) as session:
        return session.exec(select(func.count()).select_from(AnchoredHeadRow)).one()


def _read_so_far(session: Session) -> tuple[int, int]:
    """How many records are anchored, and of how many the sales are read."""
    newest = session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0
    progress = session.get(Progress, "facts")
    return newest, 0 if progress is None else progress.log_index


def wait_distributed(engine: Engine, progress: Callable[[int], None]) -> None:
    """Wait until every matched sale is distributed and every distribution is on the chain.

    What the chain refused once is asked for again by the oracle; only what it goes on refusing ends the wait.

    Raises:
        RuntimeError: a distribution or a mint was refused three times, and has not taken effect.
        NotInTime: nothing moved for ten minutes.
    """

    def done() -> bool:
        with _reading(engine) as session:
            left = session.exec(
                select(func.count()).select_from(SaleFact).where(SaleFact.status == MATCHED)
            ).one()
            asked = session.exec(select(func.count()).select_from(Distribution)).one()
            there = session.exec(select(func.count()).select_from(DistributedRow)).one()
            failed = standing_refusal(session)
        if failed is not None:
            raise RuntimeError(
                f"{failed.idempotency_key} failed: {failed.error_code}: {failed.error_detail}"
            )
        progress(there)
        return left == 0 and asked == there

    def so_far() -> int:
        with _reading(engine) as session:
            return session.exec(select(func.count()).select_from(DistributedRow)).one()

    wait_for("the distributions", done, 600, so_far=so_far)


def standing_refusal(session: Session) -> TransactionRow | None:
    """A distribution or a mint that was refused again and again and has no effect; None where there is none.

    What failed, was asked for again and took effect is no refusal, however long ago: its first row stays failed.
    """
    distributions = (
        select(TransactionRow)
        .join(Distribution, col(Distribution.transaction_id) == col(TransactionRow.id))
        .where(
            TransactionRow.status == FAILED,
            col(Distribution.batch).not_in(select(DistributedRow.batch)),
        )
    )
    mints = (
        select(TransactionRow)
        .join(StatementEntryRow, col(StatementEntryRow.transaction_id) == col(TransactionRow.id))
        .where(
            TransactionRow.status == FAILED,
            col(StatementEntryRow.entry_hash).not_in(select(Deposit.entry_hash)),
        )
    )
    found = [*session.exec(distributions), *session.exec(mints)]
    return next((row for row in found if times_asked(row) >= ALARM_AT), None)


def resolve_all(engine: Engine) -> dict[str, int]:
    """Accept every open exception, as the operator's clerk would; return how many there were, by code."""
    with _reading(engine) as session:
        rows = session.exec(select(MatchException).where(MatchException.status == "open")).all()
        found = [(row.id, row.code) for row in rows]
    tally: dict[str, int] = {}
    for number, code in found:
        tally[code] = tally.get(code, 0) + 1
        note = "paid, says the provider's hotline (simulated)"
        instruct(engine, ResolveException(number or 0, "accepted", note))
    return tally


def withdraw(client: ChainClient, operator: Signer, keep_minor: int = 0) -> int:
    """Take the operator's claimable balance out of the split, ask the bank to pay it, and return the amount.

    *keep_minor* of its tokens stay with it.
    """
    token = client.address_of("DepositToken")
    split = client.address_of("RevenueSplit")
    amount: int = client.call("RevenueSplit", "claimable", token, operator.address)
    if amount:
        transact(
            client,
            signer=operator,
            to=split,
            data=client.encode("RevenueSplit", "withdraw", token, operator.address),
        )
    held: int = client.call("DepositToken", "balanceOf", operator.address) - keep_minor
    if held > 0:
        account = sha256(b"the operator's bank account, salted").digest()
        transact(
            client,
            signer=operator,
            to=token,
            data=client.encode("DepositToken", "withdraw", held, account),
        )
    return amount


def counts(engine: Engine) -> dict[str, int]:
    """How many sales wait, matched and were distributed."""
    with _reading(engine) as session:
        rows = session.exec(
            select(SaleFact.status, func.count()).group_by(col(SaleFact.status))
        ).all()
    found = dict.fromkeys((WAITING, MATCHED, DISTRIBUTED), 0)
    found.update({status: int(count) for status, count in rows})
    return found


def gas_by_kind(engine: Engine) -> dict[str, tuple[int, int]]:
    """(transactions, gas) of anchors, mints and distributions."""
    with _reading(engine) as session:
        rows = session.exec(
            select(TransactionRow.idempotency_key, TransactionRow.gas_used).where(
                col(TransactionRow.status).in_([MINED, FINAL])
            )
        ).all()
    found: dict[str, tuple[int, int]] = {}
    for key, gas in rows:
        kind = key.split(":", 1)[0]
        number, total = found.get(kind, (0, 0))
        found[kind] = (number + 1, total + (gas or 0))
    return found
