"""When clocks are told to differ: by a block from the future, by a new block from the past, by an answer's Date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from counterfoil.api.http.clock_check import BlockClock, clock_alarms, seconds_ahead


def codes(clock: BlockClock, height: int, offset_s: float, at: float) -> list[str]:
    return [alarm.code for alarm in clock.look(height, offset_s, at)]


def test_a_block_from_the_future_is_told_until_one_is_right() -> None:
    clock = BlockClock()
    assert codes(clock, 5, -31.0, 100.0) == ["clock.differs"]
    assert codes(clock, 5, -29.0, 103.0) == [], "this clock has come to it"
    assert codes(clock, 6, 0.0, 106.0) == []


def test_an_idle_chain_is_no_wrong_clock() -> None:
    clock = BlockClock()
    for at in range(0, 600, 3):
        assert codes(clock, 5, 1_000.0 + at, float(at)) == []


def test_a_new_block_from_the_past_is_told_and_stays_told_until_the_next() -> None:
    clock = BlockClock()
    assert codes(clock, 5, 3_600.0, 0.0) == [], "it may be as old as that"
    assert codes(clock, 6, 3_600.0, 3.0) == ["clock.differs"]
    assert codes(clock, 6, 3_603.0, 6.0) == ["clock.differs"]
    assert codes(clock, 7, 2.0, 9.0) == []


def test_a_block_that_came_while_nobody_looked_says_nothing() -> None:
    clock = BlockClock()
    assert codes(clock, 5, 0.0, 0.0) == []
    assert codes(clock, 6, 3_000.0, 4_000.0) == []


@pytest.mark.parametrize(
    ("header", "ahead_s"),
    [
        ("Tue, 01 Dec 2026 10:00:00 GMT", 60.0),
        ("Tue, 01 Dec 2026 10:02:00 GMT", -60.0),
        (None, 0.0),
        ("no date", 0.0),
    ],
)
def test_an_answer_s_date_is_compared(header: str | None, ahead_s: float) -> None:
    now = datetime(2026, 12, 1, 10, 1, tzinfo=UTC)
    assert seconds_ahead(header, now) == ahead_s
    assert len(clock_alarms("gateway", ahead_s)) == (1 if ahead_s else 0)
