"""Sales exports: every row is in a sale or set aside, and the sums are the file's own."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from counterfoil.gateway.formats.errors import ColumnsError, FormatError
from counterfoil.gateway.formats.exported_sales import DAY_MS
from counterfoil.gateway.formats.files import read_bytes, text_of
from counterfoil.gateway.formats.sales_csv import parse_sales

HEAD = (
    "Status,Device ID,Location,Machine,Product,Category,Transaction,TransDate,Type,RCoil,RPrice,"
    "RQty,MCoil,MPrice,MQty,LineTotal,TransTotal,Prcd Date\n"
)
ROW = "Processed,M1,L,Name,Cola,Drink,100,1/2/2022,Credit,148,3.5,1,148,3.5,1,3.5,3.5,1/2/2022\n"
COFFEE = "date,datetime,cash_type,card,money,coffee_name\n"


def _vending(shared: Path) -> str:
    return text_of(read_bytes(shared / "vending" / "vending_sales_2022_jan_aug.csv.gz"))


def test_real_vending_file_sums_to_its_own_total_to_the_cent(shared_data: Path) -> None:
    text = _vending(shared_data)
    rows = list(csv.DictReader(io.StringIO(text)))
    by_lines = sum(Decimal(row["LineTotal"]) for row in rows)
    by_transactions = sum(
        {row["Transaction"]: Decimal(row["TransTotal"]) for row in rows}.values(), Decimal(0)
    )
    assert by_lines == by_transactions == Decimal("12620.50")
    sales = parse_sales(text)
    assert sales.gross_minor == sales.file_total_minor == by_lines * 100
    assert (sales.rows, len(sales.sales), len(sales.set_aside)) == (6469, 6132, 0)
    assert sorted(row for sale in sales.sales for row in sale.rows) == list(range(2, 6471))
    assert sales.places["VJ300205292"] == ("BSQ Mall x1364 - Zales", "Brunswick Sq Mall")
    assert sales.places.keys() == sales.gross_by_machine.keys()
    assert sales.gross_by_machine == {
        "VJ300205292": 136225,
        "VJ300320609": 489025,
        "VJ300320611": 117675,
        "VJ300320686": 120150,
        "VJ300320692": 398975,
    }
    assert sales.notices == {
        "price_unmapped": 1,
        "processed_early": 206,
        "processed_late": 742,
        "product_missing": 4,
        "several_lines": 282,
        "unlinked": 1,
    }


def test_real_coffee_file_sums_to_its_own_total_to_the_cent(shared_data: Path) -> None:
    text = text_of(read_bytes(shared_data / "vending" / "coffee_machine.csv.gz"))
    total = sum(Decimal(row["money"]) for row in csv.DictReader(io.StringIO(text)))
    sales = parse_sales(text, machine="K1")
    assert sales.gross_minor == total * 100 == 11543158
    assert sales.gross_by_machine == {"K1": 11543158}
    assert len({sale.reference for sale in sales.sales}) == sales.rows == 3636
    assert sales.notices == {"product_missing": 1, "repeated": 15}


def test_times_of_a_date_follow_the_references_and_stay_inside_the_date(shared_data: Path) -> None:
    by_day: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for sale in parse_sales(_vending(shared_data)).sales:
        day = by_day.setdefault((sale.machine, sale.business_date), [])
        day.append((sale.time_ms, int(sale.reference)))
    for times in by_day.values():
        assert times == sorted(times)
        assert len({time for time, _ in times}) == len(times)
        assert times[0][0] // DAY_MS == times[-1][0] // DAY_MS


def test_lines_of_one_transaction_make_one_sale() -> None:
    text = HEAD + ROW.replace(",3.5,1/2", ",5,1/2")
    text += (
        "Processed,M1,L,Name,Chips,Food,100,1/2/2022,Credit,123,0.75,2,123,0.75,2,1.5,5,1/2/2022\n"
    )
    (sale,) = parse_sales(text).sales
    assert (sale.amount_minor, sale.notices, sale.rows) == (500, ("several_lines",), (2, 3))
    assert [(line.quantity, line.unit_price_minor) for line in sale.lines] == [(1, 350), (2, 75)]
    assert (sale.time_ms, sale.business_date) == (1641124800000, 20220102)
    assert (sale.payment_method, sale.reference) == ("card", "100")


@pytest.mark.parametrize(
    ("old", "new", "reason", "amount"),
    [
        ("Processed", "Failed", "row.status_not_processed", 350),
        (",3.5,3.5,1/2", ",3.5,4,1/2", "row.total_mismatch", 350),
        (",3.5,3.5,1/2", ",3.0,3.0,1/2", "row.line_mismatch", 300),
        (",3.5,3.5,1/2", ",3.505,3.5,1/2", "file.quantity_malformed", None),
        (",3.5,3.5,1/2", ",1e3,3.5,1/2", "file.quantity_malformed", None),
        (",3.5,3.5,1/2", ",-3.5,-3.5,1/2", "row.amount_negative", -350),
        ("1/2/2022,Credit", "2/30/2022,Credit", "file.time_malformed", 350),
        ("M1", " ", "row.unidentified", 350),
        ("Cola", "Cola,extra", "row.malformed", None),
    ],
)
def test_row_that_is_not_certain_is_set_aside(
    old: str, new: str, reason: str, amount: int | None
) -> None:
    good = ROW.replace(",100,", ",99,")
    sales = parse_sales(HEAD + good + ROW.replace(old, new, 1))
    assert [sale.reference for sale in sales.sales] == ["99"]
    (aside,) = sales.set_aside
    assert (aside.reason, aside.amount_minor, aside.rows) == (reason, amount, (3,))
    assert sales.file_total_minor == 350 + (amount or 0)


def test_rows_of_one_transaction_that_contradict_each_other_are_set_aside() -> None:
    sales = parse_sales(HEAD + ROW + ROW.replace("Credit", "Cash"))
    assert not sales.sales
    assert [(a.reason, a.rows, a.amount_minor) for a in sales.set_aside] == [
        ("row.transaction_inconsistent", (2, 3), 700)
    ]


@pytest.mark.parametrize(
    ("old", "new", "notice"),
    [
        ("Processed", "Unlinked", "unlinked"),
        (",148,3.5,1,3.5", ",149,3.5,1,3.5", "coil_differs"),
        (",148,3.5,1,3.5", ",148,3,1,3.5", "price_differs"),
        (",148,3.5,1,3.5", ",148,,1,3.5", "price_unmapped"),
        ("Cola", "", "product_missing"),
        ("3.5,1/2/2022", "3.5,2/1/2022", "processed_late"),
        ("3.5,1/2/2022", "3.5,1/1/2022", "processed_early"),
        ("3.5,1/2/2022", "3.5,", "processing_date_missing"),
    ],
)
def test_odd_row_whose_money_is_certain_is_a_sale_with_a_notice(
    old: str, new: str, notice: str
) -> None:
    sales = parse_sales(HEAD + ROW.replace(old, new, 1))
    assert [sale.notices for sale in sales.sales] == [(notice,)]
    assert sales.gross_minor == 350


def test_coffee_row_of_another_date_is_set_aside() -> None:
    text = COFFEE + "3/1/2024,3/2/2024 10:15,card,A,38.7,Latte\n3/1/2024,x,cash,,1,Latte\n"
    assert [aside.reason for aside in parse_sales(text).set_aside] == [
        "row.date_mismatch",
        "file.time_malformed",
    ]


def test_two_cups_in_one_minute_are_two_sales() -> None:
    row = "3/1/2024,3/1/2024 10:15,card,A,38.7,Latte\n"
    first, second = parse_sales(COFFEE + row + row).sales
    assert (first.reference, second.reference) == ("20240301T1015-1", "20240301T1015-2")
    assert (first.notices, second.notices) == ((), ("repeated",))


def test_text_of_no_known_layout_is_refused() -> None:
    for text in ("", "a,b\n1,2\n", "\x00"):
        with pytest.raises(ColumnsError):
            parse_sales(text)
    with pytest.raises(FormatError):
        parse_sales(HEAD + '"x"y,\n')
