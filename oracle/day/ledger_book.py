"""Reads the ledger's book of one block from the database, in one transaction.

A transaction that is not final yet is in transit, and no difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, func
from sqlmodel import Session, col, select

from counterfoil.chain.abi.enums import ClaimState
from counterfoil.chain.tables import CursorRow, DeadLetterRow, TransactionRow
from counterfoil.chain.transaction_queue import FAILED, FINAL
from counterfoil.fault import Code
from counterfoil.oracle.ledger.credit_line import LineRow, LoanRow
from counterfoil.oracle.ledger.deposit_token import Deposit, Payout, TokenBalance
from counterfoil.oracle.ledger.receivables import ClaimBalance, ClaimRow, PartRow, paid_on
from counterfoil.oracle.ledger.revenue_split import Balance, Credit, DistributedRow
from counterfoil.oracle.rules.day.closing_plan import ENDED_LOANS
from counterfoil.oracle.store.bank_tables import (
    BankLine,
    BankStatement,
    PayoutOrder,
    StatementEntryRow,
)
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.integers import WIDE

FEED = "ledger"
_CLOSED_CLAIMS = (ClaimState.NONE, ClaimState.DRAFT, ClaimState.SETTLED, ClaimState.CANCELLED)
_OPEN_CLAIMS = tuple(state.wire_name for state in ClaimState if state not in _CLOSED_CLAIMS)


@dataclass
class LedgerBook:
    """The database's figures, all of one block."""

    block: int
    minted: int
    withdrawn: int
    entries: dict[str, tuple[str, int, int]]
    in_transit: int
    deposits: dict[str, tuple[str, int]]
    received: dict[str, int]
    lines_aside: dict[str, tuple[int, str]]
    statements: dict[str, tuple[Code, str]]
    unconfirmed: dict[int, tuple[int, str]]
    balances: dict[str, int]
    claimable: dict[str, int]
    projects: dict[str, tuple[str, int, int]]
    """By hash: (name, distributed, credited)."""
    loans: dict[int, tuple[int, tuple[int, ...]]]
    lines: dict[int, tuple[int, int]]
    claims: dict[int, tuple[int, int, int, int]]
    """By number: (face, redeemed, unpaid on its live parts, how many parts it has had)."""
    claim_credits: dict[str, int]
    waiting: int
    """What claims were paid and no account was credited with yet."""
    dead_letters: int


def reading(engine: Engine) -> Session:
    """A session whose transaction sees one state of the database, whatever others commit."""
    session = Session(engine.execution_options(reads_only=True))
    if engine.dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return session


def cursor_of(session: Session) -> int:
    """The block up to which the ledger has read events."""
    cursor = session.get(CursorRow, FEED)
    return cursor.block_number if cursor is not None else -1


def read_ledger(session: Session, token: str, since_ms: int) -> LedgerBook:
    """The database's figures for *token*; only statements taken in since *since_ms* are looked at."""
    block = cursor_of(session)
    entries, in_transit = _entries(session, block)
    return LedgerBook(
        block=block,
        minted=_sum(session, Deposit.amount_minor),
        withdrawn=_sum(session, Payout.amount_minor),
        entries=entries,
        in_transit=in_transit,
        deposits={
            row.entry_hash: (row.account, row.amount_minor)
            for row in session.exec(
                select(Deposit).where(
                    col(Deposit.entry_hash).not_in(select(StatementEntryRow.entry_hash))
                )
            )
        },
        received={
            account: int(total)
            for account, total in session.exec(
                select(Deposit.account, func.sum(Deposit.amount_minor)).group_by(
                    col(Deposit.account)
                )
            )
        },
        lines_aside={
            f"{row.reference or 'entry'} (line {row.id})": (row.amount_minor, row.reason)
            for row in session.exec(
                select(BankLine).where(col(BankLine.outcome).in_(("set_aside", "waiting")))
            )
        },
        statements={
            f"{row.account} {row.identification}": (Code(row.finding), row.detail)
            for row in session.exec(
                select(BankStatement).where(
                    BankStatement.finding != "", BankStatement.taken_ms >= since_ms
                )
            )
        },
        unconfirmed=_unconfirmed(session),
        balances={row.account: row.amount_minor for row in session.exec(select(TokenBalance))},
        claimable={
            row.account: row.credited_minor - row.withdrawn_minor
            for row in session.exec(select(Balance))
        },
        projects=_shared(session),
        loans={
            row.loan: (
                row.line,
                (
                    row.drawn_minor,
                    row.repaid_minor,
                    row.written_off_minor,
                    row.interest_paid_minor,
                    row.penalty_paid_minor,
                    row.costs_minor,
                    row.costs_paid_minor,
                ),
            )
            for row in session.exec(
                select(LoanRow).where(
                    col(LoanRow.state).not_in(ENDED_LOANS)
                    | (
                        col(LoanRow.drawn_minor)
                        != col(LoanRow.repaid_minor) + col(LoanRow.written_off_minor)
                    )
                )
            )
        },
        lines={
            row.line: (row.limit_minor, row.principal_minor)
            for row in session.exec(select(LineRow))
        },
        claims=_claim_rows(session),
        claim_credits={
            row.account: row.credited_minor - row.withdrawn_minor
            for row in session.exec(select(ClaimBalance).where(ClaimBalance.token == token))
        },
        waiting=_waiting(session, token),
        dead_letters=session.exec(select(func.count()).select_from(DeadLetterRow)).one(),
    )


def _sum(session: Session, column: Any) -> int:
    return int(session.exec(select(func.coalesce(func.sum(column), 0))).one())


def _entries(session: Session, block: int) -> tuple[dict[str, tuple[str, int, int]], int]:
    """Statement entries without a mint of their amount, and the sum of those whose mint is in transit."""
    rows = session.exec(
        select(StatementEntryRow, Deposit.amount_minor, TransactionRow)
        .join(Deposit, col(Deposit.entry_hash) == col(StatementEntryRow.entry_hash), isouter=True)
        .join(
            TransactionRow,
            col(TransactionRow.id) == col(StatementEntryRow.transaction_id),
            isouter=True,
        )
        .where(
            col(Deposit.amount_minor).is_(None)
            | (col(Deposit.amount_minor) != col(StatementEntryRow.amount_minor))
        )
    )
    found: dict[str, tuple[str, int, int]] = {}
    moving = 0
    for entry, minted, transaction in rows:
        if not minted and _is_moving(transaction, block):
            moving += entry.amount_minor
        else:
            found[entry.entry_hash] = (entry.reference, entry.amount_minor, minted or 0)
    return found, moving


def _is_moving(transaction: TransactionRow | None, block: int) -> bool:
    """Whether *transaction* may still take effect: it has not failed, and is not final at or below *block*."""
    if transaction is None or transaction.status == FAILED:
        return False
    return transaction.status != FINAL or (transaction.block_number or 0) > block


def _unconfirmed(session: Session) -> dict[int, tuple[int, str]]:
    block = cursor_of(session)
    rows = session.exec(
        select(PayoutOrder, Payout.payment, TransactionRow)
        .join(Payout, col(Payout.id) == col(PayoutOrder.payout), isouter=True)
        .join(
            TransactionRow,
            col(TransactionRow.id) == col(PayoutOrder.transaction_id),
            isouter=True,
        )
        .where(col(PayoutOrder.payment).is_not(None))
    )
    found: dict[int, tuple[int, str]] = {}
    payment: str | None
    for order, payment, transaction in rows:
        if payment == order.payment or (payment is None and _is_moving(transaction, block)):
            continue
        why = "paid by the bank, not confirmed on the chain"
        if payment is not None:
            why = f"confirmed under another reference, {payment}"
        elif transaction is not None and transaction.error_code:
            why = f"{transaction.error_code}: {transaction.error_detail}"
        found[order.payout] = (order.amount_minor, why)
    return found


def _shared(session: Session) -> dict[str, tuple[str, int, int]]:
    names = {row.project_hash: row.project for row in session.exec(select(KnownProject))}
    distributed = session.exec(
        select(DistributedRow.project_hash, func.sum(DistributedRow.gross_minor)).group_by(
            col(DistributedRow.project_hash)
        )
    ).all()
    credited = session.exec(
        select(Credit.project_hash, func.sum(Credit.amount_minor)).group_by(
            col(Credit.project_hash)
        )
    ).all()
    gross, given = dict(distributed), dict(credited)
    return {
        name: (names.get(name, name), int(gross.get(name, 0)), int(given.get(name, 0)))
        for name in sorted({*names, *gross, *given})
    }


def _waiting(session: Session, token: str) -> int:
    """The amount of *token* that was paid on claims and that their parts' holders and pledgees have not had yet."""
    of_claims = ClaimRow.token == token
    paid = _exact_sum(session, col(ClaimRow.redeemed_minor), of_claims)
    paid -= _exact_sum(session, col(ClaimRow.set_off_minor), of_claims)
    of_token = col(PartRow.root).in_(select(ClaimRow.root).where(ClaimRow.token == token))
    return paid - _exact_sum(session, col(PartRow.credited_minor), of_token)


def _exact_sum(session: Session, amounts: Any, condition: Any) -> int:
    """The sum of a column; wide amounts are added up here, which the store would not do exactly."""
    narrow = session.exec(select(func.sum(amounts)).where(condition, amounts < WIDE)).one()
    wide = session.exec(select(amounts).where(condition, amounts >= WIDE))
    return int(narrow or 0) + sum(int(amount) for amount in wide)


def _claim_rows(session: Session) -> dict[int, tuple[int, int, int, int]]:
    """Open claims: (face, redeemed, unpaid on the live parts, parts that it has had)."""
    is_open = col(ClaimRow.state).in_(_OPEN_CLAIMS)
    made = select(PartRow.root, func.count().label("made")).group_by(col(PartRow.root)).subquery()
    claims = session.exec(
        select(ClaimRow, func.coalesce(made.c.made, 0))
        .join(made, made.c.root == ClaimRow.root, isouter=True)
        .where(is_open)
    ).all()
    unpaid = dict.fromkeys((claim.root for claim, _ in claims), 0)
    held = session.exec(
        select(PartRow, ClaimRow)
        .join(ClaimRow, col(ClaimRow.root) == col(PartRow.root))
        .where(is_open, col(PartRow.live))
    )
    for part, claim in held:
        unpaid[claim.root] += part.amount_minor - paid_on(part, claim)
    return {
        claim.root: (claim.face_minor, claim.redeemed_minor, unpaid[claim.root], int(count))
        for claim, count in claims
    }
