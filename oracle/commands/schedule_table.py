"""Events as exact JSON, and as a table for people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from rich.box import SIMPLE
from rich.table import Table

from counterfoil.oracle.rules.schedule.schedule_events import ScheduleEvent

_MEANS = {
    "IED": "initial exchange",
    "PR": "principal redemption",
    "IP": "interest payment",
    "IPCI": "interest capitalized",
    "PP": "prepayment",
    "FP": "fee",
    "RR": "rate reset",
    "RRF": "rate reset, fixed",
    "PRF": "payment fixed",
    "SC": "scaling index",
    "IPCB": "interest base",
    "PRD": "purchase",
    "TD": "termination",
    "MD": "maturity",
    "AD": "analysis",
}


def to_json(events: Sequence[ScheduleEvent]) -> str:
    """A JSON list of the events; every number has all its decimals."""
    return "[" + ", ".join(_one(event) for event in events) + "]"


def many_to_json(cases: Mapping[str, Sequence[ScheduleEvent]]) -> str:
    """A JSON object of such lists, by the cases' names."""
    rows = (f"{json.dumps(name)}: {to_json(events)}" for name, events in cases.items())
    return "{" + ", ".join(rows) + "}"


def to_table(name: str, events: Sequence[ScheduleEvent]) -> Table:
    """A table of the events, amounts to two places and rates in per cent."""
    headings = ("date", "event", "payoff", "notional", "rate %", "accrued")
    rows = [
        (
            event.event_date.strftime("%Y-%m-%d"),
            f"{event.event_type} {_MEANS[event.event_type]}",
            f"{event.payoff:,.2f}",
            f"{event.notional_principal:,.2f}",
            f"{event.nominal_interest_rate * 100:.4f}",
            f"{event.accrued_interest:,.2f}",
        )
        for event in events
    ]
    table = Table(title=name, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, 0))
    for place, heading in enumerate(headings):
        # On a narrow terminal only the column of meanings shrinks.
        widest = max(len(row[place]) for row in (headings, *rows))
        table.add_column(
            heading,
            justify="left" if place < 2 else "right",
            no_wrap=True,
            min_width=4 if heading == "event" else widest,
        )
    for row in rows:
        table.add_row(*row)
    return table


def _one(event: ScheduleEvent) -> str:
    texts = {"eventDate": event.event_date.isoformat(), "eventType": event.event_type}
    numbers = {
        "payoff": event.payoff,
        "notionalPrincipal": event.notional_principal,
        "nominalInterestRate": event.nominal_interest_rate,
        "accruedInterest": event.accrued_interest,
    }
    fields = [f"{json.dumps(key)}: {json.dumps(text)}" for key, text in texts.items()]
    fields += [f"{json.dumps(key)}: {_digits(number)}" for key, number in numbers.items()]
    return "{" + ", ".join(fields) + "}"


def _digits(number: Decimal) -> str:
    return f"{number:f}"
