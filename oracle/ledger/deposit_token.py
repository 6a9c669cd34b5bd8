"""Deposits, balances and payouts, made of the events of DepositToken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.chain.tables import EventRow, Handler
from counterfoil.oracle.store.columns import Minor
from counterfoil.oracle.store.table import OracleTable

_Arguments = Mapping[str, Any]


class Payout(OracleTable, table=True):
    """Projected: a withdrawal from the bank's token; ``payment`` is the bank's reference once paid."""

    __tablename__ = "payout"

    id: int = Field(primary_key=True)
    holder: Address = Field(index=True, sa_type=AddressColumn)
    amount_minor: Minor
    payout_account: str
    payment: str | None = None
    block_number: int


class TokenBalance(OracleTable, table=True):
    """Projected: an account's balance of the bank's token, from all transfers; the supply is the sum of all."""

    __tablename__ = "token_balance"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    amount_minor: int = Field(sa_column=Column(BigInteger, nullable=False))


class Deposit(OracleTable, table=True):
    """Projected: a mint, by the statement entry that backs it."""

    __tablename__ = "deposit"

    entry_hash: str = Field(primary_key=True)
    account: Address = Field(index=True, sa_type=AddressColumn)
    amount_minor: int = Field(sa_column=Column(BigInteger, nullable=False))
    block_number: int


def _payout(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        Payout(
            id=int(a["id"]),
            holder=a["holder"],
            amount_minor=int(a["amount"]),
            payout_account=a["payoutAccount"],
            block_number=event.block_number,
        )
    )


def _paid(session: Session, _: EventRow, a: _Arguments) -> None:
    session.get_one(Payout, int(a["id"])).payment = a["payment"]


def _deposited(session: Session, event: EventRow, a: _Arguments) -> None:
    session.merge(
        Deposit(
            entry_hash=a["entry"],
            account=a["to"],
            amount_minor=int(a["amount"]),
            block_number=event.block_number,
        )
    )


def _moved(session: Session, _: EventRow, a: _Arguments) -> None:
    """Move tokens between balances; a mint comes from the zero address, a burn goes to it."""
    for account, change in ((a["from"], -int(a["value"])), (a["to"], int(a["value"]))):
        if int(account, 16) == 0:
            continue
        held = session.get(TokenBalance, account)
        if held is None:
            held = TokenBalance(account=account, amount_minor=0)
            session.add(held)
        held.amount_minor += change
        session.flush()


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("DepositToken", "Transfer"): _moved,
    ("DepositToken", "Deposited"): _deposited,
    ("DepositToken", "WithdrawalRequested"): _payout,
    ("DepositToken", "WithdrawalPaid"): _paid,
}
