"""Since when records wait for a head: from the moment when the first of them came, whatever head was on its way."""

from __future__ import annotations

from counterfoil.oracle.quorum.proposer import Growth


def test_records_wait_since_the_first_of_them_came() -> None:
    log = Growth()
    assert log.since(0, size=0, at=1_000) is None
    assert log.since(0, size=5, at=2_000) == 2_000
    assert log.since(0, size=9, at=3_000) == 2_000


def test_what_came_while_the_last_head_was_on_its_way_has_waited_since_then() -> None:
    log = Growth()
    log.since(0, size=5, at=2_000)
    log.since(0, size=9, at=2_300)
    assert log.since(5, size=9, at=4_000) == 2_300
    assert log.since(9, size=9, at=4_100) is None
    assert log.since(9, size=10, at=4_200) == 4_200


def test_a_head_that_ends_within_what_came_at_once_leaves_the_rest_waiting() -> None:
    log = Growth()
    log.since(0, size=9, at=2_000)
    assert log.since(5, size=9, at=4_000) == 2_000


def test_a_log_that_shrank_and_a_chain_that_took_a_head_back_begin_anew() -> None:
    log = Growth()
    log.since(5, size=9, at=2_000)
    assert log.since(5, size=5, at=3_000) is None
    assert log.since(5, size=7, at=4_000) == 4_000
    assert log.since(7, size=7, at=5_000) is None
    assert log.since(3, size=7, at=6_000) == 6_000
