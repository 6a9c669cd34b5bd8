"""What an export of sales becomes: its sales, and the rows that are set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from counterfoil.fault import Code
from counterfoil.gateway.formats.errors import FormatError, TimeError
from counterfoil.gateway.formats.quantity import minor_units

DAY_MS = 86_400_000


_METHODS = {"credit": "card", "debit": "card", "card": "card", "cash": "cash"}


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


class SaleRefused(FormatError):
    """A row is no sale; ``reason`` is the word for it."""

    def __init__(self, reason: Code, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def reason_of(error: FormatError) -> str:
    """Return the reason, a word, for which *error* sets a row aside."""
    return error.reason if isinstance(error, SaleRefused) else error.code


def midnight_ms(day: date) -> int:
    """Return the UTC midnight that begins *day*, in ms since 1970."""
    return (day - date(1970, 1, 1)).days * DAY_MS


def business_date_of(day: date) -> int:
    """Return *day* as YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def payment_method(text: str) -> str:
    """Return the payment method that *text* names: ``card``, ``cash`` or another word."""
    name = text.strip().lower()
    return _METHODS.get(name, name or "unknown")


def amount_or_none(text: str, digits: int) -> int | None:
    """Return the amount in *text* in minor units, None when it is unreadable."""
    try:
        return minor_units(text, digits)
    except FormatError:
        return None


def stated_amount(rows: list[Mapping[str, str]] | list[dict[str, str]], digits: int) -> int | None:
    """Return the sum of the readable line totals of *rows*, None when there is none."""
    amounts = [
        amount for row in rows if (amount := amount_or_none(row["LineTotal"], digits)) is not None
    ]
    return sum(amounts) if amounts else None


def us_date(text: str) -> date:
    """Return the date in *text*, written M/D/YYYY; or TimeError."""
    try:
        return datetime.strptime(text.strip(), "%m/%d/%Y").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise TimeError(f"{text[:40]!r} is not a date M/D/YYYY") from error
