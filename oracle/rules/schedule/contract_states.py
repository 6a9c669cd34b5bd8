"""A contract's state variables, and what each event pays and changes (ACTUS technical specification, section 7).

Amounts are decimals in the precision of the caller's context. Signs follow the contract's role: an amount owed to the
holder is positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from counterfoil.oracle.rules.schedule.contract_terms import (
    ContractTerms,
    ContractType,
    FeeBasis,
    InterestCalculationBase,
)
from counterfoil.oracle.rules.schedule.errors import TermsInconsistent
from counterfoil.oracle.rules.schedule.observations import Observations
from counterfoil.oracle.rules.schedule.timetable import (
    ScheduledEvent,
    interest_times,
    maturity,
    redemptions,
)

_ZERO = Decimal(0)


@dataclass
class ContractState:
    """The state variables of a contract, as of *status_date*."""

    status_date: datetime
    notional: Decimal = _ZERO
    rate: Decimal = _ZERO
    accrued: Decimal = _ZERO
    fee_accrued: Decimal = _ZERO
    base: Decimal = _ZERO
    """The base that interest is calculated on."""
    redemption: Decimal = _ZERO
    """The next payment of principal; for NAM and ANN it includes interest."""
    notional_scaling: Decimal = Decimal(1)
    interest_scaling: Decimal = Decimal(1)


class Contract:
    """One contract during its life: its state, and what the next event pays."""

    def __init__(self, terms: ContractTerms, observed: Observations) -> None:
        self._terms, self._observed = terms, observed
        self._ends = maturity(terms)
        self._redemptions = redemptions(terms, self._ends)
        self._amortized_at = redemptions(terms, terms.amortization_date or self._ends)
        self._amortized_over = [
            _times(terms.plain_years(*pair), Decimal(1)) for pair in pairwise(self._amortized_at)
        ][::-1]
        self.state = ContractState(
            terms.status_date,
            notional_scaling=terms.notional_scaling_multiplier,
            interest_scaling=terms.interest_scaling_multiplier,
            fee_accrued=(terms.fee_accrued or _ZERO) * terms.sign,
        )
        if terms.initial_exchange_date <= terms.status_date:
            self._begin()
            self.state.accrued = self._accrued_before(terms.status_date)
        self.state.redemption = self._first_redemption()

    def take(self, event: ScheduledEvent) -> Decimal:
        """Apply *event* to the state; return the amount that it pays, positive to the holder."""
        if event.type not in ("IED", "MD"):
            self._accrue(event.time)
        paid = _EVENTS[event.type](self, event)
        self.state.status_date = event.time
        return paid * self._exchange_rate(event.time)

    # ---- what the events pay, and change

    def _ied(self, event: ScheduledEvent) -> Decimal:
        """The notional is lent, less premium or discount."""
        terms = self._terms
        self._begin()
        self._accrue_from_anchor(event.time)
        is_annuity = terms.contract_type is ContractType.ANN
        is_open = is_annuity and terms.next_principal_redemption_payment is None
        # Without a PRF event before it, a redemption on this same day is fixed here.
        if is_open and self._redemptions[0] <= event.time:
            self.state.redemption = self._annuity(event.time, with_today=True)
        return -terms.sign * (terms.notional_principal + terms.premium_discount_at_ied)

    def _pr(self, _: ScheduledEvent) -> Decimal:
        """Principal: the amount due, or what is left. For NAM and ANN the payment less its interest, maybe negative."""
        terms, state = self._terms, self.state
        amount = state.redemption
        if terms.contract_type is not ContractType.LAM:
            amount -= terms.sign * state.accrued
        amount = min(amount, abs(state.notional))
        state.notional -= terms.sign * amount
        self._follow()
        return terms.sign * state.notional_scaling * amount

    def _ip(self, _: ScheduledEvent) -> Decimal:
        paid = self.state.interest_scaling * self.state.accrued
        self.state.accrued = _ZERO
        return paid

    def _ipci(self, _: ScheduledEvent) -> Decimal:
        self.state.notional += self.state.accrued
        self.state.accrued = _ZERO
        self._follow()
        return _ZERO

    def _pp(self, event: ScheduledEvent) -> Decimal:
        terms, state = self._terms, self.state
        if terms.prepayment_effect == "N":
            raise TermsInconsistent("a prepayment was observed, and prepaymentEffect allows none")
        amount = min(event.value, abs(state.notional))
        state.notional -= terms.sign * amount
        self._follow()
        return terms.sign * amount

    def _fp(self, _: ScheduledEvent) -> Decimal:
        terms, paid = self._terms, self.state.fee_accrued
        if terms.fee_basis is FeeBasis.A:
            paid = terms.sign * (terms.fee_rate or _ZERO)
        self.state.fee_accrued = _ZERO
        return paid

    def _rr(self, event: ScheduledEvent) -> Decimal:
        """The observed rate with multiplier and spread, within the bounds of a reset and of the contract's life."""
        terms, rate = self._terms, self.state.rate
        observed = self._observed.at(terms.market_object_code_of_rate_reset, event.time)
        change = observed * terms.rate_multiplier + terms.rate_spread - rate
        change = _between(change, terms.period_floor, terms.period_cap)
        self.state.rate = _between(rate + change, terms.life_floor, terms.life_cap)
        return _ZERO

    def _rrf(self, _: ScheduledEvent) -> Decimal:
        self.state.rate = self._terms.next_reset_rate or _ZERO
        return _ZERO

    def _prf(self, event: ScheduledEvent) -> Decimal:
        self.state.redemption = self._annuity(event.time)
        return _ZERO

    def _sc(self, event: ScheduledEvent) -> Decimal:
        terms, state = self._terms, self.state
        index = self._observed.at(terms.market_object_code_of_scaling_index, event.time)
        ratio = index / (terms.scaling_index_at_contract_deal_date or Decimal(1))
        if terms.scales("N"):
            state.notional_scaling = ratio
        if terms.scales("I"):
            state.interest_scaling = ratio
        return _ZERO

    def _ipcb(self, _: ScheduledEvent) -> Decimal:
        self.state.base = self.state.notional
        return _ZERO

    def _prd(self, _: ScheduledEvent) -> Decimal:
        price = self._terms.price_at_purchase_date or _ZERO
        return -self._terms.sign * (price + self.state.accrued)

    def _td(self, _: ScheduledEvent) -> Decimal:
        price = self._terms.price_at_termination_date or _ZERO
        paid = self._terms.sign * (price + self.state.accrued)
        self._end()
        return paid

    def _md(self, _: ScheduledEvent) -> Decimal:
        state = self.state
        paid = state.notional_scaling * state.notional + state.fee_accrued
        paid += state.interest_scaling * state.accrued
        self._end()
        return paid

    def _ad(self, _: ScheduledEvent) -> Decimal:
        return _ZERO

    # ---- the state

    def _begin(self) -> None:
        """The notional is lent, at its first rate."""
        terms, state = self._terms, self.state
        state.notional = terms.sign * terms.notional_principal
        state.rate = terms.rate
        amount = terms.interest_calculation_base_amount
        is_notional = terms.interest_calculation_base is InterestCalculationBase.NT
        state.base = state.notional if is_notional or amount is None else terms.sign * amount

    def _accrue_from_anchor(self, time: datetime) -> None:
        """At the initial exchange: the accrued interest in the terms, or the interest since an earlier anchor."""
        terms, state = self._terms, self.state
        anchor = terms.cycle_anchor_date_of_interest_payment
        if terms.accrued_interest is not None:
            state.accrued = terms.sign * terms.accrued_interest
        elif anchor is not None and anchor < time:
            state.accrued = _times(terms.years(anchor, time), state.notional * state.rate)
        else:
            state.accrued = _ZERO

    def _accrued_before(self, today: datetime) -> Decimal:
        """Interest accrued at the status date: by the terms, or since the last payment if there was one."""
        terms, state = self._terms, self.state
        if terms.accrued_interest is not None:
            return terms.sign * terms.accrued_interest
        past = [time for time in interest_times(terms, self._ends) if time < today]
        if not past:
            return _ZERO
        return _times(terms.years(max(past), today), state.base * state.rate)

    def _accrue(self, time: datetime) -> None:
        terms, state = self._terms, self.state
        passed = terms.years(state.status_date, time)
        state.accrued += _times(passed, state.rate * state.base)
        if terms.fee_basis is FeeBasis.N and terms.fee_rate is not None:
            state.fee_accrued += _times(passed, state.notional * terms.fee_rate)

    def _end(self) -> None:
        state = self.state
        state.notional = state.accrued = state.fee_accrued = state.base = _ZERO

    def _follow(self) -> None:
        """Calculate interest on the outstanding notional, unless the terms keep another base."""
        terms = self._terms
        is_pam = terms.contract_type is ContractType.PAM
        if is_pam or terms.interest_calculation_base is InterestCalculationBase.NT:
            self.state.base = self.state.notional

    # ---- the redemption

    def _first_redemption(self) -> Decimal:
        terms = self._terms
        if terms.next_principal_redemption_payment is not None:
            return terms.next_principal_redemption_payment
        following = [time for time in self._redemptions if time > terms.status_date]
        if terms.contract_type is ContractType.LAM and following:
            return terms.notional_principal / len(following)
        is_lent = terms.initial_exchange_date <= terms.status_date
        if terms.contract_type is ContractType.ANN and is_lent and following:
            return self._annuity(terms.status_date)
        return _ZERO

    def _annuity(self, time: datetime, *, with_today: bool = False) -> Decimal:
        """The payment that, made at each redemption from *time* on, leaves nothing at the end (section 4.8)."""
        terms, state = self._terms, self.state
        at = [when for when in self._amortized_at if when > time or (with_today and when == time)]
        if not at:
            raise TermsInconsistent(f"no redemption after {time}: an annuity can't be fixed")
        to_first = _times(terms.plain_years(time, at[0]), state.rate * state.notional)
        owed = state.notional + state.accrued + to_first
        growth, weight = Decimal(1), Decimal(1)
        for period in self._amortized_over[: len(at) - 1]:
            growth *= 1 + period * state.rate
            weight += growth
        return terms.sign * owed * growth / weight

    def _exchange_rate(self, time: datetime) -> Decimal:
        terms = self._terms
        if terms.settlement_currency in ("", terms.currency):
            return Decimal(1)
        return self._observed.at(f"{terms.currency}/{terms.settlement_currency}", time)


_EVENTS: dict[str, Callable[[Contract, ScheduledEvent], Decimal]] = {
    "IED": Contract._ied,
    "PR": Contract._pr,
    "IP": Contract._ip,
    "IPCI": Contract._ipci,
    "PP": Contract._pp,
    "FP": Contract._fp,
    "RR": Contract._rr,
    "RRF": Contract._rrf,
    "PRF": Contract._prf,
    "SC": Contract._sc,
    "IPCB": Contract._ipcb,
    "PRD": Contract._prd,
    "TD": Contract._td,
    "MD": Contract._md,
    "AD": Contract._ad,
}
"""Event type → the function that pays it and changes the state; interest is accrued before."""


def _times(time: Fraction, amount: Decimal) -> Decimal:
    return amount * time.numerator / time.denominator


def _between(value: Decimal, low: Decimal | None, high: Decimal | None) -> Decimal:
    if low is not None and value < low:
        value = low
    return high if high is not None and value > high else value
