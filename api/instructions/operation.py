"""Writes on chain as entries of a table: which contract's call each becomes.

Rules kept here:

* One mechanism for all: ``operation_routes`` offers each operation twice, carried out with a key kept here, and as an
  unsigned transaction for a key held elsewhere.
* The contracts decide. Who may try stands in the table of roles (``access.roles_table``).
* Parties are named by their names or their accounts; texts and papers become commitments before they go on chain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Generic, TypeAlias

from pydantic import BaseModel, Field
from typing_extensions import TypeVar

from counterfoil.api.documents import commitments
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts
from counterfoil.api.http.faults import PARTY_UNKNOWN
from counterfoil.api.http.wide import WideIn
from counterfoil.chain.address import Address
from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import to_hex

PartyName = Annotated[
    str,
    Field(min_length=1, max_length=64, description="Name or account.", examples=["northfield"]),
]
Minor = Annotated[WideIn, Field(gt=0, lt=2**63, examples=[100_000_00])]
Number = Annotated[int, Field(ge=1, le=2**53, examples=[17])]
Date = Annotated[int, Field(ge=19700101, le=99991231, examples=[20260930])]
Rate = Annotated[int, Field(ge=0, le=1_000_000, examples=[108_000])]
ChainTime = Annotated[
    int, Field(gt=0, lt=2**53, description="Seconds UTC.", examples=[1_793_404_800])
]
WideTime = Annotated[
    WideIn, Field(gt=0, lt=2**53, description="Seconds UTC.", examples=[1_793_404_800])
]
"""The same where answers have what anybody wrote on chain."""
Signature = Annotated[
    str, Field(pattern="^0x([0-9a-f]{2}){65,2048}$", examples=[to_hex(b"\x1b" * 65)])
]
_Word = Annotated[str, Field(min_length=1, max_length=64)]
_Text = Annotated[str, Field(max_length=2_000)]
Papers = Annotated[
    dict[_Word, _Text | int],
    Field(
        max_length=40,
        description="Kept here and committed to on chain; docs/formats/commitment.md.",
        examples=[{"number": "LS-2026-0017", "carrier": "Eastern Freight"}],
    ),
]


BodyT_co = TypeVar("BodyT_co", covariant=True, default=None)
"""What a request's body is read as; None where an operation has none."""


@dataclass(frozen=True)
class Call(Generic[BodyT_co]):
    """One request for an operation: who asks (*account*), about what (*key*, from the path), with which *body*."""

    parts: ApiParts
    client: ChainClient
    account: Address
    key: int | str | None
    body: BodyT_co

    @property
    def key_text(self) -> str:
        """The key of an operation whose path has a name or a digest."""
        return str(self.key)

    @property
    def token(self) -> Address:
        """The bank's token."""
        return self.client.address_of("DepositToken")

    def party(self, name: str) -> Address:
        """Return the account of a party; 409 ``party.unknown`` for none."""
        found = self.parts.directory.account_of(name)
        if not found:
            raise problems.conflict(PARTY_UNKNOWN, f"nobody is called {name!r}")
        return found

    def commit(self, kind: str, fields: commitments.Fields | None) -> bytes:
        """Return the commitment to *fields*, 32 zero bytes for none."""
        if not fields:
            return bytes(32)
        return commitments.keep(
            engine=self.parts.oracle, account=self.account, kind=kind, fields=fields
        )


Arguments: TypeAlias = Callable[[Call[BodyT_co]], Sequence[object]]
"""Makes the arguments of the contract's function of a call."""


@dataclass(frozen=True)
class Operation(Generic[BodyT_co]):
    """A write: its whole *path* (the one variable in it is the call's key), and the contract's *function*."""

    name: str
    path: str
    _: KW_ONLY
    contract: str
    function: str
    says: str
    arguments: Arguments[BodyT_co]
    body: type[BodyT_co] | None = None


def by_key(call: Call[object]) -> Sequence[object]:
    """Return the arguments of an operation whose only argument is the key in its path."""
    return [call.key]


class SignatureIn(BaseModel):
    """The asker's EIP-712 signature."""

    signature: Signature


class AmountIn(BaseModel):
    """An amount in minor units."""

    amount_minor: Minor


class AccountIn(BaseModel):
    """The account whose credits are paid out; by default the asker's own."""

    account: PartyName | None = None


def withdrawal(call: Call[AccountIn]) -> tuple[Address, Address]:
    """Return the token and the account that is paid: the named party's, or the asker's own."""
    name = call.body.account
    return call.token, call.account if name is None else call.party(name)
