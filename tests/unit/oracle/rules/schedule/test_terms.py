"""Terms as the ACTUS dictionary names them: what is read, and what is refused with which code."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.oracle.rules.schedule.cases import ScheduleCase
from counterfoil.oracle.rules.schedule.contract_terms import DayCount, day_of
from counterfoil.oracle.rules.schedule.errors import ScheduleError
from counterfoil.oracle.rules.schedule.term_fields import _READERS, read_terms, read_time

PAM = {
    "contractType": "PAM",
    "contractRole": "RPA",
    "statusDate": "2025-12-31T00:00:00",
    "initialExchangeDate": "2026-01-01T00:00:00",
    "maturityDate": "2027-01-01T00:00:00",
    "notionalPrincipal": " 1000.10 ",
    "nominalInterestRate": "0.05",
    "dayCountConvention": "A360",
    "cycleOfInterestPayment": "P1ML0",
}
LAM = {**PAM, "contractType": "LAM", "cycleOfPrincipalRedemption": "P1ML0"}
NAM = {**LAM, "contractType": "NAM", "nextPrincipalRedemptionPayment": "100"}
ANN = {**LAM, "contractType": "ANN"}


def without(terms: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in terms.items() if name not in names}


def test_terms_are_read_digit_by_digit() -> None:
    terms = read_terms({**PAM, "calendar": "", "rateSpread": None, "creatorID": "anyone"})
    assert terms.notional_principal == Decimal("1000.10")
    assert terms.initial_exchange_date.isoformat() == "2026-01-01T00:00:00"
    assert terms.day_count_convention is DayCount.A360
    assert read_terms({**PAM, "dayCountConvention": "30E/360 ISDA"}).day_count_convention is (
        DayCount.THIRTY_E_360_ISDA
    )


def test_24_hours_are_the_next_days_midnight() -> None:
    assert read_time("to", "2026-02-28T24:00:00").isoformat() == "2026-03-01T00:00:00"
    assert day_of(read_time("to", "2026-02-28T23:59:59")).isoformat() == "2026-03-01"
    assert day_of(read_time("to", "2026-02-28T12:00")).isoformat() == "2026-02-28"


@pytest.mark.parametrize(
    ("terms", "changed", "code", "named"),
    [
        (PAM, {"contractType": "SWAPS"}, "contract_type_unsupported", "PAM, LAM, NAM, ANN"),
        (PAM, {"contractType": 5}, "contract_type_unsupported", "5"),
        (PAM, {"maturitydate": "2027-01-01"}, "field_unknown", "maturityDate"),
        (PAM, {"notionalPrincipal": "1,000"}, "value_invalid", "notionalPrincipal"),
        (PAM, {"notionalPrincipal": "Infinity"}, "value_invalid", "notionalPrincipal"),
        (PAM, {"notionalPrincipal": True}, "value_invalid", "notionalPrincipal"),
        (PAM, {"notionalPrincipal": 0.1}, "value_invalid", "notionalPrincipal"),
        (PAM, {"notionalPrincipal": "1e31"}, "value_invalid", "notionalPrincipal"),
        (PAM, {"maturityDate": "2027-02-29"}, "value_invalid", "maturityDate"),
        (PAM, {"maturityDate": 20270101}, "value_invalid", "maturityDate"),
        (PAM, {"contractRole": "LENDER"}, "enum_unknown", "contractRole"),
        (PAM, {"dayCountConvention": "A366"}, "enum_unknown", "30E360ISDA"),
        (PAM, {"calendar": "MFH"}, "enum_unknown", "NC, MF"),
        (PAM, {"businessDayConvention": "SCQ"}, "enum_unknown", "SCMF"),
        (PAM, {"endOfMonthConvention": "EM"}, "enum_unknown", "SD, EOM"),
        (PAM, {"scalingEffect": "XYZ"}, "enum_unknown", "scalingEffect"),
        (LAM, {"interestCalculationBase": "NTX"}, "enum_unknown", "NTIED"),
        (PAM, {"feeBasis": "Z", "feeRate": "1"}, "enum_unknown", "feeBasis"),
        (PAM, {"cycleOfInterestPayment": "1Month"}, "cycle_invalid", "cycleOfInterestPayment"),
        (PAM, {"cycleOfRateReset": "P3ML1"}, "field_missing", "marketObjectCodeOfRateReset"),
        (PAM, {"cycleOfFee": "P1ML1", "feeRate": "1"}, "field_missing", "feeBasis"),
        (PAM, {"purchaseDate": "2026-02-01"}, "field_missing", "priceAtPurchaseDate"),
        (PAM, {"terminationDate": "2026-02-01"}, "field_missing", "priceAtTerminationDate"),
        (
            PAM,
            {"scalingEffect": "I00", "cycleOfScalingIndex": "P1ML1"},
            "field_missing",
            "marketObjectCodeOfScalingIndex",
        ),
        (PAM, {"maturityDate": "2026-01-01"}, "terms_inconsistent", "maturityDate"),
        (PAM, {"notionalPrincipal": "-1"}, "terms_inconsistent", "contractRole"),
        (PAM, {"lifeCap": "0.01", "lifeFloor": "0.02"}, "terms_inconsistent", "floor"),
        (LAM, {"nextPrincipalRedemptionPayment": "-1"}, "terms_inconsistent", "below zero"),
        (PAM, {"cyclePointOfInterestPayment": "B"}, "enum_unknown", "cyclePointOfInterestPayment"),
        (
            PAM,
            {"terminationDate": "2028-01-01", "priceAtTerminationDate": "1"},
            "terms_inconsistent",
            "terminationDate",
        ),
    ],
)
def test_bad_terms_are_refused(
    terms: dict[str, str], changed: dict[str, Any], code: str, named: str
) -> None:
    with pytest.raises(ScheduleError) as refused:
        read_terms({**terms, **changed})
    assert refused.value.code == f"schedule.{code}"
    assert named in str(refused.value)


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        *(
            (PAM, name)
            for name in PAM
            if name not in {"nominalInterestRate", "cycleOfInterestPayment"}
        ),
        (LAM, "nominalInterestRate"),
        (LAM, "cycleOfPrincipalRedemption"),
        (NAM, "nextPrincipalRedemptionPayment"),
        (ANN, "cycleOfPrincipalRedemption"),
    ],
)
def test_what_a_contract_type_needs_is_asked_for(terms: dict[str, str], name: str) -> None:
    with pytest.raises(ScheduleError, match=name) as refused:
        read_terms(without(terms, name))
    assert refused.value.code == "schedule.field_missing"


def test_an_end_may_be_left_to_the_payments() -> None:
    for terms in (LAM, NAM, ANN):
        open_end = without({**terms, "nextPrincipalRedemptionPayment": "100"}, "maturityDate")
        assert read_terms(open_end).maturity_date is None
        with pytest.raises(ScheduleError, match="nextPrincipalRedemptionPayment"):
            read_terms(without(open_end, "nextPrincipalRedemptionPayment"))


_ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.text(max_size=8),
    st.decimals(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from(
        (
            "0",
            "-1",
            "1e30",
            "1e-30",
            "0.000000000001",
            "9999-12-31",
            "0001-01-01",
            "SCP",
            "MF",
            "2026-01-31T23:59:59",
            "P1DL1",
            "P9999YL0",
            "P1WL0",
            "EOM",
            "NTL",
            "B252",
            "RPL",
            "2026-03-01",
            "IN0",
            "A",
            "N",
            "X",
        )
    ),
)


@given(
    base=st.sampled_from((PAM, LAM, NAM, ANN)),
    changed=st.dictionaries(st.sampled_from(sorted(_READERS)), _ODD, max_size=4),
)
@settings(max_examples=300, deadline=None)
def test_any_terms_have_events_or_a_reason(base: dict[str, str], changed: dict[str, Any]) -> None:
    data = {"X": {"data": [{"timestamp": "0001-01-01", "value": "0.03"}]}}
    # What is refused is refused as such: any other error fails.
    with suppress(ScheduleError):
        ScheduleCase("case", {"terms": {**base, **changed}, "dataObserved": data}).events(
            "2030-01-01"
        )
