"""A period is covered from its beginning to its end, or the file is not valid: sales missing at either end are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from support_blocks import ADDRESSES
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.steps import verify
from counterfoil.gateway.record.bodies import Sale, Status
from counterfoil.gateway.record.record import Clock, Record

DEVICE = DEVICES[0]
AT_NOON = 12 * 3_600_000


def world_of(times_ms: list[int], anchored: tuple[int, ...] = ()) -> World:
    """One machine's sales at these times; a head after each of the *anchored* numbers of records, and after the last.

    Heads are anchored long after, as those of an old machine's records are.
    """
    world = World(devices=DEVICES[:1])
    for number, time_ms in enumerate(times_ms, start=1):
        sale = Sale(amount_minor=100, currency="USD", payment_method="cash")
        world.add(DEVICE, sale, time_ms)
        if number in anchored or number == len(times_ms):
            world.anchor(1_900 + number)
    return world


def bundle_of(world: World, first_ms: int, until_ms: int) -> Bundle:
    facts = world.facts(DEVICE, first_ms, until_ms)
    facts = replace(facts, terms=(), distributions=(), takes=(), pools=())
    return collect(world.store().engine, None, facts)


def report_of(bundle: Bundle, world: World) -> Report:
    return verify(encode(bundle), world.root, addresses=ADDRESSES)


def found(bundle: Bundle, world: World) -> set[str]:
    """The codes of what was found, but that nothing of this world was shared out."""
    codes = {finding.code for finding in report_of(bundle, world).findings}
    return codes - {"split.sales_not_shown"}


def cut(bundle: Bundle, first: int, end: int) -> Bundle:
    """The bundle with these of its records alone."""
    return replace(bundle, records=bundle.records[first:end], inclusion=bundle.inclusion[first:end])


def days(*numbers: float) -> list[int]:
    return [FIRST_MS + int(number * DAY_MS) + AT_NOON for number in numbers]


def of_day(world: World, first: int, until: int) -> Bundle:
    return bundle_of(world, FIRST_MS + first * DAY_MS, FIRST_MS + until * DAY_MS)


EIGHT = days(0, 1, 2, 3, 4, 5, 6, 7)


def test_a_period_between_two_records_on_each_side_is_covered() -> None:
    world = world_of(EIGHT)
    bundle = of_day(world, 2, 5)
    assert len(bundle.records) == 7
    assert found(bundle, world) == set()


def test_an_older_head_as_the_last_one_leaves_the_end_open() -> None:
    """Under it the device's chain ends there: all other steps hold, and the later sales are gone."""
    world = world_of(EIGHT, anchored=(4,))
    facts = world.facts(DEVICE, FIRST_MS, FIRST_MS + 6 * DAY_MS)
    facts = replace(facts, heads=facts.heads[:1], terms=(), distributions=(), takes=(), pools=())
    bundle = collect(world.store().engine, None, facts)
    assert len(bundle.records) == 4
    report = report_of(bundle, world)
    assert found(bundle, world) == {"bundle.end_open"}
    assert report.verdict == "unverifiable"
    assert "under the head of 4" in next(
        f.detail for f in report.findings if f.code == "bundle.end_open"
    )


def test_a_head_from_before_the_periods_end_is_told_even_with_records_behind_it() -> None:
    """Two records of a clock that is ahead would close the period under a head from its middle."""
    world = World(devices=DEVICES[:1])
    sale = Sale(amount_minor=100, currency="USD", payment_method="cash")
    for time_ms in [*days(0, 0.1), *days(9, 9.1)]:
        world.add(DEVICE, sale, time_ms)
    world.anchor(1_002)  # at the end of the third day
    bundle = of_day(world, 0, 5)
    assert found(bundle, world) == {"bundle.head_too_early"}
    assert found(of_day(world, 0, 3), world) == set()


@pytest.mark.parametrize(
    ("first", "end"), [(0, 6), (0, 5), (1, 7), (2, 7), (0, 2), (5, 7), (0, 1), (6, 7), (3, 4)]
)
def test_no_cut_of_the_records_is_valid(first: int, end: int) -> None:
    """Also when all that remains lies on one side of the period, or is a single record."""
    world = world_of(EIGHT)
    whole = of_day(world, 2, 5)
    assert found(cut(whole, first, end), world) & {"bundle.period_not_covered"}


@pytest.mark.parametrize("by_ms", [0, -1, -DAY_MS])
def test_a_period_that_has_no_time_is_not_covered(by_ms: int) -> None:
    world = world_of(EIGHT)
    whole = of_day(world, 2, 5)
    scope = whole.scope._replace(until_ms=whole.scope.first_ms + by_ms)
    assert "bundle.period_not_covered" in found(replace(whole, scope=scope), world)


def stamped(world: World, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Callable[[int], None]:
    """A call that adds a record of that time with these fields, as the machine signed it."""

    def add(time_ms: int) -> None:
        from support_world import Record as Honest

        monkeypatch.setattr("support_world.Record", lambda *a, **k: Honest(*a, **{**k, **fields}))
        world.add(DEVICE, Status("running"), time_ms)
        monkeypatch.setattr("support_world.Record", Record)

    return add


@pytest.mark.parametrize("wrong", [0, *days(-40), *days(1.5)])
def test_one_record_with_an_older_time_bounds_no_period(wrong: int) -> None:
    """Whatever time it has: the records before it, which are of the period, can't be left out behind it."""
    times = [*days(0, 1, 2, 3), wrong, *days(4, 5, 6, 7, 8)]
    world = world_of(times)
    whole = of_day(world, 2, 6)
    honest = found(whole, world)
    assert honest == {"record.clock_jumped"}, "the jump is named where nothing is left out"
    at = times.index(wrong)
    begins = next(n for n, e in enumerate(whole.records) if e.log_index == at)
    assert "bundle.period_not_covered" in found(cut(whole, begins, len(whole.records)), world)


def test_one_record_with_a_later_time_bounds_no_period() -> None:
    times = [*days(0, 1, 2, 3), FIRST_MS + 20_000 * DAY_MS, *days(4, 5, 6, 7, 8)]
    world = world_of(times)
    whole = of_day(world, 2, 6)
    assert found(whole, world) == {"record.clock_jumped"}
    ends = next(n for n, e in enumerate(whole.records) if e.log_index == 4)
    assert "bundle.period_not_covered" in found(cut(whole, 0, ends + 1), world)


def test_two_records_from_1970_bound_a_period_and_the_leap_is_named() -> None:
    times = [*days(0, 1, 2), 1_000, 2_000, *days(3, 4, 5, 6, 7)]
    world = world_of(times)
    whole = of_day(world, 1, 5)
    begins = next(n for n, e in enumerate(whole.records) if e.log_index == 3)
    assert found(cut(whole, begins, len(whole.records)), world) == {"record.clock_jumped"}


def test_a_clock_is_set_back_by_minutes_and_a_device_is_silent_for_months() -> None:
    times = [*days(0, 1, 2, 2 - 1 / 400, 60, 300, 301)]
    world = world_of(times)
    assert found(of_day(world, 2, 61), world) == set()
    times[3] = times[2] - 6 * 60_000
    world = world_of(times)
    assert found(of_day(world, 2, 61), world) == {"record.clock_jumped"}


@pytest.mark.parametrize("clock", [Clock.UNKNOWN, Clock.INFORMATIVE, Clock.RELATIVE])
def test_a_device_that_does_not_know_the_time_is_named(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What bounds a period has a synchronised clock; what stands in it, one that knows the time."""
    world = World(devices=DEVICES[:1])
    add = stamped(world, monkeypatch, clock=clock)
    for number, time_ms in enumerate(EIGHT):
        if number == 2:
            add(time_ms)
        else:
            world.add(DEVICE, Status("running"), time_ms)
    world.anchor(1_900)
    named = {"record.clock_jumped"}
    assert found(of_day(world, 2, 5), world) == (named if clock is Clock.UNKNOWN else set())
    assert found(of_day(world, 3, 5), world) == named
    assert found(of_day(world, 0, 1), world) == named
    assert found(of_day(world, 5, 6), world) == set()
