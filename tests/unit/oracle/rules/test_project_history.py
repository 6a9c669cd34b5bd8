"""Which project a machine was in, at a time, at a block, and between the two."""

from __future__ import annotations

import pytest

from counterfoil.oracle.rules.project_history import NO_PROJECT, Assignment, ProjectHistory, Whose

A, B = b"\1" * 32, b"\2" * 32
HISTORY = ProjectHistory(
    [Assignment(10, 1_000, A), Assignment(20, 2_000, B), Assignment(21, 2_100, A)]
)


def test_at_a_time_and_at_a_block_the_last_one_before_holds() -> None:
    assert [HISTORY.at_block(n) for n in (10, 19, 20, 21, 99)] == [A, A, B, A, A]
    assert [HISTORY.at_time(t) for t in (1_000, 1_999, 2_000, 2_100)] == [A, A, B, A]


def test_before_its_registration_a_machine_is_counted_to_its_project() -> None:
    assert HISTORY.at_block(0) == HISTORY.at_time(0) == A
    late = ProjectHistory([Assignment(5, 500, NO_PROJECT), Assignment(10, 1_000, A)])
    assert late.at_block(6) == late.at_time(600) == NO_PROJECT
    gone = ProjectHistory([Assignment(5, 500, A), Assignment(10, 1_000, NO_PROJECT)])
    assert gone.at_block(10) == gone.at_time(1_000) == NO_PROJECT
    assert ProjectHistory([]).at_block(5) == ProjectHistory([]).at_time(5) == NO_PROJECT


@pytest.mark.parametrize(
    ("time_ms", "block", "in_a", "in_b"),
    [
        (1_500, 19, Whose.ALWAYS, Whose.NEVER),  # what came later takes nothing of it
        (1_500, 20, Whose.MEANWHILE, Whose.MEANWHILE),
        (1_500, 99, Whose.MEANWHILE, Whose.MEANWHILE),
        (2_050, 20, Whose.NEVER, Whose.ALWAYS),
        (2_050, 21, Whose.MEANWHILE, Whose.MEANWHILE),
        (2_200, 30, Whose.ALWAYS, Whose.NEVER),
        (2_200, 5, Whose.ALWAYS, Whose.NEVER),
        (0, 0, Whose.ALWAYS, Whose.NEVER),
    ],
)
def test_between_a_sales_date_and_its_head_it_was_always_meanwhile_or_never_there(
    time_ms: int, block: int, in_a: Whose, in_b: Whose
) -> None:
    assert HISTORY.whose(A, time_ms, block) is in_a
    assert HISTORY.whose(B, time_ms, block) is in_b
    assert HISTORY.whose(NO_PROJECT, time_ms, block) is Whose.NEVER
    assert ProjectHistory([]).whose(NO_PROJECT, time_ms, block) is Whose.ALWAYS
    assert ProjectHistory([]).whose(A, time_ms, block) is Whose.NEVER


def test_during_a_period_every_project_is_told() -> None:
    assert HISTORY.during(0, 2_000) == {A}
    assert HISTORY.during(1_500, 2_001) == {A, B}
    assert HISTORY.during(2_100, 9_000) == {A}
