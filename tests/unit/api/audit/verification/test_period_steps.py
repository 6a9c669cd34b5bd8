"""Steps 6 and 7, each check alone and at its bounds: the records are one chain, and all of the period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.errors import AuditError
from counterfoil.api.audit.verification.log_steps import key_ring, signed_records
from counterfoil.api.audit.verification.period_steps import (
    chain_text,
    check_last_head,
    check_period,
    check_records_chain,
    currency_of,
    period_figures,
    period_text,
)
from counterfoil.gateway.record.bodies import Refund, Sale, Status
from counterfoil.gateway.record.record import Clock, EpochLink
from counterfoil.gateway.record.signed_record import SignedRecord

DEVICE = DEVICES[0]
LEAP_MS = 366 * DAY_MS
BACK_MS = 5 * 60_000
_Signed = list[tuple[str, SignedRecord]]
TIMES = [FIRST_MS + int(day * DAY_MS) for day in (0, 0.5, 2, 2.5, 3, 5, 5.5)]
"""Two before the period, three in it, two after it."""
LATER: dict[str, Any] = {"epoch": 2, "sequence": 1, "link": EpochLink(1, 9)}
"""The first number of the next epoch."""
UNTIL_MS = FIRST_MS + 5 * DAY_MS
BEGIN_MS = FIRST_MS + 2 * DAY_MS


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """Eight records from the first on; the file has all of them but that."""
    world = World(devices=DEVICES[:1])
    world.add(DEVICE, Status("running"), FIRST_MS - DAY_MS)
    bodies = [
        Sale(100, "USD", "cash"),
        Status("idle"),
        Sale(250, "USD", "cash"),
        Refund(70, "USD", 1, 2),
        Status("idle"),
        Sale(900, "USD", "cash"),
        Status("idle"),
    ]
    for body, time_ms in zip(bodies, TIMES, strict=True):
        world.add(DEVICE, body, time_ms)
    world.anchor(1_900)
    facts = world.facts(DEVICE, BEGIN_MS, UNTIL_MS)
    facts = replace(facts, terms=(), distributions=(), takes=(), pools=())
    made = collect(world.store().engine, None, facts)
    assert len(made.records) == 7
    return made


@pytest.fixture(scope="module")
def signed(bundle: Bundle) -> _Signed:
    return signed_records(bundle, key_ring(bundle)[0])[0]


def told(errors: Iterable[AuditError]) -> list[str]:
    return [error.detail for error in errors]


def period(bundle: Bundle, signed: _Signed) -> list[str]:
    return told(check_period(bundle, signed)[0])


def at(signed: _Signed, place: int, **fields: Any) -> _Signed:
    """*signed* with other fields of the record at *place*."""
    where, one = signed[place]
    other = one._replace(record=replace(one.record, **fields))
    return [*signed[:place], (where, other), *signed[place + 1 :]]


# ---- one chain


def test_each_record_follows_the_one_before(signed: _Signed) -> None:
    assert told(check_records_chain(signed)) == []
    assert len(told(check_records_chain([signed[0], *signed[2:]]))) == 1
    twice = [signed[0], signed[0], *signed[1:]]
    assert told(check_records_chain(twice)) == ["its number was used before"]
    swapped = [signed[1], signed[0], *signed[2:]]
    assert "its number was used before" in told(check_records_chain(swapped))


def test_the_devices_first_record_begins_its_chain(signed: _Signed) -> None:
    """A record in the middle of a chain is taken as it is where the file begins; number 1 is not."""
    first = at(signed[:1], 0, epoch=1, sequence=1)
    assert len(told(check_records_chain(first))) == 1
    assert told(check_records_chain(at(signed[:1], 0, **LATER))) == []


# ---- the bounds


def test_a_period_begins_before_it_ends(bundle: Bundle, signed: _Signed) -> None:
    assert period(bundle, signed) == []
    for until_ms in (BEGIN_MS, BEGIN_MS - 1):
        scope = bundle.scope._replace(until_ms=until_ms)
        errors, open_ = check_period(replace(bundle, scope=scope), signed)
        assert (len(errors), open_) == (1, [])
        assert errors[0].detail.endswith("has no time")
    assert period(bundle, []) == ["there is no record that verifies"]


def test_two_records_from_before_the_period_or_the_first_one_begin_it(
    bundle: Bundle, signed: _Signed
) -> None:
    said = "it is not the device's first, and the two before the period are not here"
    assert period(bundle, signed[1:]) == [said]
    assert period(bundle, signed[2:]) == [said]
    begin = at(signed[1:], 0, epoch=1, sequence=1)
    assert period(bundle, begin) == []
    for change in (LATER, {"epoch": 1, "sequence": 2}):
        assert period(bundle, at(signed[1:], 0, **change)) == [said]
    on_the_bound = at(signed, 1, time_ms=BEGIN_MS)
    assert said in period(bundle, on_the_bound), "the period's first moment is in it"


def test_two_records_from_after_the_period_end_it(bundle: Bundle, signed: _Signed) -> None:
    said = "the device has later records, and the two that come after the period are not here"
    assert period(bundle, signed[:-1]) == [said]
    assert period(replace(bundle, state=None), signed[:-1]) == [said]
    before_the_bound = at(signed, 5, time_ms=UNTIL_MS - 1)
    assert len(period(bundle, before_the_bound)) == 1


def test_an_end_with_the_newest_record_is_open(bundle: Bundle, signed: _Signed) -> None:
    state = bundle.state
    assert state is not None
    last = signed[4][1].record
    newest = state._replace(epoch=last.epoch, sequence=last.sequence)
    errors, open_ = check_period(replace(bundle, state=newest), signed[:5])
    assert open_ == errors
    assert told(open_) == [
        "the device's newest under the head of 8; a later head may hold more of the period"
    ]
    for other in (newest._replace(epoch=2), newest._replace(sequence=last.sequence + 1)):
        errors, open_ = check_period(replace(bundle, state=other), signed[:5])
        assert (len(errors), open_) == (1, [])
    assert period(replace(bundle, state=newest, heads=()), signed[:5]) == []


def test_the_last_head_is_no_older_than_the_periods_end(bundle: Bundle) -> None:
    block, end_s = bundle.heads[-1].block_number, UNTIL_MS // 1_000
    assert told(check_last_head(bundle, {block: end_s})) == []
    (error,) = check_last_head(bundle, {block: end_s - 1})
    assert (error.where, "and the period ends at" in error.detail) == ("heads (size 8)", True)
    assert told(check_last_head(bundle, {block + 1: 0})) == []
    assert told(check_last_head(replace(bundle, heads=()), {block: 0})) == []


# ---- the clock


def test_what_stands_between_the_bounds_has_a_time_of_the_period(
    bundle: Bundle, signed: _Signed
) -> None:
    said = "its time is outside the period, and it stands between its bounds"
    found = period(bundle, at(signed, 3, time_ms=UNTIL_MS + 1))
    assert said in found
    two = at(at(signed, 3, time_ms=BEGIN_MS - 1), 4, time_ms=BEGIN_MS - 1)
    assert f"{said} (and 1 more)" in period(bundle, two)


def test_the_clocks_that_bound_are_synchronised_and_those_between_know_the_time(
    bundle: Bundle, signed: _Signed
) -> None:
    loose = "its clock was not synchronised, and it bounds the period"
    for place in (0, 1, 5, 6):
        assert period(bundle, at(signed, place, clock=Clock.INFORMATIVE)) == [loose]
    for place in (2, 4):
        assert period(bundle, at(signed, place, clock=Clock.INFORMATIVE)) == []
        unknown = period(bundle, at(signed, place, clock=Clock.UNKNOWN))
        assert unknown == ["the device did not know the time"]


def test_a_clock_goes_back_by_five_minutes_at_most(bundle: Bundle, signed: _Signed) -> None:
    third = signed[3][1].record.time_ms
    assert period(bundle, at(signed, 4, time_ms=third - BACK_MS)) == []
    (said,) = period(bundle, at(signed, 4, time_ms=third - BACK_MS - 1))
    assert said.startswith("the clock goes from ")


@pytest.mark.parametrize(("place", "is_within"), [(1, False), (2, True), (5, True), (6, False)])
def test_a_device_is_silent_for_a_year_at_most_within_the_period(
    bundle: Bundle, signed: _Signed, place: int, is_within: bool
) -> None:
    """From the last record before the period on, and to the first behind it; not outside of these."""

    def silent(gap_ms: int) -> list[str]:
        """All from *place* on so much later that it comes *gap_ms* after the one before."""
        by_ms = gap_ms - (TIMES[place] - TIMES[place - 1])
        later = list(signed)
        for n in range(place, len(signed)):
            later = at(later, n, time_ms=TIMES[n] + by_ms)
        first_ms, until_ms = (later[n][1].record.time_ms for n in (2, 5))
        scope = bundle.scope._replace(first_ms=first_ms, until_ms=until_ms)
        return period(replace(bundle, scope=scope), later)

    assert silent(LEAP_MS) == []
    assert len(silent(LEAP_MS + 1)) == is_within


# ---- figures and words


def test_sales_refunds_and_others_of_the_period_are_counted(
    bundle: Bundle, signed: _Signed
) -> None:
    figures = {one.key: (one.count, one.sums) for one in period_figures(bundle, signed)}
    assert figures == {
        "records": (3, ""),
        "sales": (1, "2.50 USD"),
        "refunds": (1, "0.70 USD"),
        "others": (1, ""),
    }
    assert str(period_text(bundle, signed)).endswith(
        "1 sale of 2.50 USD, 1 refund of 0.70 USD, 1 other record"
    )
    euros = at(signed, 2, body=Sale(40, "EUR", "cash"))
    assert "1 sale of 0.40 EUR, 1 refund of 0.70 USD" in str(period_text(bundle, euros))


def test_the_chain_in_words(signed: _Signed) -> None:
    assert str(chain_text([], is_whole=True)) == "no chain"
    words = "from epoch 1 sequence 2 to epoch 1 sequence 8"
    assert str(chain_text(signed, is_whole=True)) == f"no gap {words}"
    assert str(chain_text(signed, is_whole=False)) == f"gaps or breaks {words}"


def test_the_files_currency_is_one_or_none(bundle: Bundle) -> None:
    assert currency_of(bundle) == "USD"
    broken = replace(bundle, records=(bundle.records[0]._replace(raw=b"\1"), *bundle.records[1:]))
    assert currency_of(broken) == "USD"
    assert currency_of(replace(bundle, records=bundle.records[1:2])) == ""
