"""A ledger of trade invoices as accounting software exports it: amounts billed, paid and outstanding.

Rules kept here:

* A row is an invoice, or is set aside with its reason: it is unreadable, its amount is not
  positive, a part of it is negative, ``Settled`` and ``Outstanding`` don't add up to ``Amount``, or
  it is due before its date. ``file_total_minor`` is what the readable rows' amounts sum to.
* Dates are DD-Mon-YY of this century, in English whatever the machine's language. Amounts have at
  most two decimals.
* The file has no invoice numbers: an invoice is named by its row, from 1 after the header. A row
  equal to an earlier one is an invoice of its own, with the notice ``repeated``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FormatError, TimeError
from counterfoil.gateway.formats.files import read_bytes, table_rows, text_of
from counterfoil.gateway.formats.quantity import minor_units
from counterfoil.gateway.formats.row_faults import ROW_MALFORMED

COLUMNS = frozenset(
    {"Description", "Vendor_Name", "Created", "Invoice_Date", "Due_Date", "Amount", "Settled"}
    | {"Outstanding", "Number_of_Days_until_Payment"}
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"(\d\d)-([A-Z][a-z]{2})-(\d\d)", re.ASCII)
_DAYS = re.compile(r"-?\d{1,6}", re.ASCII)


class InvoiceError(FormatError):
    """A row whose figures contradict each other."""

    code = Code("invoice.contradictory")
    to_do = "Correct the row where it comes from, and import the file again."


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice; amounts in minor units, dates YYYYMMDD, ``days`` from its date to the payment."""

    row: int
    vendor: str
    description: str
    issue_date: int
    due_date: int
    amount_minor: int
    settled_minor: int
    days: int | None
    notices: tuple[str, ...] = ()

    @property
    def outstanding_minor(self) -> int:
        return self.amount_minor - self.settled_minor

    @property
    def standing(self) -> str:
        """``paid``, ``part_paid`` or ``open``."""
        if self.settled_minor == self.amount_minor:
            return "paid"
        return "part_paid" if self.settled_minor else "open"


@dataclass(frozen=True, slots=True)
class SetAsideInvoice:
    """A row that is no invoice, its reason, and the amount that it states (None when unreadable)."""

    row: int
    reason: str
    detail: str
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class InvoiceFile:
    """A whole export in the order of its rows."""

    rows: int
    invoices: tuple[Invoice, ...]
    set_aside: tuple[SetAsideInvoice, ...] = field(default=())

    @property
    def amount_minor(self) -> int:
        return sum(invoice.amount_minor for invoice in self.invoices)

    @property
    def settled_minor(self) -> int:
        return sum(invoice.settled_minor for invoice in self.invoices)

    @property
    def file_total_minor(self) -> int:
        """Return the sum of every readable row's amount, set aside or not."""
        return self.amount_minor + sum(item.amount_minor or 0 for item in self.set_aside)

    @property
    def standings(self) -> dict[str, int]:
        """Return how many are paid, part-paid and open."""
        counted = Counter(invoice.standing for invoice in self.invoices)
        return {name: counted[name] for name in ("paid", "part_paid", "open")}

    @property
    def reasons(self) -> dict[str, int]:
        """Return how many rows were set aside, by reason."""
        return dict(sorted(Counter(item.reason for item in self.set_aside).items()))

    @property
    def notices(self) -> dict[str, int]:
        """Return how many invoices have each notice: odd, but certain."""
        told = (notice for invoice in self.invoices for notice in invoice.notices)
        return dict(sorted(Counter(told).items()))


def read_invoices(path: Path) -> InvoiceFile:
    """Return the invoices in the file at *path*, gzip or not; or FormatError."""
    return parse_invoices(text_of(read_bytes(path)))


def parse_invoices(text: str) -> InvoiceFile:
    """Return the invoices in *text*; or ColumnsError."""
    invoices: list[Invoice] = []
    aside: list[SetAsideInvoice] = []
    seen: set[tuple[str, ...]] = set()
    rows = 0
    for rows, (_, cells) in enumerate(table_rows(text, COLUMNS), start=1):
        if cells is None:
            aside.append(
                SetAsideInvoice(
                    row=rows,
                    reason=ROW_MALFORMED,
                    detail="not as many cells as columns",
                    amount_minor=None,
                )
            )
            continue
        said = tuple(cells.values())
        try:
            invoices.append(_invoice(rows, cells, said in seen))
        except FormatError as wrong:
            aside.append(
                SetAsideInvoice(
                    row=rows, reason=wrong.code, detail=str(wrong), amount_minor=_amount(cells)
                )
            )
        seen.add(said)
    return InvoiceFile(rows, tuple(invoices), tuple(aside))


def _invoice(row: int, cells: dict[str, str], is_repeated: bool) -> Invoice:
    amount, settled, outstanding = (
        minor_units(cells[name]) for name in ("Amount", "Settled", "Outstanding")
    )
    issued, due = _date(cells["Invoice_Date"]), _date(cells["Due_Date"])
    if amount <= 0:
        raise InvoiceError(f"an amount of {cells['Amount']}")
    if settled < 0 or outstanding < 0:
        raise InvoiceError("a negative part")
    if settled + outstanding != amount:
        raise InvoiceError(f"{cells['Settled']} and {cells['Outstanding']} are not the amount")
    if due < issued:
        raise InvoiceError("due before its date")
    told = cells["Number_of_Days_until_Payment"].strip()
    days = int(told) if _DAYS.fullmatch(told) else None
    notices = ["repeated"] if is_repeated else []
    if days is None:
        notices.append("days_unreadable")
    elif days < 0:
        notices.append("paid_before_its_date")
    vendor, description = cells["Vendor_Name"].strip(), cells["Description"].strip()
    return Invoice(
        row,
        vendor,
        description,
        issue_date=issued,
        due_date=due,
        amount_minor=amount,
        settled_minor=settled,
        days=days,
        notices=tuple(notices),
    )


def _amount(cells: dict[str, str]) -> int | None:
    try:
        return minor_units(cells["Amount"])
    except FormatError:
        return None


def _date(text: str) -> int:
    found = _DATE.fullmatch(text.strip())
    if found is None or found[2] not in _MONTHS:
        raise TimeError(f"{text[:20]!r} is no date DD-Mon-YY")
    year, month, day = 2000 + int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1])
    try:
        date(year, month, day)
    except ValueError as wrong:
        raise TimeError(f"{text[:20]!r} is no day of the calendar") from wrong
    return year * 10_000 + month * 100 + day
