"""Whatever a table holds, no row and no minor unit of it is lost; whatever a pack holds, nothing raises."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.gateway.formats.exported_sales import DAY_MS
from counterfoil.gateway.formats.inspection.file_findings import inspect_content
from counterfoil.gateway.formats.meter_csv import parse_meter
from counterfoil.gateway.formats.sales_csv import parse_sales

HEAD = (
    "Status,Device ID,Machine,Product,Category,Transaction,TransDate,Type,RCoil,RPrice,RQty,MCoil,"
    "MPrice,LineTotal,TransTotal,Prcd Date\n"
)
CELLS = st.sampled_from(
    ["1.5", "3", "0", "-1", "1.005", "", "x", "1/2/2022", "13/2/2022", "Processed", "Failed", "7"]
)


@st.composite
def vending_rows(draw: st.DrawFn) -> list[str]:
    rows = []
    for _ in range(draw(st.integers(1, 12))):
        price, quantity = draw(st.sampled_from(["1.5", "2", "0.25"])), draw(st.integers(1, 3))
        total = Decimal(price) * quantity
        row = f"Processed,M{draw(st.integers(1, 2))},N,P,C,{draw(st.integers(1, 6))},1/2/2022,Cash"
        cells = [*row.split(","), "9", price, str(quantity), "9", price, str(total), str(total)]
        cells.append("1/2/2022")
        for _ in range(draw(st.integers(0, 2))):
            cells[draw(st.integers(0, len(cells) - 1))] = draw(CELLS)
        rows.append(",".join(cells))
    return rows


@given(vending_rows())
def test_every_row_is_in_one_sale_or_set_aside(rows: list[str]) -> None:
    sales = parse_sales(HEAD + "\n".join(rows) + "\n")
    placed = [row for sale in sales.sales for row in sale.rows]
    placed += [row for item in sales.set_aside for row in item.rows]
    assert sorted(placed) == list(range(2, len(rows) + 2))
    aside = sum(item.amount_minor or 0 for item in sales.set_aside)
    assert sales.file_total_minor == sum(sales.gross_by_machine.values()) + aside
    for sale in sales.sales:
        assert sale.amount_minor == sum(line.amount_minor for line in sale.lines)
        day = datetime.fromtimestamp(sale.time_ms // 1000, UTC)
        assert day.year * 10_000 + day.month * 100 + day.day == sale.business_date
        assert 0 <= sale.time_ms % DAY_MS < DAY_MS


@given(vending_rows(), st.randoms())
def test_order_of_rows_does_not_matter(rows: list[str], rng: object) -> None:
    shuffled = list(rows)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    first = parse_sales(HEAD + "\n".join(rows) + "\n")
    second = parse_sales(HEAD + "\n".join(shuffled) + "\n")
    assert first.gross_by_machine == second.gross_by_machine
    assert [(s.machine, s.reference, s.time_ms) for s in first.sales] == [
        (s.machine, s.reference, s.time_ms) for s in second.sales
    ]


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 9999)), min_size=1, max_size=40))
def test_energy_of_the_intervals_is_that_of_the_rows(rows: list[tuple[int, int]]) -> None:
    text = "ts,asset,items,status,power_avg\n"
    for minute, power in rows:
        stamp = datetime.fromtimestamp(1_662_000_000 + 60 * minute, UTC).isoformat(sep=" ")
        text += f"{stamp},0,1.0,2.0,{Decimal(power).scaleb(-3)}\n"
    meter = parse_meter(text)
    first = dict(reversed(rows))
    assert meter.energy_wh == sum(first.values()) * 1000 // 12_000
    assert len(meter.intervals) + len(meter.set_aside) == len(rows)
    for one, following in zip(meter.intervals, meter.intervals[1:], strict=False):
        assert one.start_ms < one.end_ms <= following.start_ms
        assert following.register_wh == one.register_wh + following.energy_wh


@settings(max_examples=300)
@given(
    st.sampled_from([b"", b"\xd2\x84\x58", b"[{", b"\x81\xa1", b"OCMF|{", b"DXS*\nST*", b"<a>"]),
    st.binary(max_size=200),
)
def test_no_content_makes_inspection_raise(head: bytes, tail: bytes) -> None:
    assert inspect_content(head + tail, datetime(2026, 1, 1, tzinfo=UTC))
