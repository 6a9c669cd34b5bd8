"""Whatever comes in whatever order: each sale and each payment is decided once, and one payment pays for one thing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.oracle.rules.matching import (
    CASH,
    SettledPayment,
    SignedSale,
    cash_reference,
    match,
)

DAYS = (20220829, 20220830, 20220831)
DEVICES = ("urn:dev:os:32473-m1", "urn:dev:os:32473-m2")
REFERENCES = ("pay-1", "pay-2", "pay-3", cash_reference(DEVICES[0], DAYS[0]))
AMOUNTS = st.sampled_from((100, 150, 250))

sales_seen = st.builds(
    SignedSale,
    log_index=st.just(0),
    device=st.sampled_from(DEVICES),
    business_date=st.sampled_from(DAYS),
    amount_minor=AMOUNTS,
    method=st.sampled_from((CASH, "card")),
    reference=st.sampled_from((None, *REFERENCES)),
    is_refund=st.sampled_from((False, False, False, True)),
)
all_references = (*REFERENCES, *(cash_reference(d, day) for d in DEVICES for day in DAYS))
payments_seen = st.lists(
    st.builds(
        SettledPayment,
        id=st.integers(1, 1_000),
        reference=st.sampled_from(all_references),
        business_date=st.sampled_from(DAYS),
        amount_minor=st.sampled_from((100, 150, 200, 250, 400)),
    ),
    max_size=10,
    unique_by=(lambda p: p.id, lambda p: p.reference),
)
logs = st.lists(sales_seen, max_size=14).map(
    lambda found: [replace(sale, log_index=n) for n, sale in enumerate(found)]
)
closings = st.sampled_from((0, *DAYS))


@given(logs, payments_seen, closings)
def test_everything_is_decided_at_most_once(
    sales: list[SignedSale], payments: list[SettledPayment], closed: int
) -> None:
    found = match(sales, payments, closed)
    decided = found.sales + [e.log_index for e in found.exceptions if e.log_index is not None]
    assert max(Counter(decided).values(), default=0) <= 1
    paid = found.payments + [e.payment_id for e in found.exceptions if e.payment_id is not None]
    assert max(Counter(paid).values(), default=0) <= 1


@given(logs, payments_seen, closings)
def test_what_is_matched_is_paid_to_the_minor_unit(
    sales: list[SignedSale], payments: list[SettledPayment], closed: int
) -> None:
    found = match(sales, payments, closed)
    by_index = {sale.log_index: sale for sale in sales}
    by_reference = {payment.reference: payment for payment in payments}
    signed: Counter[str] = Counter()
    cards: Counter[str] = Counter()
    for index in found.sales:
        sale = by_index[index]
        if sale.is_refund:
            continue
        if sale.method == CASH:
            signed[cash_reference(sale.device, sale.business_date)] += sale.amount_minor
        else:
            assert sale.reference is not None
            signed[sale.reference] += sale.amount_minor
            cards[sale.reference] += 1
    assert max(cards.values(), default=0) <= 1, "one payment, one sale"
    for reference, amount in signed.items():
        assert by_reference[reference].amount_minor == amount
        assert by_reference[reference].id in found.payments


@given(logs, payments_seen)
def test_once_every_date_is_closed_nothing_waits_and_totals_are_conserved(
    sales: list[SignedSale], payments: list[SettledPayment]
) -> None:
    found = match(sales, payments, DAYS[-1])
    by_index = {sale.log_index: sale for sale in sales}
    excepted = [e for e in found.exceptions if e.log_index is not None]
    matched_minor = sum(by_index[index].amount_minor for index in found.sales)
    assert matched_minor + sum(e.amount_minor for e in excepted) == sum(
        sale.amount_minor for sale in sales
    )
    left = [e for e in found.exceptions if e.payment_id is not None]
    settled = {payment.id: payment.amount_minor for payment in payments}
    assert sum(settled[n] for n in found.payments) + sum(e.amount_minor for e in left) == sum(
        settled.values()
    )


@given(logs, payments_seen, st.randoms(use_true_random=False), closings)
def test_the_order_of_arrival_decides_nothing(
    sales: list[SignedSale], payments: list[SettledPayment], random: object, closed: int
) -> None:
    shuffled_sales, shuffled_payments = list(sales), list(payments)
    random.shuffle(shuffled_sales)  # type: ignore[attr-defined]
    random.shuffle(shuffled_payments)  # type: ignore[attr-defined]
    one, other = match(sales, payments, closed), match(shuffled_sales, shuffled_payments, closed)
    assert sorted(one.sales) == sorted(other.sales)
    assert sorted(one.payments) == sorted(other.payments)
    key = [(e.code, e.log_index, e.payment_id) for e in one.exceptions]
    assert Counter(key) == Counter((e.code, e.log_index, e.payment_id) for e in other.exceptions)


@given(logs, payments_seen, st.integers(0, 14))
def test_in_two_runs_no_payment_is_used_twice(
    sales: list[SignedSale], payments: list[SettledPayment], cut: int
) -> None:
    first = match(sales[:cut], payments, 0)
    decided = set(first.sales) | {e.log_index for e in first.exceptions}
    waiting = [sale for sale in sales if sale.log_index not in decided]
    unused = [payment for payment in payments if payment.id not in first.payments]
    used = {payment.reference for payment in payments if payment.id in first.payments}
    second = match(sales=waiting, payments=unused, closed_through=DAYS[-1], used_before=used)
    assert not set(first.payments) & set(second.payments)
    matched = [sale for sale in sales if sale.log_index in {*first.sales, *second.sales}]
    taken = sum(sale.amount_minor for sale in matched if not sale.is_refund)
    assert taken <= sum(payment.amount_minor for payment in payments)
