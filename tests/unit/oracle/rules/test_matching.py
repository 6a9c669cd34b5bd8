"""Every rule of the matching (``oracle.matching``), each by the smallest case in which only it decides."""

from __future__ import annotations

import pytest

from counterfoil.oracle.rules.matching import (
    CASH,
    Matches,
    SettledPayment,
    SignedSale,
    cash_reference,
    match,
)

MONDAY, TUESDAY = 20220829, 20220830
DEVICE = "urn:dev:os:32473-m1"
COUNT = cash_reference(DEVICE, MONDAY)


def card(log_index: int, amount: int = 200, reference: str | None = "pay-1") -> SignedSale:
    return SignedSale(
        log_index,
        DEVICE,
        business_date=MONDAY,
        amount_minor=amount,
        method="card",
        reference=reference,
    )


def cash(log_index: int, amount: int = 200, device: str = DEVICE, date: int = MONDAY) -> SignedSale:
    return SignedSale(
        log_index, device, business_date=date, amount_minor=amount, method=CASH, reference=None
    )


def paid(
    number: int = 1, amount: int = 200, reference: str = "pay-1", date: int = MONDAY
) -> SettledPayment:
    return SettledPayment(id=number, reference=reference, business_date=date, amount_minor=amount)


def codes(found: Matches) -> list[tuple[str, int | None, int | None]]:
    return [(e.code, e.log_index, e.payment_id) for e in found.exceptions]


def test_a_card_sale_matches_the_payment_with_its_reference_and_amount() -> None:
    found = match([card(7)], [paid()], 0)
    assert (found.sales, found.payments, found.exceptions) == ([7], [1], [])


@pytest.mark.parametrize("settled", [199, 201])
def test_an_amount_that_differs_is_an_exception_and_uses_the_payment(settled: int) -> None:
    found = match([card(7)], [paid(amount=settled)], TUESDAY)
    assert (found.sales, found.payments) == ([], [1])
    assert codes(found) == [("sale.amount_differs", 7, None)]


def test_a_second_sale_under_a_reference_is_an_exception_and_the_first_counts() -> None:
    found = match([card(9), card(7)], [paid()], 0)
    assert (found.sales, found.payments) == ([7], [1])
    assert codes(found) == [("sale.reference_used_twice", 9, None)]
    assert "record 7" in found.exceptions[0].detail


def test_a_second_sale_is_one_too_when_the_first_matched_earlier() -> None:
    assert codes(match(sales=[card(9)], payments=[], closed_through=0, used_before={"pay-1"})) == [
        ("sale.reference_used_twice", 9, None)
    ]
    assert codes(match(sales=[card(9)], payments=[], closed_through=0, used_before={"pay-2"})) == []


def test_a_card_sale_without_a_reference_is_an_exception_at_once() -> None:
    assert codes(match([card(7, reference=None)], [], 0)) == [("sale.reference_missing", 7, None)]


def test_a_sale_waits_for_its_payment_until_its_date_is_closed() -> None:
    waiting = match([card(7)], [], MONDAY - 1)
    assert (waiting.sales, waiting.payments, waiting.exceptions) == ([], [], [])
    assert codes(match([card(7)], [], MONDAY)) == [("sale.payment_missing", 7, None)]


def test_a_payment_waits_for_its_sale_until_its_date_is_closed() -> None:
    assert codes(match([], [paid()], MONDAY - 1)) == []
    assert codes(match([], [paid()], MONDAY)) == [("payment.without_sale", None, 1)]


def test_a_late_sale_matches_a_payment_of_a_date_that_is_closed() -> None:
    found = match([card(7)], [paid()], TUESDAY)
    assert (found.sales, found.exceptions) == ([7], [])


def test_cash_matches_by_machine_and_day_together() -> None:
    other = "urn:dev:os:32473-m2"
    sales = [cash(1, 150), cash(2, 250), cash(3, 100, other), cash(4, 500, date=TUESDAY)]
    counts = [paid(1, 400, COUNT), paid(2, 100, cash_reference(other, MONDAY))]
    found = match(sales, counts, MONDAY)
    assert sorted(found.sales) == [1, 2, 3]
    assert sorted(found.payments) == [1, 2]
    assert found.exceptions == []


def test_more_cash_signed_than_counted_is_an_exception_of_every_sale() -> None:
    found = match([cash(1, 150), cash(2, 250)], [paid(1, 399, COUNT)], 0)
    assert codes(found) == [("sale.cash_differs", 1, None), ("sale.cash_differs", 2, None)]
    assert found.payments == [1]


def test_less_cash_signed_than_counted_waits_for_the_days_other_sales() -> None:
    count = paid(1, 400, COUNT)
    waiting = match([cash(1, 150)], [count], MONDAY - 1)
    assert (waiting.sales, waiting.payments, waiting.exceptions) == ([], [], [])
    assert match([cash(1, 150), cash(2, 250)], [count], MONDAY - 1).sales == [1, 2]
    assert codes(match([cash(1, 150)], [count], MONDAY)) == [("sale.cash_differs", 1, None)]


def test_cash_that_nobody_counted_is_an_exception_once_the_date_is_closed() -> None:
    assert codes(match([cash(1)], [], MONDAY - 1)) == []
    assert codes(match([cash(1)], [], MONDAY)) == [("sale.cash_not_counted", 1, None)]


def test_cash_sold_after_the_days_count_has_matched_is_an_exception() -> None:
    assert codes(match(sales=[cash(1)], payments=[], closed_through=0, used_before={COUNT})) == [
        ("sale.cash_differs", 1, None)
    ]


def test_a_card_sale_can_not_take_a_days_count() -> None:
    found = match([card(1, 400, COUNT), cash(2, 400)], [paid(1, 400, COUNT)], MONDAY)
    assert found.sales == [2]
    assert codes(found) == [("sale.payment_missing", 1, None)]


def test_a_refund_matches_by_itself_and_takes_no_payment() -> None:
    refund = SignedSale(
        log_index=3,
        device=DEVICE,
        business_date=MONDAY,
        amount_minor=200,
        method="refund",
        reference="pay-1",
        is_refund=True,
    )
    found = match([refund, card(7)], [paid()], 0)
    assert (found.sales, found.payments, found.exceptions) == ([3, 7], [1], [])
