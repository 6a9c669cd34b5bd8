"""Which of a bank's credits to a project no settlement file explains. Pure.

Rules that this module keeps:

- A provider settles less than was sold, later than it was sold, and many days in one sum. So credits are compared with
  settled payments in total, up to a closed date: what comes to more has no settlement behind it.
- An amount that was named once is not named again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class BankCredit:
    """One credit entry to a project: its name on chain, its date (YYYYMMDD) and amount in minor units."""

    entry_hash: str
    business_date: int
    amount_minor: int


def unexplained(
    credits_: Iterable[BankCredit], settled_minor: int, named_minor: Mapping[str, int]
) -> Iterator[tuple[BankCredit, int]]:
    """Yield (credit, amount) where the credits, the oldest first, come to more than *settled_minor*.

    *named_minor* has the amounts that were named before, by the credit's hash.
    """
    left = settled_minor
    for credit in sorted(credits_, key=lambda c: (c.business_date, c.entry_hash)):
        wanted = credit.amount_minor - named_minor.get(credit.entry_hash, 0)
        if wanted > left:
            yield credit, wanted - max(left, 0)
        left -= min(wanted, max(left, 0))
