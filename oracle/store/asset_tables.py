"""The tables of claims, credit, receipts, shares and deals: all *projected* (see ``tables``), made of events alone.

Ids are the contracts' own, counted from 1; amounts minor units, dates YYYYMMDD of the business calendar, accounts
checksummed. States and kinds are the contracts' names in lower case.
"""

from __future__ import annotations

from typing import Annotated, Any

from sqlalchemy import BigInteger
from sqlmodel import Field

from counterfoil.oracle.store.integers import Unsigned
from counterfoil.oracle.store.tables import OracleTable, json_column

Minor = Annotated[int, Field(sa_type=Unsigned)]
"""An amount, or a number of shares or units, as wide as the contracts' own."""
_Key = Annotated[int, Field(primary_key=True, sa_type=BigInteger)]
_Id = Annotated[int, Field(index=True, sa_type=BigInteger)]


class BusinessDay(OracleTable, table=True):
    """Projected: a business date that the calendar was moved to."""

    __tablename__ = "business_day"

    date: int = Field(primary_key=True)
    block_number: int


class ClaimEntry(OracleTable, table=True):
    """Projected: a claim by its contract terms."""

    __tablename__ = "claim"

    root: _Key
    kind: str
    state: str = Field(index=True)
    obligor: str = Field(index=True)
    creditor: str = Field(index=True)
    token: str
    face_minor: Minor
    redeemed_minor: Minor = 0
    issue_date: int
    due_date: int = Field(index=True)
    default_days: int
    invoice: str = Field(index=True)
    document: str
    delivery: str | None = None
    disputed: bool = False
    dispute_reason: str | None = None
    dispute_outcome: str | None = None
    block_number: int
    transaction_hash: str


class ClaimFunding(OracleTable, table=True):
    """Projected: what was paid towards a claim, and what had been paid of it in all by then."""

    __tablename__ = "claim_funding"

    transaction_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    root: _Id
    payer: str
    amount_minor: Minor
    redeemed_minor: Minor
    date: int


class PartEntry(OracleTable, table=True):
    """Projected: a part of a claim; ``received`` is the part under which its holder came to hold it."""

    __tablename__ = "claim_part"

    part: _Key
    root: _Id
    parent: Minor
    received: Minor = 0
    depth: int = 0
    holder: str = Field(index=True)
    amount_minor: Minor
    redeemed_minor: Minor = 0
    retained_minor: Minor = 0
    recourse: bool = False
    demanded: bool = False
    live: bool = Field(default=True, index=True)
    pledgee: str | None = Field(default=None, index=True)
    offered_to: str | None = Field(default=None, index=True)
    offer_recourse: bool | None = None
    offer_expires: int | None = Field(default=None, sa_type=Unsigned)
    block_number: int
    transaction_hash: str


class ClaimBalance(OracleTable, table=True):
    """Projected: what claims have credited an account in a token, and what it has withdrawn."""

    __tablename__ = "claim_balance"

    token: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    credited_minor: Minor = 0
    withdrawn_minor: Minor = 0


class LineEntry(OracleTable, table=True):
    """Projected: a line of credit; ``votes`` are {member, motion, evidence}, ``suppliers`` whom a draw may pay."""

    __tablename__ = "credit_line"

    line: _Key
    state: str = Field(index=True)
    reason: str | None = None
    borrower: str = Field(index=True)
    lender: str = Field(index=True)
    token: str
    limit_minor: Minor
    principal_minor: Minor = 0
    valid_from: int
    valid_until: int
    rate_ppm: int
    penalty_ppm: int
    convention: str
    grace_days: int
    default_days: int
    repayment_order: list[Any] = json_column()
    purpose: str
    votes: list[Any] = json_column()
    suppliers: list[Any] = json_column()
    block_number: int


class LoanEntry(OracleTable, table=True):
    """Projected: a loan by what was drawn and paid; what is owed today is the contract's to say.

    ``instalments`` are [date, principal in minor units].
    """

    __tablename__ = "loan"

    loan: _Key
    line: int = Field(default=0, index=True, sa_type=BigInteger)
    state: str = Field(index=True)
    plan: str = ""
    supplier: str = ""
    order_root: Minor = 0
    collateral: Minor = 0
    drawn_date: int = 0
    drawn_minor: Minor = 0
    repaid_minor: Minor = 0
    written_off_minor: Minor = 0
    interest_paid_minor: Minor = 0
    penalty_paid_minor: Minor = 0
    costs_minor: Minor = 0
    costs_paid_minor: Minor = 0
    instalments: list[Any] = json_column()
    block_number: int


class LoanPayment(OracleTable, table=True):
    """Projected: one payment on a loan, by what it was used for; its payer is the contract itself for a sweep."""

    __tablename__ = "loan_payment"

    transaction_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    loan: _Id
    payer: str
    date: int
    costs_minor: Minor
    penalty_minor: Minor
    interest_minor: Minor
    principal_minor: Minor


class LineSweep(OracleTable, table=True):
    """Projected: what was swept out of a line's account; ``returned_minor`` of it went on to the borrower."""

    __tablename__ = "line_sweep"

    transaction_hash: str = Field(primary_key=True)
    log_index: int = Field(primary_key=True)
    line: _Id
    date: int
    amount_minor: Minor
    returned_minor: Minor


class ReceiptEntry(OracleTable, table=True):
    """Projected: a warehouse receipt; ``pledge`` is 0 while it is free."""

    __tablename__ = "warehouse_receipt"

    receipt: _Key
    state: str = Field(index=True)
    warehouse: str = Field(index=True)
    holder: str = Field(index=True)
    parent: Minor = 0
    pledge: int = Field(default=0, index=True, sa_type=BigInteger)
    quantity: Minor
    goods: str
    block_number: int


class PledgeEntry(OracleTable, table=True):
    """Projected: receipts pledged for a loan; ``call_date`` is that of the call for more, 0 without one."""

    __tablename__ = "receipt_pledge"

    pledge: _Key
    loan: _Id
    pledgee: str = Field(index=True)
    ltv_basis_points: int
    call_date: int = 0
    is_open: bool = True
    block_number: int


class GoodsPrice(OracleTable, table=True):
    """Projected: the newest posted price a unit of goods."""

    __tablename__ = "goods_price"

    goods: str = Field(primary_key=True)
    price_minor: Minor
    date: int


class ShareProject(OracleTable, table=True):
    """Projected: a project's shares; ``per_share_minor`` is what one has earned since the beginning."""

    __tablename__ = "share_project"

    project_hash: str = Field(primary_key=True)
    token: str
    issuer: str
    account: str
    supply: Minor = 0
    per_share_minor: Minor = 0
    received_minor: Minor = 0
    paid_minor: Minor = 0
    carried_minor: Minor = 0
    redemption_price_minor: Minor = 0


class ShareHolding(OracleTable, table=True):
    """Projected: what one account holds of a project's shares, and what it had earned when that last changed."""

    __tablename__ = "share_holding"

    project_hash: str = Field(primary_key=True)
    holder: str = Field(primary_key=True)
    shares: Minor = 0
    earned_minor: Minor = 0
    seen_minor: Minor = 0


class DealEntry(OracleTable, table=True):
    """Projected: a deal or a quote that was settled, or that ``by`` has revoked."""

    __tablename__ = "deal"

    deal: str = Field(primary_key=True)
    by: str = Field(primary_key=True)
    status: str
    block_number: int
    transaction_hash: str


class DiscountEntry(OracleTable, table=True):
    """Projected: a part that was sold below its amount; ``rest`` is the numerator that rounding left, as text."""

    __tablename__ = "discount"

    part: _Key
    amount_minor: Minor
    rate_ppm: int
    from_date: int
    to_date: int
    price_minor: Minor
    rest: str
    transaction_hash: str
