"""The requests that the oracle takes: a closed union, one frozen class for each kind. Pure.

Rules that this module keeps:

- Amounts are whole numbers of minor units, dates are YYYYMMDD, bytes are bytes. ``stored_form`` says how they are
  stored.
- Code that handles a :data:`Request` matches its class and ends with ``assert_never``. So the type checker finds a kind
  that was forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import ClassVar, TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, "list[Json]", "Mapping[str, Json]", None]


@unique
class Kind(StrEnum):
    """The name of a kind of request in the database and over HTTP."""

    RESOLVE_EXCEPTION = "resolve_exception"
    IMPORT_SETTLEMENT = "import_settlement"
    IMPORT_STATEMENT = "import_statement"
    CLOSE_MATCHING = "close_matching"
    ACCEPT_PLACE = "accept_place"
    CLOSE_DAY = "close_day"
    IMPORT_CAMT053 = "import_camt053"
    REGISTER_BANK_ACCOUNT = "register_bank_account"
    REGISTER_PAYEE_ACCOUNT = "register_payee_account"
    MAKE_PAYOUT_FILE = "make_payout_file"
    RESOLVE_BANK_LINE = "resolve_bank_line"
    CONFIRM_MINT = "confirm_mint"
    TRANSACT = "transact"
    SIGN_DIGEST = "sign_digest"


@dataclass(frozen=True)
class ResolveException:
    """A person decides an exception: ``accepted`` or ``excluded``."""

    kind: ClassVar = Kind.RESOLVE_EXCEPTION
    exception: int
    resolution: str
    note: str = ""


@dataclass(frozen=True)
class ImportSettlement:
    """A payment provider's settlement file, as CSV text (docs/formats/settlement-file.md)."""

    kind: ClassVar = Kind.IMPORT_SETTLEMENT
    project: str
    text: str
    source: str


@dataclass(frozen=True)
class CreditEntry:
    """A credit entry of a bank statement."""

    statement: str
    reference: str
    project: str
    business_date: int
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class ImportStatement:
    """A bank's credit entries, each of which mints once."""

    kind: ClassVar = Kind.IMPORT_STATEMENT
    entries: tuple[CreditEntry, ...]


@dataclass(frozen=True)
class CloseMatching:
    """Close a project's business dates up to and with ``through`` for matching."""

    kind: ClassVar = Kind.CLOSE_MATCHING
    project: str
    through: int


@dataclass(frozen=True)
class AcceptPlace:
    """Make a machine's newest location its place."""

    kind: ClassVar = Kind.ACCEPT_PLACE
    device: str


@dataclass(frozen=True)
class CloseDay:
    """Close a business date (default: today in the oracle's time zone); ``far`` allows a date far ahead."""

    kind: ClassVar = Kind.CLOSE_DAY
    date: int | None = None
    far: bool | None = None
    """None is stored as no field."""


@dataclass(frozen=True)
class ImportCamt053:
    """A bank's camt.053 document; ``source`` is the name of its file, for people."""

    kind: ClassVar = Kind.IMPORT_CAMT053
    text: str
    source: str = ""


@dataclass(frozen=True)
class RegisterBankAccount:
    """Say whose money a bank account holds: a project's or a participant's, exactly one of them."""

    kind: ClassVar = Kind.REGISTER_BANK_ACCOUNT
    account: str
    name: str
    currency: str
    project: str = ""
    holder: str = ""
    bic: str = ""
    pays_out: bool = False


@dataclass(frozen=True)
class RegisterPayeeAccount:
    """A bank account to be paid to; without a ``salt`` (hex) one is drawn."""

    kind: ClassVar = Kind.REGISTER_PAYEE_ACCOUNT
    account: str
    name: str
    bic: str = ""
    salt: str = ""


@dataclass(frozen=True)
class MakePayoutFile:
    """Put all withdrawals that can be paid now into one file; the default date is today."""

    kind: ClassVar = Kind.MAKE_PAYOUT_FILE
    account: str
    execution_date: int | None = None


@dataclass(frozen=True)
class ResolveBankLine:
    """A person has dealt with an entry that was set aside."""

    kind: ClassVar = Kind.RESOLVE_BANK_LINE
    line: int
    note: str = ""


@dataclass(frozen=True)
class ConfirmMint:
    """A second account says that a statement's entry, which waits, is to be minted."""

    kind: ClassVar = Kind.CONFIRM_MINT
    line: int


@dataclass(frozen=True)
class Transact:
    """A call of a contract's function for ``account``.

    ``operation``, ``key`` and ``body`` are the API's request, kept for people.
    """

    kind: ClassVar = Kind.TRANSACT
    account: str
    contract: str
    function: str
    data: bytes
    operation: str = ""
    key: int | str | None = None
    body: Mapping[str, Json] | None = None


@dataclass(frozen=True)
class SignDigest:
    """Sign the 32-byte digest of a proposal (a ``deal`` or a ``quote``) as ``account``."""

    kind: ClassVar = Kind.SIGN_DIGEST
    account: str
    digest: bytes
    proposal: str = ""


Request: TypeAlias = (
    ResolveException
    | ImportSettlement
    | ImportStatement
    | CloseMatching
    | AcceptPlace
    | CloseDay
    | ImportCamt053
    | RegisterBankAccount
    | RegisterPayeeAccount
    | MakePayoutFile
    | ResolveBankLine
    | ConfirmMint
    | Transact
    | SignDigest
)
