"""A credit line's limit, and the health of its repayment, from signed takings. Pure.

There are two rules; each is shown beside its figure (``LIMIT_RULE``, ``HEALTH_RULE``). Amounts in minor units,
shares in basis points, rounded down.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WHOLE = 10_000
LIMIT_RULE = (
    "limit = lowest month × sweep × term ÷ cover, rounded down: what the sweep would take in if every month of the "
    "term were like the lowest of those looked at, with a margin; 0 unless every one of them has takings"
)
HEALTH_RULE = (
    "coverage = swept ÷ due over the period, where due is what is owed spread evenly over the days to each loan's last "
    "instalment; healthy from 1 on, watch below, stopped when nothing was taken or nothing swept while something is due"
)


@dataclass(frozen=True)
class LimitTerms:
    """The limit's parameters: months looked at, months of the term, the sweep's share of takings, and the margin."""

    months: int = 6
    term_months: int = 12
    sweep_basis_points: int = 2_000
    cover_basis_points: int = 12_500


def limit_minor(monthly_minor: Sequence[int], terms: LimitTerms) -> int:
    """The limit that the newest months of *monthly_minor* (oldest first) support."""
    looked_at = monthly_minor[-terms.months :]
    if len(looked_at) < terms.months or min(looked_at) <= 0:
        return 0
    swept = min(looked_at) * terms.sweep_basis_points * terms.term_months
    return swept // terms.cover_basis_points


def due_minor(owed_minor: int, days_left: int, period_days: int) -> int:
    """The part of *owed_minor* to repay per period so that nothing is left after *days_left*, rounded up."""
    if days_left <= period_days:
        return owed_minor
    return -(-owed_minor * period_days // days_left)


def health(swept_minor: int, takings_minor: int, due: int) -> tuple[str, int | None]:
    """The state, and the coverage in basis points (None when nothing is due)."""
    if due == 0:
        return "healthy", None
    if takings_minor <= 0 or swept_minor == 0:
        return "stopped", swept_minor * WHOLE // due
    coverage = swept_minor * WHOLE // due
    return ("healthy" if coverage >= WHOLE else "watch"), coverage
