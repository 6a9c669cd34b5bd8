"""A bank statement's credit entries, and the name of each on chain. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256


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
        return sha256(self.statement.encode() + b"\0" + self.reference.encode()).digest()


@dataclass(frozen=True)
class ImportCounts:
    """Numbers of rows that were taken, and that were stored already."""

    taken: int
    known: int
