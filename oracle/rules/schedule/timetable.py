"""Which events a contract has, and when (ACTUS technical specification, section 7: contract schedules).

When the specification is not clear or its reference implementation differs, published results decide; if there are
none, a comment states the choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from counterfoil.oracle.rules.schedule.contract_terms import (
    ContractTerms,
    ContractType,
    InterestCalculationBase,
)
from counterfoil.oracle.rules.schedule.cycles import MOST, Cycle, times
from counterfoil.oracle.rules.schedule.errors import ScheduleTooLong, TermsInconsistent
from counterfoil.oracle.rules.schedule.observations import Observations

_ORDER = (
    "IED",
    "PR",
    "IP",
    "IPCI",
    "PP",
    "FP",
    "RRF",
    "RR",
    "PRF",
    "SC",
    "IPCB",
    "PRD",
    "TD",
    "MD",
    "AD",
)
"""The order of events at the same time."""


@dataclass(frozen=True, order=True)
class ScheduledEvent:
    """An event: when it happens, its rank at that time, and the time that it is scheduled for."""

    happens_at: datetime
    place: int
    time: datetime = field(compare=False)
    value: Decimal = field(default=Decimal(0), compare=False)

    @property
    def type(self) -> str:
        return _ORDER[self.place]


def timetable(
    terms: ContractTerms, observed: Observations, to: datetime | None
) -> list[ScheduledEvent]:
    """The events after the status date up to and with *to*, in order."""
    ends = maturity(terms)
    found: list[ScheduledEvent] = [_at("IED", terms.initial_exchange_date), _maturity(terms, ends)]
    found += _on(terms, "PR", redemptions(terms, ends)[:-1])
    found += _interest(terms, ends)
    found += _resets(terms, ends)
    fee = (terms.cycle_anchor_date_of_fee, terms.cycle_of_fee)
    if terms.is_fee_due:
        found += _on(terms, "FP", _cyclic(terms, *fee, ends))
    index = (terms.cycle_anchor_date_of_scaling_index, terms.cycle_of_scaling_index)
    if any(index) and (terms.scales("I") or terms.scales("N")):
        found += _on(terms, "SC", _before(ends, _cyclic(terms, *index, ends)))
    base = (
        terms.cycle_anchor_date_of_interest_calculation_base,
        terms.cycle_of_interest_calculation_base,
    )
    is_lagging = terms.interest_calculation_base is InterestCalculationBase.NTL
    if any(base) and is_lagging and terms.contract_type is not ContractType.PAM:
        found += _on(terms, "IPCB", _before(ends, _cyclic(terms, *base, ends)))
    found += [_at(e.type, e.time, e.value) for e in observed.events if e.time <= ends]
    return _within(terms, found, to)


def maturity(terms: ContractTerms) -> datetime:
    """When the contract ends: by the terms, or once its payments have redeemed the notional."""
    is_annuity = terms.contract_type is ContractType.ANN
    ends = terms.maturity_date or (terms.amortization_date if is_annuity else None)
    if ends is not None:
        return ends
    payment, cycle = terms.next_principal_redemption_payment, terms.cycle_of_principal_redemption
    anchor = _anchor(terms, terms.cycle_anchor_date_of_principal_redemption, cycle)
    if payment is None or cycle is None or anchor is None:
        raise TermsInconsistent("the terms don't say when the contract ends")
    passed = 0
    while (first := _after(terms, anchor, cycle, count=passed)) < terms.status_date:
        passed += 1
        if passed > MOST:
            raise ScheduleTooLong(f"more than {MOST} payments before the status date")
    redeemed = payment
    if terms.contract_type is not ContractType.LAM:
        time = terms.plain_years(first, _after(terms, anchor, cycle, count=passed + 1))
        interest = terms.notional_principal * terms.rate * time.numerator / time.denominator
        redeemed = payment - interest
    if redeemed <= 0:
        raise TermsInconsistent(
            "nextPrincipalRedemptionPayment does not pay the interest: maturityDate is needed"
        )
    periods = (terms.notional_principal / redeemed).to_integral_value(ROUND_CEILING)
    if periods > MOST:
        raise ScheduleTooLong(f"{periods} payments until the notional is redeemed")
    return _after(terms, anchor, cycle, count=passed + max(0, int(periods) - 1))


def redemptions(terms: ContractTerms, ends: datetime) -> list[datetime]:
    """The times of principal redemption, and the end."""
    if terms.contract_type is ContractType.PAM:
        return [ends]
    anchor = terms.cycle_anchor_date_of_principal_redemption
    return _cyclic(terms, anchor, cycle=terms.cycle_of_principal_redemption, ends=ends)


def _maturity(terms: ContractTerms, ends: datetime) -> ScheduledEvent:
    """MD on the day in the terms. As in the reference implementation, LAM, NAM and an end that is not in the terms are
    shifted to a business day.
    """
    is_said = bool(terms.maturity_date or terms.amortization_date)
    is_shifted = terms.contract_type in (ContractType.LAM, ContractType.NAM) or not is_said
    return ScheduledEvent(terms.shift(ends) if is_shifted else ends, _ORDER.index("MD"), ends)


def _interest(terms: ContractTerms, ends: datetime) -> list[ScheduledEvent]:
    """IP events; IPCI events up to the end of capitalization, and one IPCI on it."""
    until, events = terms.capitalization_end_date, list[ScheduledEvent]()
    for time in sorted(set(interest_times(terms, ends))):
        # The last interest is paid together with the principal, on the same day.
        happens = _maturity(terms, ends).happens_at if time == ends else terms.shift(time)
        is_capitalized = until is not None and happens < terms.shift(until)
        if until is None or happens != terms.shift(until):
            kind = "IPCI" if is_capitalized else "IP"
            events.append(ScheduledEvent(happens, _ORDER.index(kind), time))
    return events + (_on(terms, "IPCI", [until]) if until else [])


def interest_times(terms: ContractTerms, ends: datetime) -> list[datetime]:
    anchor, cycle = terms.cycle_anchor_date_of_interest_payment, terms.cycle_of_interest_payment
    is_given = bool(anchor or cycle)
    own = _cyclic(terms, anchor, cycle, ends) if is_given else []
    match terms.contract_type:
        case ContractType.PAM | ContractType.LAM:
            # Neither anchor nor cycle: interest is paid once, at the end.
            return own if is_given else [ends] * (terms.rate != 0)
        case ContractType.NAM:
            # As in the reference implementation: the specification ends them where redemption begins.
            return own + redemptions(terms, ends)
        case ContractType.ANN:
            return _ahead_of_redemption(terms) + redemptions(terms, ends)


def _ahead_of_redemption(terms: ContractTerms) -> list[datetime]:
    """An annuity's interest on a cycle of its own ends one redemption cycle before the first redemption."""
    cycle = terms.cycle_of_principal_redemption
    first = _anchor(terms, terms.cycle_anchor_date_of_principal_redemption, cycle)
    own = (terms.cycle_anchor_date_of_interest_payment, terms.cycle_of_interest_payment)
    start = _anchor(terms, *own)
    if start is None or first is None:
        return []
    turns = _after(terms, anchor=first, cycle=cycle, count=-1) if cycle else first
    return (
        times(anchor=start, end=turns, cycle=own[1], convention=terms.end_of_month_convention)
        if start <= turns
        else []
    )


def _resets(terms: ContractTerms, ends: datetime) -> list[ScheduledEvent]:
    """RR events; the first after the status date is RRF when its rate is fixed. An annuity fixes its payment again
    after each, and for the first time on the day before the first redemption.
    """
    anchor, cycle = terms.cycle_anchor_date_of_rate_reset, terms.cycle_of_rate_reset
    at = _before(ends, _cyclic(terms, anchor, cycle, ends)) if anchor or cycle else []
    events = _on(terms, "RR", at)
    if terms.next_reset_rate is not None:
        following = [event for event in events if event.happens_at > terms.status_date]
        if not following:
            raise TermsInconsistent("nextResetRate, but no rate reset after the status date")
        events.remove(following[0])
        events += _on(terms, "RRF", [following[0].time])
    if terms.contract_type is ContractType.ANN:
        redemption = terms.cycle_anchor_date_of_principal_redemption
        first = _anchor(terms, redemption, terms.cycle_of_principal_redemption)
        is_fixed = terms.next_principal_redemption_payment is not None
        if not is_fixed and first is not None and terms.initial_exchange_date < first <= ends:
            at = [first - timedelta(days=1), *at]
        events += _on(terms, "PRF", at)
    return events


def _within(
    terms: ContractTerms, found: list[ScheduledEvent], to: datetime | None
) -> list[ScheduledEvent]:
    """Drop events up to the status date, after a termination, or after *to*."""
    if terms.purchase_date is not None:
        found.append(_at("PRD", terms.purchase_date))
    if terms.termination_date is not None:
        ended = _at("TD", terms.termination_date)
        found = [*(event for event in found if event <= ended), ended]
    return sorted(
        event
        for event in found
        if event.happens_at > terms.status_date and (to is None or event.happens_at <= to)
    )


def _on(terms: ContractTerms, kind: str, at: Iterable[datetime]) -> list[ScheduledEvent]:
    return [ScheduledEvent(terms.shift(time), _ORDER.index(kind), time) for time in at]


def _at(kind: str, time: datetime, value: Decimal = Decimal(0)) -> ScheduledEvent:
    """An event exactly at the time in the terms, business day or not."""
    return ScheduledEvent(happens_at=time, place=_ORDER.index(kind), time=time, value=value)


def _cyclic(
    terms: ContractTerms, anchor: datetime | None, cycle: Cycle | None, ends: datetime
) -> list[datetime]:
    start = _anchor(terms, anchor, cycle)
    return (
        [ends]
        if start is None
        else times(anchor=start, end=ends, cycle=cycle, convention=terms.end_of_month_convention)
    )


def _anchor(terms: ContractTerms, anchor: datetime | None, cycle: Cycle | None) -> datetime | None:
    """Where a schedule starts: its anchor, or one cycle after the initial exchange."""
    if anchor is not None or cycle is None:
        return anchor
    return _after(terms, anchor=terms.initial_exchange_date, cycle=cycle, count=1)


def _after(terms: ContractTerms, anchor: datetime, cycle: Cycle, count: int) -> datetime:
    time = cycle.after(anchor, count, terms.end_of_month_convention)
    if time is None:
        raise ScheduleTooLong("the contract lasts beyond the year 9999")
    return time


def _before(ends: datetime, at: list[datetime]) -> list[datetime]:
    return [time for time in at if time < ends]
