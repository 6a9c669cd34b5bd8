"""A bank statement's credit entries, and the name of each on chain. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


def entry_hash_of(statement: str, reference: str) -> bytes:
    """The name on chain of the entry *reference* in *statement*: SHA-256 of both, a zero byte between them."""
    return sha256(statement.encode() + b"\0" + reference.encode()).digest()


def place_of(account: str, identification: str, is_banks_own: bool) -> str:
    """Where a camt.053 entry's reference names it: on its account, if it is the bank's own, else in its statement."""
    return account if is_banks_own else f"{account}/{identification}"


@dataclass(frozen=True)
class BankEntry:
    """A credit entry of a bank statement; amount in minor units, date YYYYMMDD."""

    statement: str
    reference: str
    project: str
    business_date: int
    amount_minor: int
    currency: str

    @property
    def entry_hash(self) -> bytes:
        """The entry's name on chain: SHA-256 of the statement's id, a zero byte and the entry's reference."""
        return entry_hash_of(self.statement, self.reference)


@dataclass(frozen=True)
class ImportCounts:
    """Numbers of rows that were taken, and that were stored already."""

    taken: int
    known: int
