"""What the oracle was told off chain: parties, devices, projects, goods, terms, documents."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.oracle.store.columns import big_column, json_column
from counterfoil.oracle.store.table import OracleTable


class KnownParticipant(OracleTable, table=True):
    """Known: the party of an account. The chain holds only a commitment to it."""

    __tablename__ = "known_participant"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
    party: str = Field(unique=True)
    name: str


class KnownDevice(OracleTable, table=True):
    """Known: the name behind a device's hash, and its label for people."""

    __tablename__ = "known_device"

    device: str = Field(primary_key=True)
    device_hash: str = Field(unique=True)
    label: str
    location: str = ""
    kind: str = "vending"


class KnownProject(OracleTable, table=True):
    """Known: the name behind a project's hash, its currency and its off-chain rules.

    ``tax_basis_points`` is the share of gross less refunds that is tax.
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
    """Known: the terms that were sent to the chain, as their source JSON."""

    __tablename__ = "known_terms"

    project: str = Field(primary_key=True)
    effective_from: int = Field(primary_key=True)
    terms: dict[str, Any] = json_column()


class KnownDocument(OracleTable, table=True):
    """Known: the content of a commitment on chain: SHA-256 of the salt and the fields (docs/formats/commitment.md).

    ``identity`` is the SHA-256 of kind and fields without the salt: the same thing is committed to once.
    ``account`` gave the fields; who else may read them follows from where the commitment is used.
    """

    __tablename__ = "known_document"

    commitment: str = Field(primary_key=True)
    kind: str
    identity: str = Field(unique=True)
    salt: str
    fields: dict[str, Any] = json_column()
    account: Address = Field(index=True, sa_type=AddressColumn)
    created_ms: int = big_column()
