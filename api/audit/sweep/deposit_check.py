"""Every mint against the bank's statements that the auditor has from the bank itself.

Rules kept here:

* A mint names its entry by a hash. The same hash is made again from the statement, so nothing of the platform's is
  believed.
* Without statements nothing is found, and the report says how much was minted that nobody compared.
* A folder without a statement is no comparison: it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from counterfoil.api.audit.faults import DEPOSIT_DIFFERS, DEPOSIT_WITHOUT_STATEMENT
from counterfoil.api.audit.sweep.ledger_view import LedgerView
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.verification.said import Said
from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.files import read_bytes, text_of
from counterfoil.gateway.formats.iso20022.camt053 import parse_valid_camt053
from counterfoil.gateway.formats.iso20022.messages import MAX_BYTES
from counterfoil.oracle.rules.bank_entry import entry_hash_of, place_of


class StatementRefused(Exception):
    """A file that should be a statement can't be read; the detail names it."""

    def __init__(self, path: Path, error: FormatError) -> None:
        text = error.detail
        super().__init__(text if text.startswith(str(path)) else f"{path}: {text}")
        self.code = error.code


class StatementsMissing(Exception):
    """The folder of statements has no camt.053 statement in it, so no mint can be compared."""

    code = Code("sweep.statements_missing")
    to_do = (
        "Give the folder with the bank's camt.053 files (.xml, .xml.gz), or leave the option out."
    )


@dataclass
class Statements:
    """The bank's credits in the statements that were given: amounts by the hashes of their entries."""

    credits: dict[bytes, int] = field(default_factory=dict)
    files: int = 0
    passed_over: list[str] = field(default_factory=list)
    """The names in the folder that are no ``.xml`` or ``.xml.gz``, and so were not read."""


def read_statements(folder: Path) -> Statements:
    """Return what the camt.053 documents (``*.xml``, ``*.xml.gz``) in *folder* have.

    Raises StatementsMissing where there is none; StatementRefused for a file that is no valid statement.
    """
    if not folder.is_dir():
        raise StatementsMissing(f"{folder}: no folder")
    found = Statements()
    for path in sorted(folder.iterdir()):
        if path.name.lower().endswith((".xml", ".xml.gz")) and path.is_file():
            found.files += 1
            try:
                found.credits |= _credits(path)
            except FormatError as error:
                raise StatementRefused(path, error) from error
        else:
            found.passed_over.append(path.name)
    if not found.files:
        rest = f"; passed over: {', '.join(found.passed_over[:10])}" if found.passed_over else ""
        raise StatementsMissing(f"{folder}: no camt.053 file (.xml, .xml.gz) in it{rest}")
    return found


def _credits(path: Path) -> dict[bytes, int]:
    """The booked credits of the statements in one file."""
    found: dict[bytes, int] = {}
    for statement in parse_valid_camt053(text_of(read_bytes(path, MAX_BYTES))):
        for entry in statement.entries:
            if entry.status == "BOOK" and entry.amount_minor > 0 and entry.reference:
                place = place_of(
                    statement.account,
                    statement.identification,
                    is_banks_own=bool(entry.servicer_reference),
                )
                found[entry_hash_of(place, entry.reference)] = entry.amount_minor
    return found


def check_deposits(view: LedgerView, booked: Mapping[bytes, int]) -> Iterator[Finding]:
    """Yield a finding for each mint that no entry *booked* at the bank stands behind, or another amount."""
    for event in view.money:
        if event.name != "Deposited":
            continue
        entry, amount = event.values["entry"], event.values["amount"]
        where = Said(
            "mint {entry} in block {block}", entry=entry.hex()[:16], block=event.block_number
        )
        stated = booked.get(entry)
        if stated is None:
            detail = Said(
                "{amount} to {account}: no statement that was given has its entry",
                amount=view.amount(amount),
                account=event.values["to"],
            )
            yield Finding(DEPOSIT_WITHOUT_STATEMENT, where, detail)
        elif stated != amount:
            detail = Said(
                "{amount} minted, the statement says {stated}",
                amount=view.amount(amount),
                stated=view.amount(stated),
            )
            yield Finding(DEPOSIT_DIFFERS, where, detail)
