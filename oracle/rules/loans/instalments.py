"""The instalments of a draw, in the form that CreditLine.draw requires of each plan.

Rules that this module keeps:

- Principal adds up to the amount drawn, to the minor unit; dates ascend.
- Everything that ``instalments`` returns has passed the contract's own test, ``has_form``.
- An instalment holds no interest: the interest accrued by its date falls due with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from counterfoil.chain.abi.enums import Convention, Plan
from counterfoil.fault import Code
from counterfoil.oracle.errors import OracleError
from counterfoil.oracle.rules.business_date import add_months, check, is_valid
from counterfoil.oracle.rules.loans.interest import accrued, denominator

MOST = 120
MOST_PRINCIPAL = (1 << 96) - 1


@dataclass(frozen=True)
class Instalment:
    """Principal due on a business date."""

    date: int
    principal_minor: int


class PlanNotPossible(OracleError):
    """No instalments on these dates have the plan's form."""

    code = Code("loan.plan_not_possible")
    to_do = "Change the number of instalments, their dates or the amount."


def monthly_dates(
    drawn_on: int, count: int, *, every: int = 1, day: int | None = None
) -> list[int]:
    """*count* dates, one every *every* months after *drawn_on*, on its day of the month or on *day*.

    A month without that day gives its last day; the next month has the day again.
    """
    check(drawn_on)
    return [add_months(drawn_on, every * number, day) for number in range(1, count + 1)]


def instalments(
    plan: Plan,
    principal_minor: int,
    drawn_on: int,
    dates: Sequence[int],
    *,
    convention: Convention = Convention.ACT_360,
    rate_ppm: int = 0,
) -> tuple[Instalment, ...]:
    """Instalments of *plan* that CreditLine.draw accepts on *drawn_on*; raises PlanNotPossible.

    BULLET has one date. INTEREST_ONLY and REVENUE_SHARE pay all principal on the last date, and interest on each.
    EQUAL_PRINCIPAL gives the units that don't divide to the first dates. ANNUITY makes principal plus interest equal in
    each period to within a minor unit; the last pays what rounding left. It needs the line's convention and rate.
    """
    _check(plan, principal_minor, drawn_on, dates)
    count = len(dates)
    if plan is Plan.EQUAL_PRINCIPAL:
        floor, more = divmod(principal_minor, count)
        amounts = [floor + (number < more) for number in range(count)]
    elif plan is Plan.ANNUITY:
        return _annuity(principal_minor, drawn_on, dates, convention, rate_ppm)
    else:
        amounts = [0] * (count - 1) + [principal_minor]
    return tuple(Instalment(*pair) for pair in zip(dates, amounts, strict=True))


def has_form(
    plan: Plan,
    principal_minor: int,
    drawn_on: int,
    rows: Sequence[Instalment],
    *,
    convention: Convention,
    rate_ppm: int,
) -> bool:
    """Whether CreditLine.draw accepts *rows* on *drawn_on*, as Instalments.set decides in the contracts."""
    count = len(rows)
    if not 0 < count <= MOST or principal_minor > MOST_PRINCIPAL:
        return False
    start, left, first = drawn_on, principal_minor, 0
    for number, row in enumerate(rows):
        if row.date <= start or not is_valid(row.date) or not 0 <= row.principal_minor <= left:
            return False
        is_last = number + 1 == count
        if plan is Plan.EQUAL_PRINCIPAL:
            floor, rest = divmod(principal_minor, count)
            if not floor <= row.principal_minor <= floor + (rest if is_last else 1):
                return False
        elif plan is Plan.ANNUITY:
            interest = accrued(
                convention, principal_minor=left, rate_ppm=rate_ppm, start=start, end=row.date
            )
            total = row.principal_minor + interest // denominator(convention)
            first = total if number == 0 else first
            if abs(total - first) > (2 * count if is_last else 1):
                return False
        elif not is_last and row.principal_minor:
            return False
        left -= row.principal_minor
        start = row.date
    return left == 0 and (plan is not Plan.BULLET or count == 1)


def annuity(
    principal_minor: int, drawn_on: int, dates: Sequence[int], convention: Convention, rate_ppm: int
) -> Fraction:
    """The exact payment of each period, interest and principal, that leaves nothing after the last date."""
    growth, weight = Fraction(1), Fraction(0)
    for factor in _factors(drawn_on, dates, convention, rate_ppm):
        growth *= factor
        weight = weight * factor + 1
    return principal_minor * growth / weight


def _annuity(
    principal_minor: int, drawn_on: int, dates: Sequence[int], convention: Convention, rate_ppm: int
) -> tuple[Instalment, ...]:
    """Follow the exact balances in whole units; take the nearest total of the first period that works."""
    exact = annuity(principal_minor, drawn_on, dates, convention, rate_ppm)
    for first in sorted(
        range(int(exact) - 1, int(exact) + 3), key=lambda total: abs(total - exact)
    ):
        rows = _around(first, exact, principal_minor, drawn_on, dates, convention, rate_ppm)
        if has_form(
            plan=Plan.ANNUITY,
            principal_minor=principal_minor,
            drawn_on=drawn_on,
            rows=rows,
            convention=convention,
            rate_ppm=rate_ppm,
        ):
            return rows
    raise PlanNotPossible(
        f"no annuity of {principal_minor} on these {len(dates)} dates: "
        "the interest of a period is more than an even total, or the rounding too much for so small an amount"
    )


def _around(
    first: int,
    exact: Fraction,
    principal_minor: int,
    drawn_on: int,
    dates: Sequence[int],
    convention: Convention,
    rate_ppm: int,
) -> tuple[Instalment, ...]:
    """Totals of *first* ± 1 that keep the balance next to the exact one; the last period pays all.

    An error in the balance grows by the rate, and a total can correct one unit of it a period. So errors from
    short / rate to (short + 1) / rate can be held, where short is *first* less *exact*.
    """
    rows: list[Instalment] = []
    left, balance, start, short = (
        principal_minor,
        Fraction(principal_minor),
        drawn_on,
        first - exact,
    )
    factors = _factors(drawn_on, dates, convention, rate_ppm)
    for number, (date, factor) in enumerate(zip(dates, factors, strict=True)):
        interest = accrued(
            convention, principal_minor=left, rate_ppm=rate_ppm, start=start, end=date
        ) // denominator(convention)
        balance = balance * factor - exact
        rate, half, held = factor - 1, Fraction(1, 2), Fraction(0)
        if rate:
            held = max(short / rate + half, min((short + 1) / rate - half, held))
        wanted = left + interest - round(balance + held)
        total = first if number == 0 else max(first - 1, min(first + 1, wanted))
        principal = left if number + 1 == len(dates) else total - interest
        rows.append(Instalment(date, principal))
        left, start = left - principal, date
    return tuple(rows)


def _factors(
    drawn_on: int, dates: Sequence[int], convention: Convention, rate_ppm: int
) -> list[Fraction]:
    """The growth factor of each period."""
    return [
        1
        + Fraction(
            accrued(convention, principal_minor=1, rate_ppm=rate_ppm, start=start, end=end),
            denominator(convention),
        )
        for start, end in pairwise((drawn_on, *dates))
    ]


def _check(plan: Plan, principal_minor: int, drawn_on: int, dates: Sequence[int]) -> None:
    for date in (drawn_on, *dates):
        check(date)
    if not 0 < principal_minor <= MOST_PRINCIPAL:
        raise PlanNotPossible(f"no amount that can be drawn: {principal_minor}")
    if not 0 < len(dates) <= MOST:
        raise PlanNotPossible(f"{len(dates)} dates: 1 to {MOST} are possible")
    if plan is Plan.BULLET and len(dates) != 1:
        raise PlanNotPossible(f"a bullet has one date, not {len(dates)}")
    for earlier, later in pairwise((drawn_on, *dates)):
        if later <= earlier:
            raise PlanNotPossible(f"{later} does not come after {earlier}")
