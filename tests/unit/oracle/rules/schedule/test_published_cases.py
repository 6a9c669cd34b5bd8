"""The published ACTUS cases, event by event, and the published year fractions."""

from __future__ import annotations

import csv
import json
import os
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from counterfoil.oracle.rules.schedule.cases import ScheduleCase
from counterfoil.oracle.rules.schedule.day_counts import BY_NAME
from counterfoil.oracle.rules.schedule.term_fields import read_time

_ROOT = Path(__file__).resolve().parents[5]
_FOLDER = Path(os.environ.get("COUNTERFOIL_SHARED", _ROOT.parent / "shared")) / "data/loan_math"
_CLOSE = Decimal("1e-9")
"""The published results are doubles, some corrected by hand: the worst differs from the exact one by 1e-10."""
_AMOUNTS = {
    "payoff": "payoff",
    "notionalPrincipal": "notional_principal",
    "nominalInterestRate": "nominal_interest_rate",
    "accruedInterest": "accrued_interest",
}
NOT_PASSED: dict[str, str] = {}
"""Case → why it can't pass."""


def _cases(family: str) -> dict[str, Any]:
    path = _FOLDER / f"actus_{family}.json"
    return json.loads(path.read_text(), parse_float=Decimal) if path.exists() else {}


_NAMES = [(family, name) for family in ("pam", "lam", "ann") for name in _cases(family)]


def test_there_are_published_cases(shared_data: Path) -> None:
    assert len(_NAMES) == 45


@pytest.mark.parametrize(("family", "name"), _NAMES, ids=[name for _, name in _NAMES])
def test_a_published_case_is_reproduced_event_by_event(family: str, name: str) -> None:
    if name in NOT_PASSED:
        pytest.xfail(NOT_PASSED[name])
    given = _cases(family)[name]
    found = ScheduleCase(name, given).events()
    expected = [(read_time("eventDate", e["eventDate"]), e["eventType"]) for e in given["results"]]
    assert [(event.event_date, event.event_type) for event in found] == expected
    for event, published in zip(found, given["results"], strict=True):
        for key, attribute in _AMOUNTS.items():
            difference = getattr(event, attribute) - Decimal(str(published[key]))
            assert abs(difference) <= _CLOSE, (event, key, published[key])


def test_the_published_year_fractions_are_reproduced(shared_data: Path) -> None:
    with (shared_data / "loan_math" / "daycount.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 182
    for row in rows:
        start, end = (date.fromisoformat(row[key]) for key in ("start", "end"))
        fraction = BY_NAME[row["basis"]](start, end)
        published = [Fraction(row["year_fraction"])]
        # Counting back from 28 February 2016, QuantLib goes to the 29th of 2012, the CSV's source to the 28th.
        if row["quantlib_year_fraction"] and (row["basis"], end) != (
            "ACT_ACT_AFB",
            date(2016, 2, 28),
        ):
            published.append(Fraction(row["quantlib_year_fraction"]))
        for value in published:
            assert abs(fraction - value) < Fraction(1, 10**13), row
