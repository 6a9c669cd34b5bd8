"""Reads the payment provider's settlement file; each row is taken once.

The settlement file is CSV with a header (docs/formats/settlement-file.md):
``reference,method,business_date,amount,currency,device``. The amount is in major units, with a decimal point and at
most the currency's number of digits after it. ``device`` may be empty.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date

from sqlmodel import Session, col, select

from counterfoil.oracle.errors import InputMalformed, UnknownName
from counterfoil.oracle.rules.bank_entry import ImportCounts
from counterfoil.oracle.store.directory_tables import KnownProject
from counterfoil.oracle.store.revenue_tables import SettlementRow

_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,15})(?:\.(?P<fraction>[0-9]+))?")
_ASK = 1_000
COLUMNS = ("reference", "method", "business_date", "amount", "currency", "device")


def minor_units(amount: str, decimals: int) -> int:
    """``"12.50"`` → 1250 for two decimals.

    Raises:
        InputMalformed: it is no decimal number, is negative, or has more decimals than the currency.
    """
    found = _AMOUNT.fullmatch(amount)
    if found is None or len(found["fraction"] or "") > decimals:
        raise InputMalformed(f"{amount!r} is no amount with at most {decimals} decimals")
    return int(found["whole"] + (found["fraction"] or "").ljust(decimals, "0"))


def _business_date(text: str) -> int:
    if re.fullmatch("[0-9]{8}", text) is None:
        raise InputMalformed(f"{text!r} is no date YYYYMMDD")
    date(int(text[:4]), int(text[4:6]), int(text[6:]))
    return int(text)


def import_settlement(session: Session, project: str, text: str, source: str) -> ImportCounts:
    """Take in a settlement file of *project*. The caller commits.

    A row whose reference is stored already must say the same, of the same project: a payment counts once.

    Raises:
        UnknownName: nobody told the oracle of the project.
        InputMalformed: a row is malformed, or contradicts the stored one. Then nothing is taken.
    """
    known_project = session.get(KnownProject, project)
    if known_project is None:
        raise UnknownName(f"no project {project}")
    reader = csv.DictReader(io.StringIO(text))
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputMalformed(f"the header must be {','.join(COLUMNS)}")
        rows = [
            _row(project, fields, known=known_project, source=source, number=number)
            for number, fields in enumerate(reader, start=2)
        ]
    except csv.Error as error:
        raise InputMalformed(f"line {reader.reader.line_num}: no CSV: {error}") from error
    held = _held(session, [row.reference for row in rows])
    taken: list[SettlementRow] = []
    for number, row in enumerate(rows, start=2):
        same = held.get(row.reference)
        if same is None:
            held[row.reference] = row
            taken.append(row)
        elif _says(same) != _says(row):
            raise InputMalformed(
                f"line {number}: {row.reference} is here already with another amount, date or project"
            )
    session.add_all(taken)
    return ImportCounts(len(taken), len(rows) - len(taken))


def _held(session: Session, references: list[str]) -> dict[str, SettlementRow]:
    held: dict[str, SettlementRow] = {}
    for start in range(0, len(references), _ASK):
        asked = col(SettlementRow.reference).in_(references[start : start + _ASK])
        held.update(
            (row.reference, row) for row in session.exec(select(SettlementRow).where(asked))
        )
    return held


def _says(row: SettlementRow) -> tuple[str, int, int]:
    return row.project, row.amount_minor, row.business_date


def _row(
    project: str, fields: dict[str, str], known: KnownProject, source: str, number: int
) -> SettlementRow:
    try:
        amount = minor_units(fields["amount"], known.decimals)
        business_date = _business_date(fields["business_date"])
    except (InputMalformed, ValueError, TypeError) as failure:
        raise InputMalformed(f"line {number}: {failure}") from failure
    if None in fields or None in fields.values():
        raise InputMalformed(f"line {number}: not {len(COLUMNS)} columns")
    if not fields["reference"]:
        raise InputMalformed(f"line {number}: no reference")
    if fields["currency"] != known.currency:
        raise InputMalformed(
            f"line {number}: {fields['currency']}, and the project is in {known.currency}"
        )
    return SettlementRow(
        project=project,
        reference=fields["reference"],
        method=fields["method"],
        business_date=business_date,
        amount_minor=amount,
        currency=fields["currency"],
        device=fields["device"] or None,
        source=source,
    )
