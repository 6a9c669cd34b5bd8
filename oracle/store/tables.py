"""The tables of ``oracle.db``, beside the chain's own (``chain.tables``).

Three kinds, told apart in each docstring: *known* (told to us off chain, kept for ever), *decided* (by the oracle, kept
for ever) and *projected* (made of chain events alone; dropped and made again by a rebuild). Amounts are in minor units,
business dates YYYYMMDD, bytes32 values 0x-prefixed hex in lower case, accounts checksummed.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    UniqueConstraint,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from counterfoil.oracle.store.integers import BIG, UnsignedInteger

metadata = MetaData()

_Minor = Annotated[int, Field(sa_type=BIG)]
_Count = Annotated[int, Field(sa_type=BIG)]
"""Of records in the log: a size, or a position."""


def json_column() -> Any:
    return Field(sa_column=Column(JSON, nullable=False))


def _big(**options: Any) -> Any:
    return Field(sa_column=Column(BigInteger, nullable=options.pop("nullable", False), **options))


class OracleTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables: they have a metadata of their own."""


class KnownParticipant(OracleTable, table=True):
    """Known: who an account is. The chain holds only a commitment to it."""

    __tablename__ = "known_participant"

    account: str = Field(primary_key=True)
    party: str = Field(unique=True)
    name: str


class KnownDevice(OracleTable, table=True):
    """Known: the name behind a device's hash, and what people call it."""

    __tablename__ = "known_device"

    device: str = Field(primary_key=True)
    device_hash: str = Field(unique=True)
    label: str
    location: str = ""
    kind: str = "vending"


class KnownProject(OracleTable, table=True):
    """Known: the name behind a project's hash, its money and its rules off chain.

    ``tax_basis_points`` is the part of gross less refunds that is tax.
    """

    __tablename__ = "known_project"

    project: str = Field(primary_key=True)
    project_hash: str = Field(unique=True)
    name: str
    operator: str
    currency: str
    decimals: int = 2
    tax_basis_points: int = 0


class KnownGoods(OracleTable, table=True):
    """Known: the commodity code behind a goods hash."""

    __tablename__ = "known_goods"

    goods_hash: str = Field(primary_key=True)
    code: str


class KnownTerms(OracleTable, table=True):
    """Known: the terms that were sent to the chain, as the JSON that they were made from."""

    __tablename__ = "known_terms"

    project: str = Field(primary_key=True)
    effective_from: int = Field(primary_key=True)
    terms: dict[str, Any] = json_column()


class KnownDocument(OracleTable, table=True):
    """Known: what a commitment on chain was made of: SHA-256 of the salt and the fields (docs/formats/commitment.md).

    ``identity`` is the SHA-256 of kind and fields without the salt: the same thing is committed to once.
    ``account`` is who gave the fields; who else may read them follows from what the commitment stands in.
    """

    __tablename__ = "known_document"

    commitment: str = Field(primary_key=True)
    kind: str
    identity: str = Field(unique=True)
    salt: str
    fields: dict[str, Any] = json_column()
    account: str = Field(index=True)
    created_ms: int = _big()


class Device(OracleTable, table=True):
    """Projected: the registry's entry of a device."""

    __tablename__ = "device"

    device_hash: str = Field(primary_key=True)
    owner: str
    operator: str
    project_hash: str = Field(index=True)
    status: str
    epoch: int


class DeviceKeyEntry(OracleTable, table=True):
    """Projected: a device's signing key for one epoch; ``until_sequence`` as decimal text (2^64 - 1 is open)."""

    __tablename__ = "registry_key"

    device_hash: str = Field(primary_key=True)
    epoch: int = Field(primary_key=True)
    x: str
    y: str
    certificate_hash: str
    from_sequence: int = Field(default=1, sa_type=UnsignedInteger)
    until_sequence: str
    registered_block: int
    revoked_at: int | None = Field(default=None, sa_type=UnsignedInteger)
    reason: int | None = None


class ParticipantEntry(OracleTable, table=True):
    """Projected: the registry's entry of a participant."""

    __tablename__ = "participant"

    account: str = Field(primary_key=True)
    parts: str
    certified_until: int = Field(default=0, sa_type=UnsignedInteger)
    frozen: bool = False


class TermsEntry(OracleTable, table=True):
    """Projected: a version of a project's terms."""

    __tablename__ = "terms"

    project_hash: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    effective_from: int
    terms_hash: str


class Head(OracleTable, table=True):
    """Decided: a head that was closed and is to be anchored; its newest status is its transaction's."""

    __tablename__ = "head"

    size: int = Field(primary_key=True, sa_type=BIG)
    root: str
    state: str
    figures: str = ""
    previous_size: _Count
    closed_ms: int = _big()
    transaction_id: int


class AnchoredHead(OracleTable, table=True):
    """Projected: a head on the chain."""

    __tablename__ = "anchored_head"

    size: int = Field(primary_key=True, sa_type=BIG)
    number: int
    root: str
    state: str
    figures: str = ""
    block_number: int
    block_hash: str
    transaction_hash: str


class BatchFigures(OracleTable, table=True):
    """Decided: what a batch adds up to, by the digest that its head carries (docs/formats/figures.md)."""

    __tablename__ = "batch_figures"

    digest: str = Field(primary_key=True)
    figures: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Slot(OracleTable, table=True):
    """Decided: a device's slot in the state, as of the newest closed head."""

    __tablename__ = "slot"

    position: int = Field(primary_key=True)
    device: str = Field(unique=True)
    epoch: int
    sequence: int = _big()
    payload_digest: str


class DeviceStanding(OracleTable, table=True):
    """Decided: what a device's own records in the log say of it so far (``oracle.standing``); 1e-7 degrees."""

    __tablename__ = "device_standing"

    device: str = Field(primary_key=True)
    state: str = ""
    place_lat_e7: int | None = None
    place_lon_e7: int | None = None
    here_lat_e7: int | None = None
    here_lon_e7: int | None = None
    accuracy_m: int = 0
    log_index: _Count


class SettlementRow(OracleTable, table=True):
    """Known: one payment that the payment provider (or the cash counter) says it settled."""

    __tablename__ = "settlement_row"

    id: int | None = Field(default=None, primary_key=True)
    project: str = Field(index=True)
    reference: str = Field(unique=True)
    method: str
    business_date: int = Field(index=True)
    amount_minor: _Minor
    currency: str
    device: str | None = None
    source: str
    status: str = Field(default="waiting", index=True)


class StatementEntry(OracleTable, table=True):
    """Known: one credit entry of a bank statement; ``entry_hash`` backs one mint on chain."""

    __tablename__ = "statement_entry"

    entry_hash: str = Field(primary_key=True)
    statement: str
    reference: str
    project: str
    business_date: int
    amount_minor: _Minor
    currency: str
    transaction_id: int


class SaleFact(OracleTable, table=True):
    """Decided: what the oracle made of a sale or a refund in the log.

    ``status``: ``waiting`` for its payment, ``matched``, ``exception`` (see the exception's row), ``excluded`` by a
    person, or ``distributed`` in ``batch``. ``units`` are [commodity code, count].
    """

    __tablename__ = "sale_fact"
    __table_args__ = (Index("ix_sale_fact_group", "status", "project", "business_date"),)

    log_index: int = Field(primary_key=True, sa_type=BIG)
    device: str = Field(index=True)
    project: str
    business_date: int
    is_refund: bool = False
    amount_minor: _Minor
    currency: str
    method: str
    reference: str | None = Field(default=None, index=True)
    units: list[Any] = json_column()
    status: str
    batch: str | None = Field(default=None, index=True)


class MatchException(OracleTable, table=True):
    """Decided: a sale or a payment that did not match; open until a person has resolved it.

    ``resolution``: ``accepted`` (it is distributed) or ``excluded``.
    """

    __tablename__ = "match_exception"

    id: int | None = Field(default=None, primary_key=True)
    project: str = Field(index=True)
    log_index: int | None = Field(default=None, index=True, sa_type=BIG)
    settlement_id: int | None = None
    business_date: int
    amount_minor: _Minor
    code: str
    detail: str
    status: str = Field(default="open", index=True)
    resolution: str | None = None
    resolved_by: str | None = None
    note: str | None = None
    resolved_ms: int | None = _big(nullable=True)


class Distribution(OracleTable, table=True):
    """Decided: a distribution; ``facts`` are its facts' canonical bytes (docs/formats/facts.md).

    Without a transaction until the quorum has signed it.
    """

    __tablename__ = "distribution"

    batch: str = Field(primary_key=True)
    project: str = Field(index=True)
    business_date: int
    gross_minor: _Minor
    refunds_minor: _Minor
    tax_minor: _Minor
    units: list[Any] = json_column()
    head_size: _Count
    facts_hash: str
    facts: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    transaction_id: int | None = None


class DistributedEntry(OracleTable, table=True):
    """Projected: a distribution on the chain."""

    __tablename__ = "distributed"

    batch: str = Field(primary_key=True)
    project_hash: str = Field(index=True)
    version: int
    gross_minor: _Minor
    head_size: _Count
    facts_hash: str
    block_number: int
    transaction_hash: str
    carried_minor: _Minor = 0


class Credit(OracleTable, table=True):
    """Projected: what one tier gave one account."""

    __tablename__ = "credit"

    id: int | None = Field(default=None, primary_key=True)
    batch: str = Field(index=True)
    project_hash: str = Field(index=True)
    account: str = Field(index=True)
    tier: int
    amount_minor: _Minor


class Balance(OracleTable, table=True):
    """Projected: what an account was credited by the split and has taken from it."""

    __tablename__ = "balance"

    account: str = Field(primary_key=True)
    credited_minor: _Minor = 0
    withdrawn_minor: _Minor = 0


class Payout(OracleTable, table=True):
    """Projected: a withdrawal from the bank's token; ``payment`` is the bank's reference once paid."""

    __tablename__ = "payout"

    id: int = Field(primary_key=True)
    holder: str = Field(index=True)
    amount_minor: _Minor
    payout_account: str
    payment: str | None = None
    block_number: int


class Instruction(OracleTable, table=True):
    """What a user asks of the oracle through the API: carried out once, answered here.

    ``status``: ``pending`` → ``done`` with ``result``, or ``failed`` with ``error_code``; a transaction is ``sent`` in
    between.
    """

    __tablename__ = "instruction"

    id: int | None = Field(default=None, primary_key=True)
    idempotency_key: str = Field(unique=True)
    party: str
    kind: str
    payload: dict[str, Any] = json_column()
    status: str = Field(default="pending", index=True)
    result: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    error_code: str | None = None
    error_detail: str | None = None
    created_ms: int = _big()
    finished_ms: int | None = _big(nullable=True)


class Alarm(OracleTable, table=True):
    """Decided: something that a person must look at."""

    __tablename__ = "alarm"

    id: int | None = Field(default=None, primary_key=True)
    code: str
    detail: str
    device: str | None = None
    raised_ms: int = Field(
        default_factory=lambda: time.time_ns() // 1_000_000,
        sa_column=Column(BigInteger, nullable=False),
    )


class Progress(OracleTable, table=True):
    """Decided: how far a reader of the log has come: all records below ``log_index`` are taken."""

    __tablename__ = "progress"

    reader: str = Field(primary_key=True)
    log_index: _Count


class SignedHead(OracleTable, table=True):
    """Decided: a head that this node found true and signed; ``digest`` is the EIP-712 digest."""

    __tablename__ = "signed_head"

    digest: str = Field(primary_key=True)
    size: int = Field(index=True, sa_type=BIG)
    root: str
    state: str
    figures: str
    previous_size: _Count
    previous_root: str
    signed_ms: int = _big()


class SignedEntry(OracleTable, table=True):
    """Decided: a record of the log that stands in a distribution which this node has signed, so in no other one."""

    __tablename__ = "signed_entry"

    log_index: int = Field(primary_key=True, sa_type=BIG)
    batch: str = Field(index=True)


class Dissent(OracleTable, table=True):
    """Decided: why a node would not sign what another proposed; kept by both.

    ``kind`` is ``head`` or ``call``, ``subject`` the EIP-712 digest that was proposed, ``size`` the head's.
    """

    __tablename__ = "dissent"
    __table_args__ = (UniqueConstraint("subject", "node", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    size: int | None = Field(default=None, sa_type=BIG)
    proposer: str
    node: str
    code: str
    detail: str
    log_index: int | None = Field(default=None, sa_type=BIG)
    times: int = 1
    first_ms: int = _big()
    last_ms: int = _big()


class OracleNode(OracleTable, table=True):
    """Decided: a node of the quorum as this one sees it: how far its copy has come, and when it last answered."""

    __tablename__ = "oracle_node"

    address: str = Field(primary_key=True)
    name: str
    url: str
    is_self: bool = False
    records: _Count = 0
    anchored: _Count = 0
    refusal: str | None = None
    answered_ms: int | None = _big(nullable=True)
    error: str | None = None
