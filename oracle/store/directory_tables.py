"""Who and what was made known off chain: parties, devices, projects, goods, terms, documents."""

from __future__ import annotations

from typing import Any

from sqlmodel import Field

from counterfoil.chain.address import Address
from counterfoil.chain.address_column import AddressColumn
from counterfoil.oracle.store.columns import big_column, json_column
from counterfoil.oracle.store.table import OracleTable


class KnownParticipant(OracleTable, table=True):
    """Known: who an account is. The chain holds only a commitment to it."""

    __tablename__ = "known_participant"

    account: Address = Field(primary_key=True, sa_type=AddressColumn)
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
    account: Address = Field(index=True, sa_type=AddressColumn)
    created_ms: int = big_column()
