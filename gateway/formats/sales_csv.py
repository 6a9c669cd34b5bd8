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

from pathlib import Path

from counterfoil.gateway.formats.coffee_sales import COFFEE_COLUMNS, parse_coffee
from counterfoil.gateway.formats.errors import ColumnsError
from counterfoil.gateway.formats.exported_sales import SalesFile
from counterfoil.gateway.formats.files import header_of, read_bytes, text_of
from counterfoil.gateway.formats.vending_sales import VENDING_COLUMNS, parse_vending


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
        return parse_vending(text, minor_digits)
    if header >= COFFEE_COLUMNS:
        return parse_coffee(text, machine, minor_digits)
    raise ColumnsError("the first line names the columns of no known sales export")
