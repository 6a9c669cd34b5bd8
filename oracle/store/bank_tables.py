"""The tables of the bank's messages: statements that came in, payouts that go out; kinds and amounts as in ``table``.

A bank account is named as its statements name it: an IBAN, or the bank's own number.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field

from counterfoil.chain.address_column import AddressColumn
from counterfoil.oracle.store.columns import Minor, big_column
from counterfoil.oracle.store.table import OracleTable


class BankAccount(OracleTable, table=True):
    """Known: a bank account that has statements, and whose money is on it.

    A credit belongs to ``project``'s collection account, or to the participant ``holder`` (exactly one of them is
    set). Payouts are made from an account with ``pays_out``; ``name`` and ``bic`` are the bank's names for it.
    """

    __tablename__ = "bank_account"

    account: str = Field(primary_key=True)
    currency: str
    name: str
    bic: str = ""
    project: str = ""
    holder: str = Field(default="", sa_type=AddressColumn)
    pays_out: bool = False


class PayeeAccount(OracleTable, table=True):
    """Known: the bank account behind a withdrawal's commitment, as its holder said; kept off the chain."""

    __tablename__ = "payee_account"

    commitment: str = Field(primary_key=True)
    salt: str
    account: str
    name: str
    bic: str = ""


class BankStatement(OracleTable, table=True):
    """Known: one statement of one account; balances are empty where the bank gives none.

    ``finding`` is the code of an error in its balances, or empty.
    """

    __tablename__ = "bank_statement"
    __table_args__ = (UniqueConstraint("account", "identification"),)

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(index=True)
    identification: str
    currency: str
    opening_minor: int | None = Field(default=None, sa_column=Column(BigInteger))
    closing_minor: int | None = Field(default=None, sa_column=Column(BigInteger))
    document_hash: str
    finding: str = ""
    detail: str = ""
    taken_ms: int = big_column()


class BankLine(OracleTable, table=True):
    """Known: one entry of a statement and what became of it; a debit's amount is negative.

    ``outcome``: ``minted`` (``entry_hash`` names it on chain), ``paid`` (it is payouts', confirmed on chain),
    ``waiting`` for a second account, or ``set_aside`` with the code ``reason``. ``brought_by`` is who brought the
    statement, ``named_in`` the place that the entry's name begins with.
    """

    __tablename__ = "bank_line"

    id: int | None = Field(default=None, primary_key=True)
    statement_id: int = Field(index=True)
    position: int
    reference: str = Field(index=True)
    amount_minor: int = big_column()
    currency: str
    booked: int
    outcome: str = Field(index=True)
    reason: str = ""
    detail: str = ""
    entry_hash: str = ""
    named_in: str = ""
    brought_by: str = ""


class PayoutFile(OracleTable, table=True):
    """Decided: a pain.001 file, byte for byte; it is made once."""

    __tablename__ = "payout_file"

    id: int | None = Field(default=None, primary_key=True)
    message: str = Field(unique=True)
    account: str
    currency: str
    execution_date: int
    payouts: int
    total_minor: int = big_column()
    document: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    document_hash: str
    made_ms: int = big_column()


class PayoutOrder(OracleTable, table=True):
    """Decided: a payout in a file; its key is the withdrawal's number, so it is in one file only.

    ``payment`` is the bank's entry that paid it (a ``BankLine.entry_hash``); ``transaction_id`` confirms it on chain.
    """

    __tablename__ = "payout_order"

    payout: int = Field(primary_key=True)
    file_id: int = Field(index=True)
    end_to_end_id: str = Field(unique=True)
    amount_minor: int = big_column()
    commitment: str
    payment: str | None = None
    transaction_id: int | None = None


class StatementEntryRow(OracleTable, table=True):
    """Known: one credit entry of a bank statement; ``entry_hash`` backs one mint on chain.

    ``confirmed_by`` is the second account that said yes, empty where one was enough.
    """

    __tablename__ = "statement_entry"

    entry_hash: str = Field(primary_key=True)
    statement: str
    reference: str
    project: str
    business_date: int
    amount_minor: Minor
    currency: str
    transaction_id: int
    taken_ms: int = Field(default=0, sa_type=BigInteger, index=True)
    confirmed_by: str = ""
