"""The two rules by which takings speak for a line of credit."""

from __future__ import annotations

import pytest

from counterfoil.oracle.rules.loans.line_figures import LimitTerms, due_minor, health, limit_minor


def test_limit_follows_the_lowest_of_the_newest_months() -> None:
    terms = LimitTerms(
        months=3, term_months=12, sweep_basis_points=2_000, cover_basis_points=12_500
    )
    assert limit_minor([1, 5_000_00, 4_000_00, 6_000_00], terms) == 4_000_00 * 2_000 * 12 // 12_500
    assert limit_minor([4_000_01, 4_000_01, 4_000_01], terms) == 7_680_01


@pytest.mark.parametrize("months", [(), (5, 5), (5, 0, 5), (5, 5, -1)])
def test_limit_is_nothing_unless_every_month_has_takings(months: tuple[int, ...]) -> None:
    assert limit_minor(months, LimitTerms(months=3)) == 0


def test_due_spreads_what_is_owed_and_leaves_nothing() -> None:
    assert due_minor(1_000, 300, 30) == 100
    assert due_minor(1_001, 300, 30) == 101
    assert due_minor(1_000, 30, 30) == due_minor(1_000, -5, 30) == 1_000
    assert due_minor(0, 300, 30) == 0


@pytest.mark.parametrize(
    ("swept", "takings", "due", "state", "coverage"),
    [
        (100, 500, 100, "healthy", 10_000),
        (99, 500, 100, "watch", 9_900),
        (0, 500, 100, "stopped", 0),
        (99, 0, 100, "stopped", 9_900),
        (0, 0, 0, "healthy", None),
    ],
)
def test_health_by_coverage(
    swept: int, takings: int, due: int, state: str, coverage: int | None
) -> None:
    assert health(swept, takings, due) == (state, coverage)
