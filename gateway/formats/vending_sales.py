"""The ``vending`` layout of sales exports; ``sales_csv`` has its rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from counterfoil.gateway.formats.errors import FormatError
from counterfoil.gateway.formats.exported_sales import (
    DAY_MS,
    ExportedLine,
    ExportedSale,
    SaleRefused,
    SalesFile,
    SetAsideSale,
    business_date_of,
    midnight_ms,
    payment_method,
    reason_of,
    stated_amount,
    us_date,
)
from counterfoil.gateway.formats.files import table_rows
from counterfoil.gateway.formats.quantity import count, minor_units
from counterfoil.gateway.formats.row_faults import (
    AMOUNT_NEGATIVE,
    LINE_MISMATCH,
    ROW_MALFORMED,
    ROW_UNIDENTIFIED,
    STATUS_NOT_PROCESSED,
    TOTAL_MISMATCH,
    TRANSACTION_INCONSISTENT,
)

VENDING_COLUMNS = frozenset(
    {"Status", "Device ID", "Machine", "Product", "Transaction", "TransDate", "Type", "RCoil"}
    | {"RPrice", "RQty", "MCoil", "MPrice", "LineTotal", "TransTotal", "Prcd Date"}
)


_UNLINKED = "unlinked"


@dataclass(slots=True)
class _Transaction:
    rows: list[int] = field(default_factory=list)
    cells: list[Mapping[str, str]] = field(default_factory=list)


def parse_vending(text: str, digits: int) -> SalesFile:
    """Return the sales in *text*; amounts have *digits* decimals."""
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
                    reason=ROW_MALFORMED,
                    detail="another number of cells",
                    amount_minor=None,
                )
            )
        elif not row["Device ID"].strip() or not row["Transaction"].strip():
            detail = "no device or no transaction number"
            aside.append(
                SetAsideSale(
                    rows=(number,),
                    reason=ROW_UNIDENTIFIED,
                    detail=detail,
                    amount_minor=stated_amount([row], digits),
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
            amount = stated_amount(entry.cells, digits)
            aside.append(
                SetAsideSale(
                    rows=tuple(entry.rows),
                    reason=reason_of(error),
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


def _vending_sale(serial: str, reference: str, entry: _Transaction, digits: int) -> ExportedSale:
    first = entry.cells[0]
    for name in ("Status", "TransDate", "Type", "TransTotal"):
        if any(row[name] != first[name] for row in entry.cells):
            raise SaleRefused(TRANSACTION_INCONSISTENT, f"its rows differ in {name}")
    notices: set[str] = set()
    status = first["Status"].strip().lower()
    if status == _UNLINKED:
        notices.add(_UNLINKED)
    elif status != "processed":
        raise SaleRefused(STATUS_NOT_PROCESSED, f"status {first['Status'][:40]!r}")
    lines = tuple(_vending_line(row, notices, digits) for row in entry.cells)
    total = minor_units(first["TransTotal"], digits)
    amount = sum(line.amount_minor for line in lines)
    if amount != total:
        raise SaleRefused(TOTAL_MISMATCH, f"lines sum to {amount}, TransTotal is {total}")
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
        time_ms=midnight_ms(day),
        business_date=business_date_of(day),
        payment_method=payment_method(first["Type"]),
        amount_minor=amount,
        lines=lines,
        rows=tuple(entry.rows),
        notices=tuple(sorted(notices)),
    )


def _vending_line(row: Mapping[str, str], notices: set[str], digits: int) -> ExportedLine:
    quantity, price = count(row["RQty"]), minor_units(row["RPrice"], digits)
    amount = minor_units(row["LineTotal"], digits)
    if amount < 0:
        raise SaleRefused(AMOUNT_NEGATIVE, f"LineTotal {row['LineTotal']}")
    if quantity * price != amount:
        raise SaleRefused(LINE_MISMATCH, f"{quantity} × {price} is not {amount}")
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
