"""A contract's events, with what each pays and the state after it.

Amounts are computed to 60 significant digits and returned rounded half to even to 15 decimal places.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, localcontext

from counterfoil.oracle.rules.schedule.contract_states import Contract
from counterfoil.oracle.rules.schedule.contract_terms import ContractTerms
from counterfoil.oracle.rules.schedule.errors import ScheduleTooLong, ValueInvalid
from counterfoil.oracle.rules.schedule.observations import Observations
from counterfoil.oracle.rules.schedule.timetable import timetable

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_PLACES = Decimal(1).scaleb(-15)


@dataclass(frozen=True)
class ScheduleEvent:
    """An event: its type and time, what it pays (positive to the holder), and the state after it."""

    event_date: datetime
    event_type: str
    payoff: Decimal
    notional_principal: Decimal
    nominal_interest_rate: Decimal
    accrued_interest: Decimal


def events(
    terms: ContractTerms, observed: Observations | None = None, to: datetime | None = None
) -> list[ScheduleEvent]:
    """The events after the terms' status date, up to and with *to*; raises a ScheduleError.

    For a contract that was bought: the events from the purchase on.
    """
    try:
        with localcontext(_CONTEXT):
            return _events(terms, observed or Observations(), to)
    except OverflowError as wrong:
        raise ScheduleTooLong("a date lies beyond the calendar's years") from wrong
    except DecimalException as wrong:
        raise ValueInvalid("amounts grow beyond what is counted with") from wrong


def _events(
    terms: ContractTerms, observed: Observations, to: datetime | None
) -> list[ScheduleEvent]:
    contract, found = Contract(terms, observed), list[ScheduleEvent]()
    for scheduled in timetable(terms, observed, to):
        if scheduled.type == "PRD":
            found.clear()
        paid, state = contract.take(scheduled), contract.state
        found.append(
            ScheduleEvent(
                event_date=scheduled.happens_at,
                event_type=scheduled.type,
                payoff=_rounded(paid),
                notional_principal=_rounded(state.notional),
                nominal_interest_rate=_rounded(state.rate),
                accrued_interest=_rounded(state.accrued),
            )
        )
    is_bought_later = terms.purchase_date and to is not None and to < terms.purchase_date
    return [] if is_bought_later else found


def _rounded(amount: Decimal) -> Decimal:
    """Round to 15 places, without trailing zeros."""
    amount = amount.quantize(_PLACES)
    return amount.normalize() if amount else Decimal(0)
