"""Observations outside of the contract: rates, indices, exchange rates, and prepayments.

Rules that this module keeps:

- A value holds from its time until the next of the same code.
- A value that the terms need and that was not observed is an error, never a guess.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from counterfoil.oracle.rules.schedule.errors import InputMalformed, ObservationMissing
from counterfoil.oracle.rules.schedule.term_fields import read_number, read_time


@dataclass(frozen=True)
class ObservedEvent:
    """A prepayment (PP) of *value*, or an analysis (AD), at a time that is not in the terms."""

    time: datetime
    type: str
    value: Decimal = Decimal(0)


@dataclass(frozen=True)
class Observations:
    """Observed values by code, ascending in time, and observed events."""

    values: Mapping[str, Sequence[tuple[datetime, Decimal]]] = field(default_factory=dict)
    events: Sequence[ObservedEvent] = ()

    def at(self, code: str, time: datetime) -> Decimal:
        """The value of *code* at *time*; raises ObservationMissing."""
        known = self.values.get(code, ())
        place = bisect_right([when for when, _ in known], time)
        if not place:
            raise ObservationMissing(f"nothing is observed of {code!r} on {time} or before")
        return known[place - 1][1]


def read_observed(data: Any, events: Any = None) -> Observations:
    """Read a case's `dataObserved` ({code: {data: [{timestamp, value}]}}) and `eventsObserved`."""
    values: dict[str, list[tuple[datetime, Decimal]]] = {}
    for code, one in json_object("dataObserved", data or {}).items():
        rows = json_object(f"dataObserved {code!r}", one).get("data", [])
        values[code] = sorted(
            (
                read_time(f"timestamp of {code!r}", row.get("timestamp")),
                read_number(f"value of {code!r}", row.get("value")),
            )
            for row in (json_object(f"a value of {code!r}", row) for row in _list(code, rows))
        )
    return Observations(values, tuple(_event(row) for row in _list("eventsObserved", events or [])))


def _event(row: Any) -> ObservedEvent:
    row = json_object("an event observed", row)
    kind = row.get("type", row.get("eventType"))
    if kind not in {"PP", "AD"}:
        raise InputMalformed(f"an event observed is of type {kind!r}: PP and AD are known")
    time = read_time("time of an event observed", row.get("time", row.get("eventDate")))
    amount = row.get("value", row.get("payoff", Decimal(0)))
    return ObservedEvent(time, kind, read_number("value of an event observed", amount))


def json_object(what: str, value: Any) -> Mapping[str, Any]:
    """Return *value* if it is a JSON object; otherwise raises InputMalformed, naming *what*."""
    if not isinstance(value, Mapping):
        raise InputMalformed(f"{what} is no JSON object")
    return value


def _list(what: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise InputMalformed(f"{what}: its values are no JSON list")
    return value
