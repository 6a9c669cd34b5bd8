"""Day counts, cycles with their stubs and month ends, and business days."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.chain.abi.enums import Convention
from counterfoil.oracle.rules.loans.interest import basis, position
from counterfoil.oracle.rules.schedule import day_counts
from counterfoil.oracle.rules.schedule.business_days import BusinessDayConvention, Calendar
from counterfoil.oracle.rules.schedule.cycles import Cycle, EndOfMonthConvention, times
from counterfoil.oracle.rules.schedule.errors import CycleInvalid, ScheduleTooLong

SD, EOM = EndOfMonthConvention
days = st.dates(date(1971, 1, 1), date(2150, 1, 1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def days_of(anchor: str, end: str, cycle: str, convention: EndOfMonthConvention = SD) -> list[str]:
    found = times(anchor=at(anchor), end=at(end), cycle=Cycle.parse(cycle), convention=convention)
    return [time.date().isoformat() for time in found]


@given(first=days, second=days, third=days)
def test_year_fractions_that_count_positions_add_up(first: date, second: date, third: date) -> None:
    a, b, c = sorted((first, second, third))
    for count in (day_counts.act_360, day_counts.act_365f, day_counts.act_act_isda):
        assert count(a, b) + count(b, c) == count(a, c)
    assert day_counts.thirty_e_360(a, b) + day_counts.thirty_e_360(b, c) == day_counts.thirty_e_360(
        a, c
    )


@given(first=days, second=days)
def test_a_credit_lines_time_is_the_schedules(first: date, second: date) -> None:
    start, end = sorted((first, second))
    counts = {
        Convention.ACT_360: day_counts.act_360,
        Convention.ACT_365F: day_counts.act_365f,
        Convention.THIRTY_E_360: day_counts.thirty_e_360,
        Convention.ACT_ACT_ISDA: day_counts.act_act_isda,
    }
    for convention, count in counts.items():
        from_, to = (int(day.strftime("%Y%m%d")) for day in (start, end))
        units = position(convention, to) - position(convention, from_)
        assert Fraction(units, basis(convention)) == count(start, end)


@pytest.mark.parametrize(
    ("start", "end", "months_30", "kept"),
    [
        ("2006-01-31", "2006-02-28", 30, 28),
        ("2006-02-28", "2006-03-03", 3, 3),
        ("2007-08-31", "2008-02-28", 178, 178),
        ("2008-02-29", "2009-02-28", 360, 358),
        ("2007-02-28", "2008-02-29", 360, 359),
        ("2008-02-29", "2008-03-31", 30, 30),
    ],
)
def test_the_last_of_february_is_a_30th_but_for_the_maturity(
    start: str, end: str, months_30: int, kept: int
) -> None:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    assert day_counts.thirty_e_360_isda(first, last) == Fraction(months_30, 360)
    assert day_counts.thirty_e_360_isda(first, last, maturity=last) == Fraction(kept, 360)


def test_business_days_are_counted_of_252() -> None:
    is_business_day = Calendar.MF.is_business_day
    found = day_counts.business_252(date(2026, 1, 2), date(2026, 1, 12), is_business_day)
    assert found == Fraction(6, 252)
    assert day_counts.twenty_eight_e_336(date(2026, 1, 31), date(2026, 3, 5)) == Fraction(33, 336)


def test_a_long_last_stub_takes_the_time_before_the_end_away() -> None:
    assert days_of("2013-01-01", "2013-03-15", "P1ML0") == [
        "2013-01-01",
        "2013-02-01",
        "2013-03-15",
    ]
    assert days_of("2013-01-01", "2013-03-15", "P1ML1")[-2:] == ["2013-03-01", "2013-03-15"]
    assert days_of("2013-01-01", "2013-03-15", "1M+") == days_of(
        "2013-01-01", "2013-03-15", "P1ML0"
    )
    assert days_of("2013-01-01", "2013-03-15", "1M-") == days_of(
        "2013-01-01", "2013-03-15", "P1ML1"
    )


def test_an_end_on_the_cycle_leaves_no_stub() -> None:
    assert len(days_of("2013-01-01", "2013-04-01", "P1ML0")) == 4
    assert days_of("2013-01-01", "2013-01-20", "P1ML0") == ["2013-01-01", "2013-01-20"]
    assert days_of("2013-02-01", "2013-01-20", "P1ML0") == ["2013-01-20"]


def test_a_31st_comes_back_after_a_shorter_month() -> None:
    assert days_of("2013-01-31", "2013-04-30", "P1ML1")[1:3] == ["2013-02-28", "2013-03-31"]


def test_the_end_of_month_is_kept_where_the_terms_say_so() -> None:
    assert days_of(anchor="2013-02-28", end="2013-05-01", cycle="P1ML1", convention=SD)[1:3] == [
        "2013-03-28",
        "2013-04-28",
    ]
    assert days_of(anchor="2013-02-28", end="2013-05-01", cycle="P1ML1", convention=EOM)[1:3] == [
        "2013-03-31",
        "2013-04-30",
    ]
    assert (
        days_of(anchor="2013-02-28", end="2016-03-01", cycle="P1YL1", convention=EOM)[3]
        == "2016-02-29"
    )
    # A week does not count months, and a 30th of 31 is no end.
    assert (
        days_of(anchor="2013-01-31", end="2013-03-01", cycle="P2WL1", convention=EOM)[1]
        == "2013-02-14"
    )
    assert (
        days_of(anchor="2013-01-30", end="2013-05-01", cycle="P1ML1", convention=EOM)[2]
        == "2013-03-30"
    )


def test_quarters_halves_weeks_and_mixed_periods_are_cycles() -> None:
    assert Cycle.parse("P1QL0") == Cycle(3, 0, True)
    assert Cycle.parse("P2HL1") == Cycle(12, 0, False)
    assert Cycle.parse("P1Y6ML1") == Cycle(18, 0, False)
    assert Cycle.parse("2W-") == Cycle(0, 14, False)


@pytest.mark.parametrize("text", ["P1M", "1M", "P0ML0", "P1ML2", "PML0", "P1XL0", "", "P-1ML0"])
def test_a_broken_cycle_is_refused(text: str) -> None:
    with pytest.raises(CycleInvalid):
        Cycle.parse(text)


def test_a_schedule_without_end_is_refused() -> None:
    with pytest.raises(ScheduleTooLong):
        days_of("2013-01-01", "9999-12-31", "P1DL1")
    assert len(days_of("9990-01-01", "9999-12-31", "P1YL1")) == 11


@pytest.mark.parametrize(
    ("convention", "happens", "counted"),
    [
        ("NOS", "2013-03-31", "2013-03-31"),
        ("SCF", "2013-04-01", "2013-04-01"),
        ("CSF", "2013-04-01", "2013-03-31"),
        ("SCMF", "2013-03-29", "2013-03-29"),
        ("CSMF", "2013-03-29", "2013-03-31"),
        ("SCP", "2013-03-29", "2013-03-29"),
        ("CSP", "2013-03-29", "2013-03-31"),
        ("SCMP", "2013-03-29", "2013-03-29"),
        ("CSMP", "2013-03-29", "2013-03-31"),
    ],
)
def test_a_sunday_at_a_months_end_is_shifted(convention: str, happens: str, counted: str) -> None:
    sunday, rule = at("2013-03-31"), BusinessDayConvention(convention)
    assert rule.shift(sunday, Calendar.MF) == at(happens)
    assert rule.calculate(sunday, Calendar.MF) == at(counted)
    assert rule.shift(sunday, Calendar.NC) == sunday


@pytest.mark.parametrize(("convention", "happens"), [("SCP", "2013-05-31"), ("SCMP", "2013-06-03")])
def test_a_saturday_at_a_months_start_is_shifted(convention: str, happens: str) -> None:
    rule = BusinessDayConvention(convention)
    assert rule.shift(at("2013-06-01"), Calendar.MF) == at(happens)
