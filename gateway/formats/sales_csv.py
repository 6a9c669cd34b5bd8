"""A machine's sales, exported from its payment terminal's portal in two known layouts.

Rules kept here:

* ``vending``: one row a line of a transaction. Lines are joined by (Device ID, Transaction); the
  amount of a line is LineTotal (what was charged: RPrice × RQty). The lines of a transaction must
  add up to its TransTotal, which each of its rows repeats. The file's own total is the sum of
  LineTotal, which equals the sum of TransTotal, counted once for each transaction.
* ``coffee``: one row a sale, to the minute; ``money`` is the amount. The file names no machine.
* The files state no time zone: dates and times are taken as UTC. A vending row has a date only;
  the k-th of a machine's n transactions on a date, by ascending reference and k from 0, is set
  at (2k + 1) × 12 h / n after that date's midnight, so a replay always has the same times.
* A row is in a sale, or is set aside with its reason. ``file_total_minor`` is the sum of the
  rows: the sales' amounts plus the amounts set aside, to the minor unit.
* What is odd while the money is certain is a notice on the sale: see ``docs/formats``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from counterfoil.gateway.formats.errors import ColumnsError, FormatError, TimeError
from counterfoil.gateway.formats.files import header_of, read_bytes, table_rows, text_of
from counterfoil.gateway.formats.quantity import count, minor_units

VENDING_COLUMNS = frozenset(
    {"Status", "Device ID", "Machine", "Product", "Transaction", "TransDate", "Type", "RCoil"}
    | {"RPrice", "RQty", "MCoil", "MPrice", "LineTotal", "TransTotal", "Prcd Date"}
)
COFFEE_COLUMNS = frozenset(("date", "datetime", "cash_type", "money", "coffee_name"))
DAY_MS = 86_400_000
_METHODS = {"credit": "card", "debit": "card", "card": "card", "cash": "cash"}
_UNLINKED = "unlinked"

Layout = Literal["vending", "coffee"]


@dataclass(frozen=True, slots=True)
class ExportedLine:
    """One line of a sale. ``slot`` is the coil; ``product`` is empty where the file has none."""

    product: str
    category: str
    slot: str | None
    quantity: int
    unit_price_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ExportedSale:
    """One transaction. ``time_ms`` is UTC; ``business_date`` is yyyymmdd; ``rows`` are lines of
    the file, from 1; ``machine`` is the terminal's serial and ``reference`` its transaction."""

    machine: str
    reference: str
    time_ms: int
    business_date: int
    payment_method: str
    amount_minor: int
    lines: tuple[ExportedLine, ...]
    rows: tuple[int, ...]
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetAsideSale:
    """Rows that are in no sale, their reason, and the amount they state (None when unreadable)."""

    rows: tuple[int, ...]
    reason: str
    detail: str
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class SalesFile:
    """A whole export: sales in order of (time, machine, reference), and what was set aside.

    ``places`` are the machines' names and locations by their serials, from the last row of each.
    """

    layout: Layout
    rows: int
    sales: tuple[ExportedSale, ...]
    set_aside: tuple[SetAsideSale, ...]
    places: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def gross_minor(self) -> int:
        """Return the sum of the sales."""
        return sum(sale.amount_minor for sale in self.sales)

    @property
    def file_total_minor(self) -> int:
        """Return the file's own total: every readable row's amount, set aside or not."""
        return self.gross_minor + sum(item.amount_minor or 0 for item in self.set_aside)

    @property
    def gross_by_machine(self) -> dict[str, int]:
        """Return the sum of the sales of each machine, by its serial."""
        totals: Counter[str] = Counter()
        for sale in self.sales:
            totals[sale.machine] += sale.amount_minor
        return dict(sorted(totals.items()))

    @property
    def notices(self) -> dict[str, int]:
        """Return how many sales have each notice."""
        return dict(sorted(Counter(n for sale in self.sales for n in sale.notices).items()))


def read_sales(path: Path, machine: str = "coffee-machine", minor_digits: int = 2) -> SalesFile:
    """Return the sales in the file at *path*, gzip or not; errors as of ``parse_sales``."""
    return parse_sales(text_of(read_bytes(path)), machine, minor_digits)


def parse_sales(text: str, machine: str = "coffee-machine", minor_digits: int = 2) -> SalesFile:
    """Return the sales in *text*, whichever layout its first line names.

    *machine* names the machine of a layout that names none. Raises ColumnsError when the first
    line is of neither layout, FormatError when the text is not CSV.
    """
    header = header_of(text)
    if header >= VENDING_COLUMNS:
        return _parse_vending(text, minor_digits)
    if header >= COFFEE_COLUMNS:
        return _parse_coffee(text, machine, minor_digits)
    raise ColumnsError("the first line names the columns of no known sales export")


@dataclass(slots=True)
class _Transaction:
    rows: list[int] = field(default_factory=list)
    cells: list[Mapping[str, str]] = field(default_factory=list)


def _parse_vending(text: str, digits: int) -> SalesFile:
    transactions: defaultdict[tuple[str, str], _Transaction] = defaultdict(_Transaction)
    aside: list[SetAsideSale] = []
    places: dict[str, tuple[str, str]] = {}
    rows = 0
    for number, row in table_rows(text, VENDING_COLUMNS):
        rows += 1
        if row is None:
            aside.append(
                SetAsideSale(
                    rows=(number,),
                    reason="row_malformed",
                    detail="another number of cells",
                    amount_minor=None,
                )
            )
        elif not row["Device ID"].strip() or not row["Transaction"].strip():
            detail = "no device or no transaction number"
            aside.append(
                SetAsideSale(
                    rows=(number,),
                    reason="row_unidentified",
                    detail=detail,
                    amount_minor=_stated([row], digits),
                )
            )
        else:
            entry = transactions[row["Device ID"].strip(), row["Transaction"].strip()]
            entry.rows.append(number)
            entry.cells.append(row)
            serial = row["Device ID"].strip()
            places[serial] = (row["Machine"].strip(), row.get("Location", "").strip())
    sales: list[ExportedSale] = []
    for (serial, reference), entry in transactions.items():
        try:
            sales.append(_vending_sale(serial, reference, entry, digits))
        except FormatError as error:
            amount = _stated(entry.cells, digits)
            aside.append(
                SetAsideSale(
                    rows=tuple(entry.rows),
                    reason=_reason(error),
                    detail=error.detail,
                    amount_minor=amount,
                )
            )
    return SalesFile(
        layout="vending",
        rows=rows,
        sales=tuple(_timed(sales)),
        set_aside=tuple(aside),
        places=places,
    )


class _RefusedTransaction(FormatError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def _reason(error: FormatError) -> str:
    return error.reason if isinstance(error, _RefusedTransaction) else error.code


def _vending_sale(serial: str, reference: str, entry: _Transaction, digits: int) -> ExportedSale:
    first = entry.cells[0]
    for name in ("Status", "TransDate", "Type", "TransTotal"):
        if any(row[name] != first[name] for row in entry.cells):
            raise _RefusedTransaction("transaction_inconsistent", f"its rows differ in {name}")
    notices: set[str] = set()
    status = first["Status"].strip().lower()
    if status == _UNLINKED:
        notices.add(_UNLINKED)
    elif status != "processed":
        raise _RefusedTransaction("status_not_processed", f"status {first['Status'][:40]!r}")
    lines = tuple(_vending_line(row, notices, digits) for row in entry.cells)
    total = minor_units(first["TransTotal"], digits)
    amount = sum(line.amount_minor for line in lines)
    if amount != total:
        raise _RefusedTransaction("total_mismatch", f"lines sum to {amount}, TransTotal is {total}")
    day, processed = us_date(first["TransDate"]), first["Prcd Date"]
    if not processed.strip():
        notices.add("processing_date_missing")
    elif us_date(processed) != day:
        notices.add("processed_late" if us_date(processed) > day else "processed_early")
    if len(lines) > 1:
        notices.add("several_lines")
    return ExportedSale(
        machine=serial,
        reference=reference,
        time_ms=_midnight_ms(day),
        business_date=_business_date(day),
        payment_method=_method(first["Type"]),
        amount_minor=amount,
        lines=lines,
        rows=tuple(entry.rows),
        notices=tuple(sorted(notices)),
    )


def _vending_line(row: Mapping[str, str], notices: set[str], digits: int) -> ExportedLine:
    quantity, price = count(row["RQty"]), minor_units(row["RPrice"], digits)
    amount = minor_units(row["LineTotal"], digits)
    if amount < 0:
        raise _RefusedTransaction("amount_negative", f"LineTotal {row['LineTotal']}")
    if quantity * price != amount:
        raise _RefusedTransaction("line_mismatch", f"{quantity} × {price} is not {amount}")
    if not row["MPrice"].strip():
        notices.add("price_unmapped")
    elif minor_units(row["MPrice"], digits) != price:
        notices.add("price_differs")
    if row["MCoil"] != row["RCoil"]:
        notices.add("coil_differs")
    if not row["Product"].strip():
        notices.add("product_missing")
    product, category = row["Product"].strip(), row.get("Category", "").strip()
    return ExportedLine(
        product,
        category,
        slot=row["RCoil"].strip() or None,
        quantity=quantity,
        unit_price_minor=price,
        amount_minor=amount,
    )


def _timed(sales: list[ExportedSale]) -> list[ExportedSale]:
    by_day: defaultdict[tuple[str, int], list[ExportedSale]] = defaultdict(list)
    for sale in sales:
        by_day[sale.machine, sale.business_date].append(sale)
    timed = []
    for day in by_day.values():
        day.sort(key=lambda sale: (len(sale.reference), sale.reference))
        timed += [
            replace(sale, time_ms=sale.time_ms + (2 * k + 1) * DAY_MS // (2 * len(day)))
            for k, sale in enumerate(day)
        ]
    return sorted(timed, key=lambda sale: (sale.time_ms, sale.machine, sale.reference))


def _parse_coffee(text: str, machine: str, digits: int) -> SalesFile:
    sales: list[ExportedSale] = []
    aside: list[SetAsideSale] = []
    seen: Counter[tuple[str, ...]] = Counter()
    in_minute: Counter[str] = Counter()
    rows = 0
    for number, row in table_rows(text, COFFEE_COLUMNS):
        rows += 1
        if row is None:
            aside.append(
                SetAsideSale(
                    rows=(number,),
                    reason="row_malformed",
                    detail="another number of cells",
                    amount_minor=None,
                )
            )
            continue
        try:
            sale = _coffee_sale(number, row, machine, digits, in_minute)
        except FormatError as error:
            aside.append(
                SetAsideSale(
                    rows=(number,),
                    reason=_reason(error),
                    detail=error.detail,
                    amount_minor=_amount(row["money"], digits),
                )
            )
            continue
        key = tuple(row.values())
        seen[key] += 1
        repeated = ("repeated",) if seen[key] > 1 else ()
        sales.append(replace(sale, notices=tuple(sorted((*sale.notices, *repeated)))))
    sales.sort(key=lambda sale: sale.time_ms)
    return SalesFile(layout="coffee", rows=rows, sales=tuple(sales), set_aside=tuple(aside))


def _coffee_sale(
    number: int, row: Mapping[str, str], machine: str, digits: int, in_minute: Counter[str]
) -> ExportedSale:
    moment = _moment(row["datetime"])
    if us_date(row["date"]) != moment.date():
        raise _RefusedTransaction("date_mismatch", f"{row['date']} is not {row['datetime']}")
    amount = minor_units(row["money"], digits)
    if amount < 0:
        raise _RefusedTransaction("amount_negative", f"money {row['money']}")
    minute = moment.strftime("%Y%m%dT%H%M")
    in_minute[minute] += 1
    name = row["coffee_name"].strip()
    notices = () if name else ("product_missing",)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ExportedSale(
        machine,
        reference=f"{minute}-{in_minute[minute]}",
        time_ms=(delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000,
        business_date=_business_date(moment.date()),
        payment_method=_method(row["cash_type"]),
        amount_minor=amount,
        lines=(
            ExportedLine(
                product=name,
                category="",
                slot=None,
                quantity=1,
                unit_price_minor=amount,
                amount_minor=amount,
            ),
        ),
        rows=(number,),
        notices=notices,
    )


def us_date(text: str) -> date:
    """Return the date in *text*, written M/D/YYYY; or TimeError."""
    try:
        return datetime.strptime(text.strip(), "%m/%d/%Y").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise TimeError(f"{text[:40]!r} is not a date M/D/YYYY") from error


def _moment(text: str) -> datetime:
    for form in ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise TimeError(f"{text[:40]!r} is not M/D/YYYY H:MM")


def _midnight_ms(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS


def _business_date(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def _method(text: str) -> str:
    name = text.strip().lower()
    return _METHODS.get(name, name or "unknown")


def _amount(text: str, digits: int) -> int | None:
    try:
        return minor_units(text, digits)
    except FormatError:
        return None


def _stated(rows: list[Mapping[str, str]] | list[dict[str, str]], digits: int) -> int | None:
    amounts = [amount for row in rows if (amount := _amount(row["LineTotal"], digits)) is not None]
    return sum(amounts) if amounts else None
