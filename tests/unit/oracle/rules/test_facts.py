"""How much of a day fits into one distribution."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.oracle.rules.facts import MOST_UNITS, fitting


def test_a_day_with_as_many_kinds_of_goods_as_fit_is_one_distribution() -> None:
    day = [[f"code {n}", "water"] for n in range(MOST_UNITS - 1)]
    assert fitting(day) == len(day)
    assert fitting([*day, ["water"], ["code 0"]]) == len(day) + 2
    assert fitting([*day, ["one more"], ["water"]]) == len(day)
    assert fitting([]) == 0


@given(st.lists(st.lists(st.integers(0, 600), max_size=64), max_size=60))
def test_the_first_that_fit_are_taken_until_the_day_is_done(sold: list[list[int]]) -> None:
    day = [[str(code) for code in one] for one in sold]
    taken = 0
    while taken < len(day):
        fit = fitting(day[taken:])
        assert fit >= 1, "every sale fits by itself"
        piece = day[taken : taken + fit]
        assert len({code for one in piece for code in one}) <= MOST_UNITS
        longer = day[taken : taken + fit + 1]
        is_last = taken + fit == len(day)
        assert is_last or len({code for one in longer for code in one}) > MOST_UNITS
        taken += fit
