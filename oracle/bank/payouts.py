"""Puts withdrawals from the deposit token into payment files, once, and matches them with the bank's debits.

Rules that this module keeps:

- A payout is named by its withdrawal's number and is in one file at most; the file's bytes are committed with it.
- Only final withdrawals are paid out, and only to an account that opens their commitment.
- A debit pays payouts when every end-to-end id in it is a payout's, none was paid before, and the amounts add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from sqlmodel import Session, col, select

from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.chain.transaction_queue import enqueue
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.oracle.errors import InputMalformed, NotAllowedNow, UnknownName
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.rules.day.closing_plan import days
from counterfoil.oracle.rules.faults.bank_line import (
    DEBIT_UNKNOWN,
    PAYOUT_AMOUNT_DIFFERS,
    PAYOUT_PAID_TWICE,
)
from counterfoil.oracle.store.bank_tables import BankAccount, PayeeAccount, PayoutFile, PayoutOrder
from counterfoil.oracle.store.clock import now_ms

MOST = 10_000
"""The most transfers in a file: banks limit it."""


def waiting_payouts(session: Session) -> list[tuple[Payout, PayeeAccount | None]]:
    """Withdrawals that are in no file and not paid, the oldest first, each with its payee's account if known."""
    rows = session.exec(
        select(Payout, PayeeAccount)
        .join(
            PayeeAccount, col(PayeeAccount.commitment) == col(Payout.payout_account), isouter=True
        )
        .where(
            col(Payout.payment).is_(None),
            col(Payout.id).not_in(select(PayoutOrder.payout)),
        )
        .order_by(col(Payout.id))
    )
    return [(payout, payee) for payout, payee in rows]


def make_file(
    session: Session, token: Address, account: str, execution_date: int, final_block: int
) -> PayoutFile | None:
    """Make a file of all payouts that can be paid now from the bank account *account*; None without any.

    *token* is the DepositToken's address, and *final_block* the newest block that the chain had made final when it was
    asked: before the session. The caller commits: file and payouts together.

    Raises:
        UnknownName: the account is not known to the oracle.
        NotAllowedNow: payouts are not made from the account.
        InputMalformed: the date is invalid, or the message can't hold a payout.
    """
    from counterfoil.gateway.formats.iso20022.pain001 import Party, Transfer, write_pain001

    payer = session.get(BankAccount, account)
    if payer is None:
        raise UnknownName(f"no bank account {account}")
    if not payer.pays_out:
        raise NotAllowedNow(f"payouts are not made from {account}")
    days(execution_date)
    ready = [
        (payout, payee)
        for payout, payee in waiting_payouts(session)
        if payee is not None and payout.block_number <= final_block
    ][:MOST]
    if not ready:
        return None
    made_ms = now_ms()
    mark = token.raw[:4].hex()
    first = ready[0][0].id
    message = f"CF-{mark}-{first}-{ready[-1][0].id}"
    transfers = [
        Transfer(_name(mark, payout.id), payout.amount_minor, Party(p.name, p.account, p.bic))
        for payout, p in ready
    ]
    paying = Party(payer.name, payer.account, payer.bic)
    try:
        document = write_pain001(
            message,
            made_ms,
            execution_date,
            currency=payer.currency,
            payer=paying,
            transfers=transfers,
        )
    except FormatError as wrong:
        raise InputMalformed(str(wrong)) from wrong
    row = PayoutFile(
        message=message,
        account=account,
        currency=payer.currency,
        execution_date=execution_date,
        payouts=len(transfers),
        total_minor=sum(transfer.amount_minor for transfer in transfers),
        document=document,
        document_hash=sha256(document).hexdigest(),
        made_ms=made_ms,
    )
    session.add(row)
    session.flush()
    for (payout, payee), transfer in zip(ready, transfers, strict=True):
        session.add(
            PayoutOrder(
                payout=payout.id,
                file_id=row.id or 0,
                end_to_end_id=transfer.end_to_end_id,
                amount_minor=payout.amount_minor,
                commitment=payee.commitment,
            )
        )
    session.flush()
    return row


def matched_payouts(
    session: Session, end_to_end_ids: Sequence[str], amount_minor: int
) -> tuple[list[PayoutOrder], str, str]:
    """The payouts that a debit of *amount_minor* paid; or none, with a code and a reason."""
    if not end_to_end_ids:
        return [], DEBIT_UNKNOWN, "it carries no end-to-end id"
    asked = col(PayoutOrder.end_to_end_id).in_(end_to_end_ids)
    orders = list(session.exec(select(PayoutOrder).where(asked).order_by(col(PayoutOrder.payout))))
    if len(orders) != len(end_to_end_ids):
        strange = sorted(set(end_to_end_ids) - {order.end_to_end_id for order in orders})
        return [], DEBIT_UNKNOWN, f"no payout is called {', '.join(strange)[:200] or 'twice'}"
    paid = [order.payout for order in orders if order.payment is not None]
    if paid:
        return [], PAYOUT_PAID_TWICE, f"payouts {paid} were paid before"
    total = sum(order.amount_minor for order in orders)
    if total != amount_minor:
        return [], PAYOUT_AMOUNT_DIFFERS, f"the payouts come to {total}"
    return orders, "", ""


def pay(session: Session, client: ChainClient, bank: str, order: PayoutOrder, entry: str) -> None:
    """Record that the bank's entry *entry* paid *order*, and queue its confirmation on chain. The caller commits."""
    data = client.encode("DepositToken", "confirmPaid", order.payout, from_hex(entry))
    token = client.address_of("DepositToken")
    order.payment = entry
    order.transaction_id = enqueue(
        session, signer=bank, key=f"paid:{order.payout}", to=token, data=data
    )
    session.add(order)


def _name(mark: str, payout: int) -> str:
    return f"CF-{mark}-{payout}"
