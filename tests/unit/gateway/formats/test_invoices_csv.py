"""Trade invoices: what a row says, and why one is set aside; the shared file's totals."""

from __future__ import annotations

import csv
import gzip
import io
from decimal import Decimal
from pathlib import Path

import pytest

from counterfoil.gateway.formats.errors import ColumnsError
from counterfoil.gateway.formats.invoices_csv import parse_invoices, read_invoices

HEADER = (
    "Description,Vendor_Name,Created,Invoice_Date,Due_Date,Amount,Settled,Outstanding,"
    "Number_of_Days_until_Payment\n"
)
GOOD = "Milk,David,x,29-Feb-12,26-May-12,672.78,600.00,72.78,13\n"


def test_a_row_is_an_invoice_and_its_number_the_rows() -> None:
    file = parse_invoices(HEADER + GOOD + GOOD.replace(",13", ",-1"))
    one, two = file.invoices
    assert (one.row, one.issue_date, one.due_date) == (1, 20120229, 20120526)
    assert (one.amount_minor, one.settled_minor, one.outstanding_minor) == (67_278, 60_000, 7_278)
    assert (one.standing, two.standing, two.notices) == (
        "part_paid",
        "part_paid",
        ("paid_before_its_date",),
    )


def test_a_row_that_says_the_same_again_is_an_invoice_of_its_own() -> None:
    file = parse_invoices(HEADER + GOOD + GOOD)
    assert [i.notices for i in file.invoices] == [(), ("repeated",)]
    assert file.amount_minor == 2 * 67_278


@pytest.mark.parametrize(
    ("row", "reason", "amount"),
    [
        (GOOD.replace("672.78", "672,78"), "row.malformed", None),
        (GOOD.replace("672.78", "x"), "file.quantity_malformed", None),
        (GOOD.replace("672.78", "672.781"), "file.quantity_malformed", None),
        (GOOD.replace("72.78,13", "72.79,13"), "invoice.contradictory", 67_278),
        (GOOD.replace("672.78,600.00,72.78", "-5,-5,0"), "invoice.contradictory", -500),
        (GOOD.replace("600.00,72.78", "700.00,-27.22"), "invoice.contradictory", 67_278),
        (GOOD.replace("29-Feb-12", "29-Feb-13"), "file.time_malformed", 67_278),
        (GOOD.replace("29-Feb-12", "2012-02-29"), "file.time_malformed", 67_278),
        (GOOD.replace("26-May-12", "28-Feb-12"), "invoice.contradictory", 67_278),
    ],
)
def test_what_can_not_be_an_invoice_is_set_aside(row: str, reason: str, amount: int | None) -> None:
    file = parse_invoices(HEADER + GOOD + row)
    assert (file.rows, len(file.invoices)) == (2, 1)
    (aside,) = file.set_aside
    assert (aside.row, aside.reason, aside.amount_minor) == (2, reason, amount)
    assert file.file_total_minor == 67_278 + (amount or 0)


def test_another_table_is_refused() -> None:
    with pytest.raises(ColumnsError):
        parse_invoices("a,b\n1,2\n")


def test_the_shared_files_totals_are_its_own(shared_data: Path) -> None:
    path = shared_data / "receivables/invoices.csv.gz"
    file = read_invoices(path)
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode())))
    assert (file.rows, len(file.invoices), file.set_aside) == (8_753, 8_753, ())
    assert file.amount_minor == int(sum(Decimal(r["Amount"]) for r in rows) * 100)
    assert file.settled_minor == int(sum(Decimal(r["Settled"]) for r in rows) * 100)
    assert file.standings == {"paid": 8_119, "part_paid": 634, "open": 0}
    assert file.notices == {"paid_before_its_date": 9, "repeated": 1}
