"""A statement's entry becomes a mint; above a day's limit only on a second account's word. The caller commits."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.transaction_queue import enqueue
from counterfoil.oracle.rules.bank_entry import BankEntry
from counterfoil.oracle.store.bank_tables import StatementEntryRow
from counterfoil.oracle.store.clock import now_ms

DAY_MS = 86_400_000


def is_above_limit(session: Session, amount_minor: int, limit_minor: int) -> bool:
    """Whether with *amount_minor* more than *limit_minor* is minted within a day on one account's word."""
    total = select(func.coalesce(func.sum(StatementEntryRow.amount_minor), 0)).where(
        col(StatementEntryRow.taken_ms) > now_ms() - DAY_MS, StatementEntryRow.confirmed_by == ""
    )
    return int(session.exec(total).one()) + amount_minor > limit_minor


def queue_mint(
    session: Session,
    client: ChainClient,
    bank: str,
    entry: BankEntry,
    name: str,
    to: str,
    confirmed_by: str = "",
) -> None:
    """Queue the mint of *entry*, called *name* on chain, to the account *to*."""
    data = client.encode("DepositToken", "mint", to, entry.amount_minor, entry.entry_hash)
    session.add(
        StatementEntryRow(
            entry_hash=name,
            statement=entry.statement,
            reference=entry.reference,
            project=entry.project,
            business_date=entry.business_date,
            amount_minor=entry.amount_minor,
            currency=entry.currency,
            transaction_id=enqueue(
                session,
                signer=bank,
                key=f"mint:{name}",
                to=client.address_of("DepositToken"),
                data=data,
            ),
            taken_ms=now_ms(),
            confirmed_by=confirmed_by,
        )
    )
    session.flush()
