"""Which sales are paid: signed sales against settled payments and the device's standing. Pure.

The rules:

1. A sale counts only from a device that is registered, active, in a project, running and in its place
   (``rules.standing``); its currency must be the project's.
2. A card sale matches the settled payment with its reference and its amount.
3. Cash sales of one device and one day match together: their sum against the cash counted for that device and day. The
   count's reference is ``cash:<device>:<YYYYMMDD>``; a card sale can't have such a reference. While the day is open and
   less was signed than counted, the group waits for the day's other sales.
4. A refund matches by rule 1 alone, wherever the machine stands: it is the machine's own debit.
5. A payment is used once. A second sale under its reference is an exception, and so is a cash sale after its day's
   count has matched.
6. A row without a counterpart waits until its business date is closed; then it becomes an exception. A person resolves
   it: accepted, it is distributed like a match; excluded, it is not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from counterfoil.fault import Code
from counterfoil.oracle.rules.faults.sale import (
    AMOUNT_DIFFERS,
    CASH_DIFFERS,
    CASH_NOT_COUNTED,
    PAYMENT_MISSING,
    PAYMENT_WITHOUT_SALE,
    REFERENCE_MISSING,
    REFERENCE_USED_TWICE,
)

CASH = "cash"
CASH_PREFIX = "cash:"


@dataclass(frozen=True)
class SignedSale:
    """A signed sale or refund, by its log index; amount in minor units."""

    log_index: int
    device: str
    business_date: int
    amount_minor: int
    method: str
    reference: str | None
    is_refund: bool = False


@dataclass(frozen=True)
class SettledPayment:
    """A settled payment, by its row's id; amount in minor units."""

    id: int
    reference: str
    business_date: int
    amount_minor: int


@dataclass(frozen=True)
class Unmatched:
    """A sale (*log_index*) or a payment (*payment_id*) without its counterpart, and why."""

    code: Code
    detail: str
    business_date: int
    amount_minor: int
    log_index: int | None = None
    payment_id: int | None = None


@dataclass
class Matches:
    """What one run of the matching decided; a row in none of the lists goes on waiting."""

    sales: list[int] = field(default_factory=list)
    payments: list[int] = field(default_factory=list)
    exceptions: list[Unmatched] = field(default_factory=list)


def cash_reference(device: str, business_date: int) -> str:
    """The reference of a device's cash count of one day."""
    return f"{CASH_PREFIX}{device}:{business_date}"


def counterpart(sale: SignedSale) -> str | None:
    """The reference of the payment that would match *sale*; None when there can be none."""
    if sale.is_refund:
        return None
    if sale.method == CASH:
        return cash_reference(sale.device, sale.business_date)
    return None if sale.reference is None or _is_count(sale.reference) else sale.reference


def _is_count(reference: str) -> bool:
    """Whether *reference* is a cash count's; only cash sales match it."""
    return reference.startswith(CASH_PREFIX)


def match(
    sales: Sequence[SignedSale],
    payments: Sequence[SettledPayment],
    closed_through: int,
    used_before: Collection[str] = (),
) -> Matches:
    """Match the waiting rows of one project; dates up to and with *closed_through* (YYYYMMDD) are closed.

    *used_before* has the references of payments that matched in an earlier run.
    """
    found = Matches()
    by_reference = {payment.reference: payment for payment in payments}
    used = dict.fromkeys(used_before, "an earlier record")
    cash: dict[str, list[SignedSale]] = defaultdict(list)
    for sale in sorted(sales, key=lambda s: s.log_index):
        if sale.is_refund:
            found.sales.append(sale.log_index)
        elif sale.method == CASH:
            cash[cash_reference(sale.device, sale.business_date)].append(sale)
        else:
            _match_card(sale, by_reference, used, closed_through, found)
    for reference, group in cash.items():
        _match_cash(reference, group, by_reference, used, closed_through, found)
    found.payments.extend(by_reference[r].id for r in used if r in by_reference)
    for payment in payments:
        if payment.reference not in used and payment.business_date <= closed_through:
            found.exceptions.append(
                Unmatched(
                    code=PAYMENT_WITHOUT_SALE,
                    detail=f"payment {payment.reference} has no signed sale",
                    business_date=payment.business_date,
                    amount_minor=payment.amount_minor,
                    payment_id=payment.id,
                )
            )
    return found


def _match_card(
    sale: SignedSale,
    by_reference: Mapping[str, SettledPayment],
    used: dict[str, str],
    closed_through: int,
    found: Matches,
) -> None:
    def refuse(code: Code, detail: str) -> None:
        found.exceptions.append(
            Unmatched(code, detail, sale.business_date, sale.amount_minor, log_index=sale.log_index)
        )

    if sale.reference is None:
        refuse(REFERENCE_MISSING, f"a {sale.method} sale without a payment reference")
        return
    is_count = _is_count(sale.reference)
    if sale.reference in used and not is_count:
        refuse(REFERENCE_USED_TWICE, f"{used[sale.reference]} has matched {sale.reference}")
        return
    payment = None if is_count else by_reference.get(sale.reference)
    if payment is None:
        if sale.business_date <= closed_through:
            refuse(PAYMENT_MISSING, f"no payment {sale.reference} was settled")
        return
    used[sale.reference] = f"record {sale.log_index}"
    if payment.amount_minor != sale.amount_minor:
        refuse(AMOUNT_DIFFERS, f"signed {sale.amount_minor}, settled {payment.amount_minor}")
        return
    found.sales.append(sale.log_index)


def _match_cash(
    reference: str,
    group: Iterable[SignedSale],
    by_reference: Mapping[str, SettledPayment],
    used: dict[str, str],
    closed_through: int,
    found: Matches,
) -> None:
    sales = list(group)
    signed = sum(sale.amount_minor for sale in sales)
    is_open = sales[0].business_date > closed_through
    payment = by_reference.get(reference)
    if reference in used:
        code, detail = CASH_DIFFERS, f"{reference} has matched without this"
    elif payment is None:
        if is_open:
            return
        code, detail = CASH_NOT_COUNTED, f"no {reference} was counted"
    elif signed < payment.amount_minor and is_open:
        return
    else:
        used[reference] = f"record {sales[0].log_index}"
        if signed == payment.amount_minor:
            found.sales.extend(sale.log_index for sale in sales)
            return
        code, detail = CASH_DIFFERS, f"signed {signed}, counted {payment.amount_minor}"
    found.exceptions.extend(
        Unmatched(code, detail, s.business_date, s.amount_minor, log_index=s.log_index)
        for s in sales
    )
