"""A bank's credits against what was settled: what comes to more is named, once."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from counterfoil.oracle.rules.bank_credit import BankCredit, unexplained


def credit(name: str, date: int, amount: int) -> BankCredit:
    return BankCredit(name, date, amount)


def test_credits_up_to_what_was_settled_are_explained() -> None:
    both = [credit("a", 20220829, 700), credit("b", 20220830, 300)]
    assert list(unexplained(both, 1_000, {})) == []
    assert list(unexplained(both, 1_500, {})) == [], "a day that is still to come in"


def test_the_newest_credit_is_the_one_that_is_named() -> None:
    late, early = credit("a", 20220831, 1_000_000_000), credit("b", 20220829, 700)
    assert list(unexplained([late, early], 700, {})) == [(late, 1_000_000_000)]
    assert list(unexplained([late, early], 900, {})) == [(late, 999_999_800)]
    assert list(unexplained([late, early], 0, {})) == [(early, 700), (late, 1_000_000_000)]


def test_an_amount_is_named_once() -> None:
    one = credit("a", 20220829, 700)
    assert list(unexplained([one], 200, {"a": 500})) == []
    assert list(unexplained([one], 100, {"a": 500})) == [(one, 100)]


@given(
    st.lists(
        st.tuples(st.integers(20220801, 20220831), st.integers(1, 10**6), st.integers(0, 10**6)),
        max_size=12,
    )
)
def test_over_all_closes_what_is_named_is_what_credits_have_more_at_most(
    days: list[tuple[int, int, int]],
) -> None:
    """Each turn some credits and some settled rows come in; whatever order, no amount is named twice."""
    credits_, settled, named = [], 0, Counter[str]()
    for number, (date, amount, paid) in enumerate(days):
        credits_.append(credit(f"{number:04}", date, amount))
        settled += paid
        for found, more in unexplained(credits_, settled, named):
            assert more > 0
            named[found.entry_hash] += more
        assert all(named[c.entry_hash] <= c.amount_minor for c in credits_)
        left = sum(c.amount_minor for c in credits_) - named.total()
        assert left <= settled, "what is not named has a settlement behind it"
