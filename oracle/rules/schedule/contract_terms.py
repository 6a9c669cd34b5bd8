"""Contract terms of PAM, LAM, NAM and ANN, in the words of the ACTUS dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from counterfoil.oracle.rules.schedule import day_counts
from counterfoil.oracle.rules.schedule.business_days import BusinessDayConvention, Calendar
from counterfoil.oracle.rules.schedule.cycles import Cycle, EndOfMonthConvention


class ContractType(StrEnum):
    """Principal at maturity, linear amortizer, negative amortizer, annuity."""

    PAM = "PAM"
    LAM = "LAM"
    NAM = "NAM"
    ANN = "ANN"


class DayCount(StrEnum):
    """The dictionary's `dayCountConvention`."""

    AA = "AA"
    A360 = "A360"
    A365 = "A365"
    THIRTY_E_360 = "30E360"
    THIRTY_E_360_ISDA = "30E360ISDA"
    TWENTY_EIGHT_E_336 = "28E336"
    B252 = "B252"


class InterestCalculationBase(StrEnum):
    """NT: the outstanding notional; NTIED: that at the start; NTL: that at the last IPCB event."""

    NT = "NT"
    NTIED = "NTIED"
    NTL = "NTL"


class FeeBasis(StrEnum):
    """A: an amount; N: a rate on the outstanding notional."""

    A = "A"
    N = "N"


SIGNS = {
    **dict.fromkeys(("RPA", "LG", "BUY", "RFL", "RF", "CLO", "CNO", "COL"), 1),
    **dict.fromkeys(("RPL", "ST", "SEL", "PFL", "PF"), -1),
}


@dataclass(frozen=True)
class ContractTerms:
    """One contract's terms; field names are the dictionary's, in snake case."""

    contract_type: ContractType
    contract_role: str
    status_date: datetime
    initial_exchange_date: datetime
    notional_principal: Decimal
    day_count_convention: DayCount
    contract_id: str = ""
    currency: str = ""
    settlement_currency: str = ""
    calendar: Calendar = Calendar.NC
    business_day_convention: BusinessDayConvention = BusinessDayConvention.NOS
    end_of_month_convention: EndOfMonthConvention = EndOfMonthConvention.SD
    maturity_date: datetime | None = None
    amortization_date: datetime | None = None
    premium_discount_at_ied: Decimal = Decimal(0)
    nominal_interest_rate: Decimal | None = None
    accrued_interest: Decimal | None = None
    cycle_anchor_date_of_interest_payment: datetime | None = None
    cycle_of_interest_payment: Cycle | None = None
    cycle_point_of_interest_payment: str = "E"
    capitalization_end_date: datetime | None = None
    interest_calculation_base: InterestCalculationBase = InterestCalculationBase.NT
    interest_calculation_base_amount: Decimal | None = None
    cycle_anchor_date_of_interest_calculation_base: datetime | None = None
    cycle_of_interest_calculation_base: Cycle | None = None
    cycle_anchor_date_of_principal_redemption: datetime | None = None
    cycle_of_principal_redemption: Cycle | None = None
    next_principal_redemption_payment: Decimal | None = None
    cycle_anchor_date_of_rate_reset: datetime | None = None
    cycle_of_rate_reset: Cycle | None = None
    market_object_code_of_rate_reset: str = ""
    rate_multiplier: Decimal = Decimal(1)
    rate_spread: Decimal = Decimal(0)
    next_reset_rate: Decimal | None = None
    life_cap: Decimal | None = None
    life_floor: Decimal | None = None
    period_cap: Decimal | None = None
    period_floor: Decimal | None = None
    cycle_anchor_date_of_fee: datetime | None = None
    cycle_of_fee: Cycle | None = None
    fee_basis: FeeBasis | None = None
    fee_rate: Decimal | None = None
    fee_accrued: Decimal | None = None
    cycle_anchor_date_of_scaling_index: datetime | None = None
    cycle_of_scaling_index: Cycle | None = None
    market_object_code_of_scaling_index: str = ""
    scaling_index_at_contract_deal_date: Decimal | None = None
    scaling_effect: str = "000"
    notional_scaling_multiplier: Decimal = Decimal(1)
    interest_scaling_multiplier: Decimal = Decimal(1)
    purchase_date: datetime | None = None
    price_at_purchase_date: Decimal | None = None
    termination_date: datetime | None = None
    price_at_termination_date: Decimal | None = None
    prepayment_effect: str = ""

    @property
    def sign(self) -> int:
        """1 for the party that receives, −1 for the one that pays."""
        return SIGNS[self.contract_role]

    @property
    def rate(self) -> Decimal:
        return self.nominal_interest_rate or Decimal(0)

    @property
    def is_fee_due(self) -> bool:
        return bool(self.fee_rate) and bool(self.cycle_of_fee or self.cycle_anchor_date_of_fee)

    def scales(self, what: str) -> bool:
        """Whether an index scales interest (*what* is I) or the notional (N)."""
        return what in self.scaling_effect

    def shift(self, time: datetime) -> datetime:
        """When an event scheduled for *time* happens."""
        return self.business_day_convention.shift(time, self.calendar)

    def years(self, start: datetime, end: datetime) -> Fraction:
        """The year fraction between two times as scheduled."""
        shift = self.business_day_convention.calculate
        return self.plain_years(shift(start, self.calendar), shift(end, self.calendar))

    def plain_years(self, start: datetime, end: datetime) -> Fraction:
        """The year fraction between two times, neither shifted."""
        first, last = day_of(start), day_of(end)
        match self.day_count_convention:
            case DayCount.THIRTY_E_360_ISDA:
                ends = self.maturity_date or self.amortization_date
                return day_counts.thirty_e_360_isda(first, last, day_of(ends) if ends else None)
            case DayCount.B252:
                return day_counts.business_252(first, last, self.calendar.is_business_day)
            case convention:
                return _YEAR_FRACTIONS[convention](first, last)


_YEAR_FRACTIONS: dict[DayCount, day_counts.YearFraction] = {
    DayCount.AA: day_counts.act_act_isda,
    DayCount.A360: day_counts.act_360,
    DayCount.A365: day_counts.act_365f,
    DayCount.THIRTY_E_360: day_counts.thirty_e_360,
    DayCount.TWENTY_EIGHT_E_336: day_counts.twenty_eight_e_336,
}


def day_of(time: datetime) -> date:
    """The day that *time* counts as: the last half hour of a day counts as the next midnight."""
    is_midnight = (time.hour, time.minute) >= (23, 30) and time.date() != date.max
    return time.date() + timedelta(days=is_midnight)
