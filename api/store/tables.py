"""Tables of the API itself. Secrets stand here only as their SHA-256."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, LargeBinary, MetaData
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

metadata = MetaData()


class ApiTable(SQLModel, registry=registry(metadata=metadata)):
    """Base of these tables: they have a metadata of their own."""


def _ms(nullable: bool = False) -> Column[int]:
    return Column(BigInteger, nullable=nullable)


class ApiToken(ApiTable, table=True):
    """A bearer token: its role, the ``party`` that it acts for, and when it expires."""

    __tablename__ = "api_token"

    id: str = Field(primary_key=True)
    token_hash: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False, unique=True))
    role: str
    party: str = Field(index=True)
    name: str
    created_ms: int = Field(sa_column=_ms())
    expires_ms: int = Field(sa_column=_ms())
    revoked_ms: int | None = Field(default=None, sa_column=_ms(nullable=True))


class ApiLoginLink(ApiTable, table=True):
    """A code that opens one session, once."""

    __tablename__ = "api_login_link"

    code_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    token_id: str
    expires_ms: int = Field(sa_column=_ms())
    used_ms: int | None = Field(default=None, sa_column=_ms(nullable=True))


class ApiSession(ApiTable, table=True):
    """A browser's session; it ends with its token at the latest."""

    __tablename__ = "api_session"

    cookie_hash: bytes = Field(sa_column=Column(LargeBinary(32), primary_key=True))
    token_id: str = Field(index=True)
    csrf: str
    expires_ms: int = Field(sa_column=_ms())


class ApiIdempotency(ApiTable, table=True):
    """The response to a party's write under a key, to be given again for the same request."""

    __tablename__ = "api_idempotency"

    party: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    request_digest: bytes = Field(sa_column=Column(LargeBinary(32), nullable=False))
    status: int
    body: dict[str, object] = Field(sa_column=Column(JSON, nullable=False))
    created_ms: int = Field(sa_column=_ms())


class ApiProposal(ApiTable, table=True):
    """A deal or a quote that is being agreed on; ``terms`` as the contract names them, ``signatures`` by account."""

    __tablename__ = "api_proposal"

    digest: str = Field(primary_key=True)
    kind: str = Field(index=True)
    terms: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    parties: list[str] = Field(sa_column=Column(JSON, nullable=False))
    signatures: dict[str, str] = Field(sa_column=Column(JSON, nullable=False))
    deadline: int = Field(sa_column=_ms())
    created_ms: int = Field(sa_column=_ms())
