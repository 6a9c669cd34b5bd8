"""Events that the published cases don't have, each against figures worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.oracle.rules.schedule.cases import ScheduleCase
from counterfoil.oracle.rules.schedule.errors import ScheduleError
from counterfoil.oracle.rules.schedule.schedule_events import ScheduleEvent

PAM = {
    "contractType": "PAM",
    "contractRole": "RPA",
    "statusDate": "2025-12-31",
    "initialExchangeDate": "2026-01-01",
    "maturityDate": "2026-07-01",
    "notionalPrincipal": "1200",
    "nominalInterestRate": "0.1",
    "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2026-04-01",
    "cycleOfInterestPayment": "P3ML0",
}
LAM = {
    **PAM,
    "contractType": "LAM",
    "cycleAnchorDateOfPrincipalRedemption": "2026-04-01",
    "cycleOfPrincipalRedemption": "P3ML0",
    "maturityDate": "2026-10-01",
    "nextPrincipalRedemptionPayment": "500",
}
NAM = {**LAM, "contractType": "NAM", "nextPrincipalRedemptionPayment": "10"}


def run(terms: dict[str, Any], **case: Any) -> list[ScheduleEvent]:
    return ScheduleCase("case", {"terms": terms, **case}).events()


def rows(events: list[ScheduleEvent]) -> list[tuple[str, str, str, str]]:
    """(date, type, payoff, notional) of each."""
    return [
        (f"{e.event_date:%m-%d}", e.event_type, f"{e.payoff:.2f}", f"{e.notional_principal:.2f}")
        for e in events
    ]


def market(**values: dict[str, str]) -> dict[str, Any]:
    return {
        code: {"data": [{"timestamp": when, "value": value} for when, value in one.items()]}
        for code, one in values.items()
    }


def refusal(terms: dict[str, Any], **case: Any) -> str:
    with pytest.raises(ScheduleError) as refused:
        run(terms, **case)
    return refused.value.code


def test_a_negative_amortizer_adds_the_interest_that_its_payment_does_not_cover() -> None:
    assert rows(run(NAM)) == [
        ("01-01", "IED", "-1200.00", "1200.00"),
        ("04-01", "PR", "-20.00", "1220.00"),
        ("04-01", "IP", "30.00", "1220.00"),
        ("07-01", "PR", "-20.50", "1240.50"),
        ("07-01", "IP", "30.50", "1240.50"),
        ("10-01", "IP", "31.01", "1240.50"),
        ("10-01", "MD", "1240.50", "0.00"),
    ]


def test_a_negative_amortizers_payment_stays_when_its_rate_is_reset() -> None:
    terms = {
        **NAM,
        "nextPrincipalRedemptionPayment": "430",
        "cycleAnchorDateOfRateReset": "2026-04-01",
        "cycleOfRateReset": "P3ML1",
        "marketObjectCodeOfRateReset": "RATE",
        "rateSpread": "0.02",
    }
    del terms["maturityDate"]
    found = run(terms, dataObserved=market(RATE={"2026-01-01": "0.18"}))
    # ceil(1200 / (430 − 30)) = 3 payments; 20 % from April on
    assert rows(found) == [
        ("01-01", "IED", "-1200.00", "1200.00"),
        ("04-01", "PR", "400.00", "800.00"),
        ("04-01", "IP", "30.00", "800.00"),
        ("04-01", "RR", "0.00", "800.00"),
        ("07-01", "PR", "390.00", "410.00"),
        ("07-01", "IP", "40.00", "410.00"),
        ("07-01", "RR", "0.00", "410.00"),
        ("10-01", "IP", "20.50", "410.00"),
        ("10-01", "MD", "410.00", "0.00"),
    ]


def test_a_payment_that_never_pays_off_needs_a_maturity() -> None:
    terms = {name: value for name, value in NAM.items() if name != "maturityDate"}
    assert refusal(terms) == "schedule.terms_inconsistent"


def test_the_last_redemption_is_what_is_left_for_either_role() -> None:
    for role, sign in (("RPA", 1), ("RPL", -1)):
        terms = {**LAM, "contractRole": role, "maturityDate": "2027-04-01"}
        paid = [e.payoff * sign for e in run(terms) if e.event_type == "PR"]
        assert paid == [500, 500, 200, 0]


def test_a_linear_amortizers_end_follows_from_its_payment() -> None:
    terms = {name: value for name, value in LAM.items() if name != "maturityDate"}
    assert rows(run(terms))[-1] == ("10-01", "MD", "200.00", "0.00")
    later = {**terms, "statusDate": "2026-05-01", "notionalPrincipal": "700"}
    assert rows(run(later))[-1] == ("10-01", "MD", "200.00", "0.00")


def test_interest_on_the_first_notional_never_shrinks() -> None:
    terms = {**LAM, "interestCalculationBase": "NTIED", "interestCalculationBaseAmount": "1200"}
    assert [e.payoff for e in run(terms) if e.event_type == "IP"] == [30, 30, 30]


def test_a_fixed_reset_comes_first_and_the_observed_after_it() -> None:
    terms = {
        **PAM,
        "cycleAnchorDateOfRateReset": "2026-02-01",
        "cycleOfRateReset": "P2ML1",
        "nextResetRate": "0.2",
        "marketObjectCodeOfRateReset": "RATE",
        "lifeCap": "0.24",
        "periodFloor": "-0.05",
    }
    found = run(terms, dataObserved=market(RATE={"2026-02-01": "0.9", "2026-06-01": "0"}))
    resets = [(e.event_type, e.nominal_interest_rate) for e in found if e.event_type[:2] == "RR"]
    assert resets == [("RRF", Decimal("0.2")), ("RR", Decimal("0.24")), ("RR", Decimal("0.19"))]
    # 1 month at 10 %, 2 at 20 %: 10 + 40
    assert [e.payoff for e in found if e.event_type == "IP"] == [50, 24 * 2 + 19]
    assert refusal(terms) == "schedule.observation_missing"


def test_an_annuity_is_fixed_again_after_a_reset() -> None:
    terms = {
        **LAM,
        "contractType": "ANN",
        "nextPrincipalRedemptionPayment": "",
        "cycleAnchorDateOfRateReset": "2026-04-01",
        "cycleOfRateReset": "P6ML1",
        "marketObjectCodeOfRateReset": "RATE",
    }
    found = run(terms, dataObserved=market(RATE={"2026-04-01": "0.2"}))
    types = [e.event_type for e in found]
    assert types == ["IED", "PRF", "PR", "IP", "RR", "PRF", "PR", "IP", "IP", "MD"]
    left = found[4].notional_principal
    payment = left * Decimal("1.05") * Decimal("1.05") / Decimal("2.05")
    assert abs(found[6].payoff + found[7].payoff - payment) < Decimal("1e-12")
    assert abs(found[8].payoff + found[9].payoff - payment) < Decimal("1e-12")


def test_an_annuity_that_ends_before_its_first_redemption_is_repaid_at_the_end() -> None:
    terms = {
        **LAM,
        "contractType": "ANN",
        "nextPrincipalRedemptionPayment": "",
        "maturityDate": "2026-03-01",
    }
    assert [(e.event_type, e.payoff) for e in run(terms)][1:] == [("IP", 20), ("MD", 1200)]


def test_an_annuitys_own_interest_cycle_ends_where_redemption_begins() -> None:
    terms = {
        **LAM,
        "contractType": "ANN",
        "cycleAnchorDateOfInterestPayment": "2026-02-01",
        "cycleOfInterestPayment": "P1ML0",
        "cycleAnchorDateOfPrincipalRedemption": "2026-06-01",
        "cycleOfPrincipalRedemption": "P2ML0",
    }
    paid = [f"{e.event_date:%m-%d}" for e in run(terms) if e.event_type == "IP"]
    assert paid == ["02-01", "03-01", "04-01", "06-01", "08-01", "10-01"]


def test_fees_are_amounts_or_rates_on_what_is_outstanding() -> None:
    fee = {"cycleAnchorDateOfFee": "2026-04-01", "cycleOfFee": "P3ML0"}
    amount = run({**LAM, **fee, "feeBasis": "A", "feeRate": "7"})
    assert [e.payoff for e in amount if e.event_type == "FP"] == [7, 7, 7]
    assert amount[-1].payoff == 200
    rate = run({**LAM, **fee, "feeBasis": "N", "feeRate": "0.04"})
    assert [e.payoff for e in rate if e.event_type == "FP"] == [12, 7, 2]
    owed = run({**LAM, **fee, "feeBasis": "N", "feeRate": "0.04", "contractRole": "RPL"})
    assert [e.payoff for e in owed if e.event_type == "FP"] == [-12, -7, -2]


def test_an_index_scales_principal_and_interest() -> None:
    terms = {
        **LAM,
        "scalingEffect": "IN0",
        "cycleAnchorDateOfScalingIndex": "2026-06-01",
        "cycleOfScalingIndex": "P6ML1",
        "marketObjectCodeOfScalingIndex": "INDEX",
        "scalingIndexAtContractDealDate": "80",
    }
    found = run(terms, dataObserved=market(INDEX={"2026-05-31": "120"}))
    assert rows(found)[-4:] == [
        ("07-01", "PR", "750.00", "200.00"),
        ("07-01", "IP", "26.25", "200.00"),
        ("10-01", "IP", "7.50", "200.00"),
        ("10-01", "MD", "300.00", "0.00"),
    ]


def test_capitalized_interest_bears_interest() -> None:
    found = run({**PAM, "capitalizationEndDate": "2026-04-01"})
    assert rows(found) == [
        ("01-01", "IED", "-1200.00", "1200.00"),
        ("04-01", "IPCI", "0.00", "1230.00"),
        ("07-01", "IP", "30.75", "1230.00"),
        ("07-01", "MD", "1230.00", "0.00"),
    ]


def test_a_negative_amortizer_without_a_cycle_of_interest_pays_it_with_each_payment() -> None:
    terms = {
        **NAM,
        "nextPrincipalRedemptionPayment": "430",
        "capitalizationEndDate": "2026-04-01",
        "cycleAnchorDateOfPrincipalRedemption": "2026-07-01",
        "cycleAnchorDateOfInterestPayment": None,
        "cycleOfInterestPayment": None,
    }
    assert rows(run(terms)) == [
        ("01-01", "IED", "-1200.00", "1200.00"),
        ("04-01", "IPCI", "0.00", "1230.00"),
        ("07-01", "PR", "399.25", "830.75"),
        ("07-01", "IP", "30.75", "830.75"),
        ("10-01", "IP", "20.77", "830.75"),
        ("10-01", "MD", "830.75", "0.00"),
    ]


def test_a_contract_that_is_sold_ends_and_one_that_is_bought_begins() -> None:
    sold = run({**PAM, "terminationDate": "2026-05-01", "priceAtTerminationDate": "1190"})
    assert rows(sold)[-1] == ("05-01", "TD", "1200.00", "0.00")
    bought = {**PAM, "purchaseDate": "2026-05-01", "priceAtPurchaseDate": "1190"}
    assert rows(run(bought)) == [
        ("05-01", "PRD", "-1200.00", "1200.00"),
        ("07-01", "IP", "30.00", "1200.00"),
        ("07-01", "MD", "1200.00", "0.00"),
    ]
    assert run(bought, to="2026-04-30") == []


def test_a_prepayment_is_observed_and_bears_no_more_interest() -> None:
    events = [{"time": "2026-05-01T00:00:00", "type": "PP", "value": "200"}]
    found = run(PAM, eventsObserved=[*events, {"time": "2026-06-01", "type": "AD"}])
    assert rows(found)[2:] == [
        ("05-01", "PP", "200.00", "1000.00"),
        ("06-01", "AD", "0.00", "1000.00"),
        ("07-01", "IP", "26.67", "1000.00"),
        ("07-01", "MD", "1000.00", "0.00"),
    ]
    forbidden = {**PAM, "prepaymentEffect": "N"}
    assert refusal(forbidden, eventsObserved=events) == "schedule.terms_inconsistent"
    assert refusal(PAM, eventsObserved=[{"type": "CE"}]) == "input.malformed"


def test_interest_without_a_cycle_is_paid_at_the_end() -> None:
    cycle = ("cycleAnchorDateOfInterestPayment", "cycleOfInterestPayment")
    terms = {name: value for name, value in PAM.items() if name not in cycle}
    assert [(e.event_type, e.payoff) for e in run(terms)][1:] == [("IP", 60), ("MD", 1200)]
    assert [e.event_type for e in run({**terms, "nominalInterestRate": "0"})] == ["IED", "MD"]


def test_an_anchor_that_is_not_given_is_a_cycle_after_the_start() -> None:
    terms = {name: v for name, v in PAM.items() if name != "cycleAnchorDateOfInterestPayment"}
    assert run(terms) == run(PAM)


def test_what_was_accrued_at_the_status_date_is_counted_or_said() -> None:
    later = {**PAM, "statusDate": "2026-05-01"}
    assert [e.payoff for e in run(later)] == [30, 1200]
    assert run({**later, "accruedInterest": "3"})[0].payoff == 23


def test_the_last_interest_is_paid_on_the_maturity_even_where_it_is_no_business_day() -> None:
    sunday = {**PAM, "maturityDate": "2026-08-02", "businessDayConvention": "SCF", "calendar": "MF"}
    assert [(f"{e.event_date:%m-%d}", e.event_type) for e in run(sunday)][-2:] == [
        ("08-02", "IP"),
        ("08-02", "MD"),
    ]
    amortizer = {**LAM, "maturityDate": "2026-08-02", "businessDayConvention": "SCF"}
    amortizer["calendar"] = "MF"
    assert [f"{e.event_date:%m-%d}" for e in run(amortizer)][-2:] == ["08-03", "08-03"]


def test_an_end_that_follows_from_the_payment_is_a_business_day_and_redeems_once() -> None:
    rules = {
        "businessDayConvention": "CSF",
        "calendar": "MF",
        "cycleOfPrincipalRedemption": "P1ML1",
    }
    for kind in ("LAM", "NAM", "ANN"):
        terms = {**LAM, **rules, "contractType": kind, "cycleOfInterestPayment": "P1ML1"}
        terms["cycleAnchorDateOfInterestPayment"] = "2026-02-01"
        terms["cycleAnchorDateOfPrincipalRedemption"] = "2026-02-01"
        del terms["maturityDate"]
        found = run({**terms, "nextPrincipalRedemptionPayment": "450"})
        # Three payments, the first two on Sundays; the third is 1 April.
        days = [f"{e.event_date:%m-%d} {e.event_type}" for e in found[1:]]
        assert days == ["02-02 PR", "02-02 IP", "03-02 PR", "03-02 IP", "04-01 IP", "04-01 MD"]
        # Seven: 1 August is a Saturday.
        found = run({**terms, "nextPrincipalRedemptionPayment": "185"})
        assert [f"{e.event_date:%m-%d} {e.event_type}" for e in found[-2:]] == [
            "08-03 IP",
            "08-03 MD",
        ]
        assert [e.event_type for e in found].count("PR") == 6


def test_amounts_are_settled_at_the_rate_that_was_observed() -> None:
    terms = {**PAM, "currency": "USD", "settlementCurrency": "CNY"}
    found = run(terms, dataObserved=market(**{"USD/CNY": {"2025-12-31": "7", "2026-06-30": "8"}}))
    assert [e.payoff for e in found] == [-8400, 210, 240, 9600]
    assert refusal(terms) == "schedule.observation_missing"


def test_amounts_and_dates_out_of_reach_are_refused() -> None:
    huge = {**NAM, "nominalInterestRate": "1e29", "notionalPrincipal": "1e29"}
    assert refusal(huge) == "schedule.value_invalid"
    forever = {**LAM, "nextPrincipalRedemptionPayment": "0.000001"}
    del forever["maturityDate"]
    assert refusal(forever) == "schedule.too_long"


def test_who_owes_sees_the_holders_events_with_the_other_sign() -> None:
    """Every kind, with resets, fees, an index, capitalization and a prepayment: only the sign differs."""
    more = {
        "cycleAnchorDateOfRateReset": "2026-03-01",
        "cycleOfRateReset": "P2ML1",
        "marketObjectCodeOfRateReset": "RATE",
        "cycleAnchorDateOfFee": "2026-02-01",
        "cycleOfFee": "P3ML1",
        "feeBasis": "N",
        "feeRate": "0.01",
        "scalingEffect": "IN0",
        "cycleAnchorDateOfScalingIndex": "2026-05-01",
        "cycleOfScalingIndex": "P3ML1",
        "marketObjectCodeOfScalingIndex": "INDEX",
        "scalingIndexAtContractDealDate": "80",
        "capitalizationEndDate": "2026-04-01",
        "premiumDiscountAtIED": "-5",
    }
    observed = market(RATE={"2026-01-01": "0.07"}, INDEX={"2026-01-01": "84"})
    paid = [{"time": "2026-06-01", "type": "PP", "value": "100"}]
    for terms in (PAM, LAM, NAM, {**LAM, "contractType": "ANN"}):
        holds, owes = (
            run(
                {**terms, **more, "contractRole": role},
                dataObserved=observed,
                eventsObserved=paid,
            )
            for role in ("RPA", "RPL")
        )
        assert {"IPCI", "RR", "FP", "SC", "PP", "MD"} <= {e.event_type for e in holds}
        for one, other in zip(holds, owes, strict=True):
            assert (one.event_date, one.event_type) == (other.event_date, other.event_type)
            assert one.nominal_interest_rate == other.nominal_interest_rate
            for name in ("payoff", "notional_principal", "accrued_interest"):
                assert getattr(one, name) == -getattr(other, name), (one, name)


@given(
    kind=st.sampled_from(("PAM", "LAM", "NAM", "ANN")),
    role=st.sampled_from(("RPA", "RPL")),
    rate=st.integers(0, 400),
    notional=st.integers(1, 10**9),
    months=st.integers(2, 60),
    count=st.sampled_from(("AA", "A360", "A365", "30E360", "30E360ISDA")),
    cycle=st.sampled_from(("P1ML0", "P1ML1", "P3ML0", "P2WL1")),
    day=st.sampled_from(("01", "15", "31")),
)
def test_principal_comes_back_and_interest_is_on_what_is_outstanding(
    kind: str,
    role: str,
    rate: int,
    notional: int,
    months: int,
    count: str,
    cycle: str,
    day: str,
) -> None:
    terms = {
        "contractType": kind,
        "contractRole": role,
        "statusDate": "2023-12-31",
        "initialExchangeDate": f"2024-01-{day}",
        "maturityDate": f"{2024 + months // 12}-{months % 12 + 1:02}-20",
        "notionalPrincipal": str(notional),
        "nominalInterestRate": f"{rate}e-3",
        "dayCountConvention": count,
        "cycleOfInterestPayment": cycle,
        "cycleOfPrincipalRedemption": cycle,
        "endOfMonthConvention": "EOM",
    }
    if kind == "NAM":
        terms["nextPrincipalRedemptionPayment"] = str(max(1, notional // 50))
    found = run(terms)
    repaid = sum(e.payoff for e in found if e.event_type in {"PR", "MD"})
    assert abs(found[0].payoff + repaid) < Decimal("1e-9"), "lent and paid back"
    assert found[-1].notional_principal == 0
    sign = 1 if role == "RPA" else -1
    assert all(e.payoff * sign >= 0 for e in found if e.event_type == "IP")
    if kind == "ANN":
        # All but the stub at the end are alike.
        together: dict[Any, Decimal] = {}
        for event in found[1:]:
            together[event.event_date] = together.get(event.event_date, Decimal(0)) + event.payoff
        even = [abs(paid) for paid in together.values() if paid]
        assert max(even) - min(even) < Decimal("1e-9") * max(even)
