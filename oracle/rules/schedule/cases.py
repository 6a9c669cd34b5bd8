"""Reads a file of terms: one contract's bare terms, a case (terms, dataObserved, eventsObserved, to), or many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from counterfoil.oracle.rules.schedule.errors import InputMalformed
from counterfoil.oracle.rules.schedule.observations import json_object, read_observed
from counterfoil.oracle.rules.schedule.schedule_events import ScheduleEvent, events
from counterfoil.oracle.rules.schedule.term_fields import read_terms, read_time


@dataclass(frozen=True)
class ScheduleCase:
    """One contract as given, with its name in the file."""

    name: str
    given: Mapping[str, Any]

    def events(self, to: str | None = None) -> list[ScheduleEvent]:
        """The contract's events, up to *to* or the case's own end; raises a ScheduleError."""
        is_bare = "terms" not in self.given
        terms = read_terms(self.given if is_bare else json_object("terms", self.given["terms"]))
        case = {} if is_bare else self.given
        observed = read_observed(case.get("dataObserved"), case.get("eventsObserved"))
        return events(terms, observed, read_end(to if to is not None else case.get("to")))


def read_end(to: Any) -> datetime | None:
    """The end of a schedule: a time, or the end of a day; None when none is given."""
    if to is None or (isinstance(to, str) and not to.strip()):
        return None
    time = read_time("to", to)
    is_day = "T" not in to
    return time + timedelta(hours=23, minutes=59, seconds=59) if is_day else time


def read_cases(text: str) -> tuple[list[ScheduleCase], bool]:
    """The cases of a file, and whether it is a file of many; raises InputMalformed."""
    try:
        found = json.loads(
            text, parse_float=_exact, parse_constant=_no_number, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as wrong:
        raise InputMalformed(f"no JSON: {wrong}") from wrong
    if isinstance(found, list):
        rows = [json_object(f"item {number}", row) for number, row in enumerate(found, start=1)]
        return [ScheduleCase(_name(row, str(n)), row) for n, row in enumerate(rows, start=1)], True
    found = json_object("the file", found)
    if "terms" in found or not found or not all(isinstance(v, Mapping) for v in found.values()):
        return [ScheduleCase(_name(found, "contract"), found)], False
    return [ScheduleCase(name, row) for name, row in found.items()], True


def _name(row: Mapping[str, Any], otherwise: str) -> str:
    terms = row.get("terms", row)
    own = terms.get("contractID") if isinstance(terms, Mapping) else None
    name = row.get("identifier") or own
    return name if isinstance(name, str) else otherwise


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{', '.join(twice)} is there more than once")
    return found


def _exact(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as wrong:
        raise ValueError(f"{text[:40]} is beyond what is counted with") from wrong


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
