"""A pool's list is named by its pieces, and its investors' shares come to what was paid, to the minor unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.chain.address import Address
from counterfoil.oracle.rules.investor_pool import MOST_RUNS, PIECE, InvestorPool, PoolList

PROJECT = b"\1" * 32
SPLIT = Address(b"\x5b" * 20)


def crowd(count: int) -> list[tuple[str, int]]:
    return [(Address(n.to_bytes(20, "big")), 1 + n % 7) for n in range(1, count + 1)]


def test_a_list_is_cut_into_pieces_that_name_what_follows() -> None:
    found = PoolList.of(crowd(2 * PIECE + 1))
    assert [len(piece) for piece, _ in found.pieces] == [PIECE, PIECE, 1]
    assert found.investors == crowd(2 * PIECE + 1)
    names = [found.name, *(following for _, following in found.pieces)]
    assert names[-1] == bytes(32)
    assert len(set(names)) == 4
    assert PoolList.cut([piece for piece, _ in found.pieces]) == found
    for n, name in enumerate(names[:-1]):
        left = found.calls(PROJECT, name)
        assert [call[3] for call in left] == names[n + 1 :], "what is still to be added"
        assert {call[:2] for call in left} == {(PROJECT, found.name)}


def test_another_list_order_project_split_or_cut_is_another_account() -> None:
    first = crowd(3)
    heavier = [(first[0][0], 9), *first[1:]]
    lists = [
        PoolList.of(first),
        PoolList.of(first[::-1]),
        PoolList.of(heavier),
        PoolList.of(first, 2),
    ]
    accounts = {one.account(SPLIT, PROJECT) for one in lists}
    accounts.add(lists[0].account(SPLIT, b"\2" * 32))
    accounts.add(lists[0].account(Address(b"\x5c" * 20), PROJECT))
    assert len(accounts) == 6
    assert PoolList.of(crowd(3)).account(SPLIT, PROJECT) in accounts, (
        "the same list is the same pool"
    )


@given(
    weights=st.lists(st.integers(1, 2**61), min_size=1, max_size=6),
    steps=st.lists(
        st.one_of(st.integers(0, 2**70), st.just("end"), st.tuples(st.integers(0, 5))), max_size=30
    ),
)
def test_taken_to_take_and_carried_is_paid(weights: list[int], steps: list[object]) -> None:
    pool = InvestorPool([(str(n), weight) for n, weight in enumerate(weights)])
    floors = dict.fromkeys(dict(pool.investors), 0)
    for step in steps:
        if isinstance(step, int):
            start = pool.ends[-1] if pool.ends else 0
            for account, weight in pool.investors:
                more = (pool.paid + step - start) * weight // pool.weights
                floors[account] += more - (pool.paid - start) * weight // pool.weights
            pool.paid += step
        elif step == "end":
            if pool.end():
                assert pool.carried == 0
                had = {account: pool.earned(account) for account in floors}
                assert all(0 <= had[account] - floors[account] <= 1 for account in floors)
                floors = had
        else:
            pool.take(str(step[0] % len(weights)))  # type: ignore[index]
        to_take = {account: pool.claimable(account) for account in floors}
        assert all(amount >= 0 for amount in to_take.values())
        assert pool.taken.total() + sum(to_take.values()) + pool.carried == pool.paid
        assert 0 <= pool.carried < len(weights)
        assert {account: pool.earned(account) for account in floors} == floors, "floor by floor"


def test_one_call_goes_over_so_many_ended_runs() -> None:
    pool = InvestorPool([("a", 1)])
    for _ in range(MOST_RUNS + 1):
        pool.paid += 1
        assert pool.end()
    pool.paid += 5
    assert pool.take("a") == MOST_RUNS
    assert pool.take("a") == 6
    assert pool.take("a") is None


def test_who_is_no_investor_has_no_share() -> None:
    with pytest.raises(KeyError):
        InvestorPool([("a", 1)]).take("b")
