"""The payment provider's settlement file and the bank's statement, read in: each row and each entry once.

The settlement file is CSV with a header (docs/formats/settlement-file.md):
``reference,method,business_date,amount,currency,device`` with the amount in major units, a decimal point and at most as
many digits after it as the currency has; ``device`` may be empty.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from sqlmodel import Session, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.sender import enqueue
from counterfoil.gateway.identity import on_chain_id
from counterfoil.oracle.errors import InputMalformed, UnknownName
from counterfoil.oracle.store.tables import KnownProject, SettlementRow, StatementEntry

COLUMNS = ("reference", "method", "business_date", "amount", "currency", "device")


@dataclass(frozen=True)
class Imported:
    """How many rows were taken, and how many were here already."""

    taken: int
    known: int


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
        """What names the entry on chain: SHA-256 of the statement's id, a zero byte and the entry's reference."""
        return sha256(self.statement.encode() + b"\0" + self.reference.encode()).digest()


def minor_units(amount: str, decimals: int) -> int:
    """``"12.50"`` → 1250 for two decimals.

    Raises:
        InputMalformed: no decimal number, negative, or with more digits than the currency has.
    """
    try:
        scaled = Decimal(amount).scaleb(decimals)
    except InvalidOperation as failure:
        raise InputMalformed(f"{amount!r} is no amount") from failure
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or scaled < 0:
        raise InputMalformed(f"{amount!r} is no amount with at most {decimals} decimals")
    return int(scaled)


def import_settlement(session: Session, project: str, text: str, source: str) -> Imported:
    """Take in a settlement file of *project*. The caller commits.

    A row whose reference is here already must say the same.

    Raises:
        UnknownName: nobody told the oracle of the project.
        InputMalformed: a row is malformed, or contradicts the one that is here; nothing is taken then.
    """
    known_project = session.get(KnownProject, project)
    if known_project is None:
        raise UnknownName(f"no project {project}")
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise InputMalformed(f"the header must be {','.join(COLUMNS)}")
    held = {
        row.reference: row
        for row in session.exec(select(SettlementRow).where(SettlementRow.project == project))
    }
    taken = known = 0
    for number, fields in enumerate(reader, start=2):
        row = _row(project, fields, known_project, source, number)
        same = held.get(row.reference)
        if same is None:
            held[row.reference] = row
            session.add(row)
            taken += 1
        elif (same.amount_minor, same.business_date) == (row.amount_minor, row.business_date):
            known += 1
        else:
            raise InputMalformed(
                f"line {number}: {row.reference} is here already with another amount or date"
            )
    return Imported(taken, known)


def _row(
    project: str, fields: dict[str, str], known: KnownProject, source: str, number: int
) -> SettlementRow:
    try:
        amount = minor_units(fields["amount"], known.decimals)
        date = int(fields["business_date"])
    except (InputMalformed, ValueError, TypeError) as failure:
        raise InputMalformed(f"line {number}: {failure}") from failure
    if not fields["reference"] or not 19700101 <= date <= 99991231:
        raise InputMalformed(f"line {number}: no reference, or no date YYYYMMDD")
    if fields["currency"] != known.currency:
        raise InputMalformed(
            f"line {number}: {fields['currency']}, and the project is in {known.currency}"
        )
    return SettlementRow(
        project=project,
        reference=fields["reference"],
        method=fields["method"],
        business_date=date,
        amount_minor=amount,
        currency=fields["currency"],
        device=fields["device"] or None,
        source=source,
    )


def import_entries(
    session: Session, client: ChainClient, bank: str, entries: list[BankEntry]
) -> Imported:
    """Take in a bank's credit entries. The caller commits.

    Each asks for one mint into its project's collection account.

    Raises:
        UnknownName: nobody told the oracle of a project.
    """
    taken = known = 0
    for entry in entries:
        if session.get(KnownProject, entry.project) is None:
            raise UnknownName(f"no project {entry.project}")
        name = "0x" + entry.entry_hash.hex()
        if session.get(StatementEntry, name) is not None:
            known += 1
            continue
        account = client.call("DepositToken", "collectionOf", on_chain_id(entry.project))
        data = client.encode("DepositToken", "mint", account, entry.amount_minor, entry.entry_hash)
        transaction_id = enqueue(
            session, bank, f"mint:{name}", client.address_of("DepositToken"), data
        )
        session.add(
            StatementEntry(
                entry_hash=name,
                statement=entry.statement,
                reference=entry.reference,
                project=entry.project,
                business_date=entry.business_date,
                amount_minor=entry.amount_minor,
                currency=entry.currency,
                transaction_id=transaction_id,
            )
        )
        taken += 1
    return Imported(taken, known)
