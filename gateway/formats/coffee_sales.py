"""The ``coffee`` layout of sales exports; ``sales_csv`` has its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from counterfoil.gateway.formats.errors import FormatError, TimeError
from counterfoil.gateway.formats.exported_sales import (
    ExportedLine,
    ExportedSale,
    SaleRefused,
    SalesFile,
    SetAsideSale,
    amount_or_none,
    business_date_of,
    payment_method,
    reason_of,
    us_date,
)
from counterfoil.gateway.formats.files import table_rows
from counterfoil.gateway.formats.quantity import minor_units
from counterfoil.gateway.formats.row_faults import AMOUNT_NEGATIVE, DATE_MISMATCH, ROW_MALFORMED

COFFEE_COLUMNS = frozenset(("date", "datetime", "cash_type", "money", "coffee_name"))


def parse_coffee(text: str, machine: str, digits: int) -> SalesFile:
    """Return the sales in *text*, all of *machine*; amounts have *digits* decimals."""
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
                    reason=ROW_MALFORMED,
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
                    reason=reason_of(error),
                    detail=error.detail,
                    amount_minor=amount_or_none(row["money"], digits),
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
        raise SaleRefused(DATE_MISMATCH, f"{row['date']} is not {row['datetime']}")
    amount = minor_units(row["money"], digits)
    if amount < 0:
        raise SaleRefused(AMOUNT_NEGATIVE, f"money {row['money']}")
    minute = moment.strftime("%Y%m%dT%H%M")
    in_minute[minute] += 1
    name = row["coffee_name"].strip()
    notices = () if name else ("product_missing",)
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ExportedSale(
        machine,
        reference=f"{minute}-{in_minute[minute]}",
        time_ms=(delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000,
        business_date=business_date_of(moment.date()),
        payment_method=payment_method(row["cash_type"]),
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


def _moment(text: str) -> datetime:
    for form in ("%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"):
        try:
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise TimeError(f"{text[:40]!r} is not M/D/YYYY H:MM")
