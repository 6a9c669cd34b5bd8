"""What this node signed and did not sign, and the other nodes' status."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.oracle.store.columns import Count, big_column
from counterfoil.oracle.store.integers import BIG
from counterfoil.oracle.store.table import OracleTable


class SignedHead(OracleTable, table=True):
    """Decided: a head that this node found true and signed; ``digest`` is the EIP-712 digest."""

    __tablename__ = "signed_head"

    digest: str = Field(primary_key=True)
    size: int = Field(index=True, sa_type=BIG)
    root: str
    state: str
    figures: str
    annex: str
    previous_size: Count
    previous_root: str
    signed_ms: int = big_column()


class SignedEntry(OracleTable, table=True):
    """Decided: a record of the log that is in a distribution that this node has signed, so in no other."""

    __tablename__ = "signed_entry"

    log_index: int = Field(primary_key=True, sa_type=BIG)
    batch: str = Field(index=True)


class Dissent(OracleTable, table=True):
    """Decided: why a node did not sign another's proposal; both keep it.

    ``kind`` is ``head`` or ``call``, ``subject`` the proposed EIP-712 digest, ``size`` the head's size.
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
    first_ms: int = big_column()
    last_ms: int = big_column()


class OracleNode(OracleTable, table=True):
    """Decided: a node of the quorum as this one sees it: how far its copy is, and when it last responded."""

    __tablename__ = "oracle_node"

    address: Address = Field(primary_key=True, sa_type=AddressColumn)
    name: str
    url: str
    is_self: bool = False
    records: Count = 0
    anchored: Count = 0
    refusal: str | None = None
    answered_ms: int | None = big_column(nullable=True)
    error: str | None = None
