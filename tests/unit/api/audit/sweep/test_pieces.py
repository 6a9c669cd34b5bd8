"""How a sweep cuts the log into complete subtrees, and what it keeps of each."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterfoil.api.audit.sweep.log_sweep import joined, spans
from counterfoil.api.audit.sweep.piece import HashedKey, Repudiation
from counterfoil.api.audit.sweep.sold_facts import SoldFact, pack, unpack
from counterfoil.gateway.log.merkle import Frontier, MemoryTree
from counterfoil.gateway.record.identity import Digest

LEAVES = [Digest(sha256(bytes([at])).digest()) for at in range(200)]
TREE = MemoryTree(LEAVES)


@given(
    st.integers(0, 200),
    st.integers(0, 200),
    st.sampled_from([1, 2, 8, 32, 4_096]),
    st.sampled_from([1, 4, 64]),
)
def test_pieces_join_to_the_logs_tree_wherever_and_however_wide_they_began(
    stop: int, size: int, first: int, then: int
) -> None:
    stop = min(stop, size)
    peaks: list[Digest] = []
    at = 0
    for until, width in ((stop, first), (size, then)):
        for start, end in spans(at, until, width):
            assert start == at < end <= min(until, start + width)
            for cut in range(start + 1, end + 1):
                inside = Frontier()
                inside.extend(LEAVES[start:cut])
                both = joined(before=peaks, start=start, end=cut, inside=inside.peaks)
                assert Frontier(cut, both).root() == TREE.root(cut)
            peaks, at = both, end
    assert at == size


texts = st.text(min_size=1, max_size=12)
numbers = st.integers(0, 2**63 - 1)
facts = st.lists(
    st.builds(
        SoldFact,
        numbers,
        texts,
        numbers,
        st.booleans(),
        numbers,
        st.lists(st.tuples(texts, numbers), max_size=3).map(tuple),
        st.none() | numbers,
    ),
    min_size=1,
    max_size=20,
)


@given(facts)
def test_packed_sales_come_back_as_they_were(sold: list[SoldFact]) -> None:
    assert list(unpack(pack(sold))) == sold


def test_a_packed_piece_takes_less_than_half_of_its_rows() -> None:
    sold = [
        SoldFact(
            log_index=at,
            device="urn:dev:os:32473-1",
            time_ms=10**12 + at,
            is_refund=False,
            amount_minor=350,
            units=(("04012345678901", 1),),
        )
        for at in range(1_000)
    ]
    assert len(pack(sold)) < 25 * len(sold)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=4, unique=True),
    st.integers(0, 60),
    st.integers(0, 70),
)
def test_a_number_is_repudiated_in_the_first_block_that_took_it_back(
    untils: list[int], width: int, sequence: int
) -> None:
    """Each repudiation goes lower than the one before, and their range ends where it ended first."""
    last = max(untils) + width
    falling = sorted(untils, reverse=True)
    key = HashedKey(
        b"",
        b"",
        from_sequence=1,
        until_sequence=falling[-1],
        revoked=True,
        repudiations=tuple(Repudiation(u + 1, last, 100 + at) for at, u in enumerate(falling)),
    )
    assert key.anchored_until == last
    taken = [100 + at for at, until in enumerate(falling) if until < sequence <= last]
    assert key.repudiated_in(sequence) == (taken[0] if taken else None)


@pytest.mark.parametrize("size", [0, 1, 5, 8, 13])
def test_a_log_is_cut_without_gap_or_overlap(size: int) -> None:
    assert [at for start, end in spans(0, size, 4) for at in range(start, end)] == list(range(size))
