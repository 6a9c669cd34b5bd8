"""The tree against the RFC's recursive definition, for any leaves and any sizes."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterfoil.gateway.errors import ProofError
from counterfoil.gateway.log.merkle import (
    Frontier,
    MemoryTree,
    hash_leaf,
    verify_consistency,
    verify_inclusion,
)
from counterfoil.gateway.logfiles.tiles import TileReader, TileWriter, read_folder
from counterfoil.gateway.record.identity import Digest


def mth(entries: list[bytes]) -> bytes:
    """MTH(D[n]) of RFC 9162, 2.1.1."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1 << ((len(entries) - 1).bit_length() - 1)
    return sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 9162, 2.1.3.1."""
    if len(entries) <= 1:
        return []
    k = 1 << ((len(entries) - 1).bit_length() - 1)
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: list[bytes], complete: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 9162, 2.1.4.1."""
    if m == len(entries):
        return [] if complete else [mth(entries)]
    k = 1 << ((len(entries) - 1).bit_length() - 1)
    if m <= k:
        return [*subproof(m, entries[:k], complete), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


entry_lists = st.lists(st.binary(max_size=8), min_size=1, max_size=80)


@given(entry_lists, st.data())
def test_roots_and_proofs_are_those_of_the_definition(
    entries: list[bytes], data: st.DataObject
) -> None:
    tree = MemoryTree(map(hash_leaf, entries))
    frontier = Frontier()
    frontier.extend(map(hash_leaf, entries))
    size = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    assert frontier.root() == tree.root() == mth(entries)
    assert tree.root(size) == mth(entries[:size])
    inclusion = tree.inclusion_proof(index, size)
    assert inclusion == path(index, entries[:size])
    verify_inclusion(
        index, size, leaf_hash=hash_leaf(entries[index]), proof=inclusion, root=tree.root(size)
    )
    consistency = tree.consistency_proof(first, size)
    assert consistency == subproof(first, entries[:size], True)
    verify_consistency(
        first,
        second=size,
        first_root=tree.root(first),
        second_root=tree.root(size),
        proof=consistency,
    )


@given(entry_lists, st.data())
def test_a_proof_with_a_changed_hash_is_refused(entries: list[bytes], data: st.DataObject) -> None:
    tree = MemoryTree(map(hash_leaf, entries))
    size = len(entries)
    first = data.draw(st.integers(1, size))
    index = data.draw(st.integers(0, size - 1))
    for proof, check in (
        (
            tree.inclusion_proof(index),
            lambda changed: verify_inclusion(
                index, size, leaf_hash=hash_leaf(entries[index]), proof=changed, root=tree.root()
            ),
        ),
        (
            tree.consistency_proof(first),
            lambda changed: verify_consistency(
                first,
                second=size,
                first_root=tree.root(first),
                second_root=tree.root(),
                proof=changed,
            ),
        ),
    ):
        if not proof:
            continue
        at = data.draw(st.integers(0, len(proof) - 1))
        changed = [*proof[:at], Digest(sha256(proof[at]).digest()), *proof[at + 1 :]]
        with pytest.raises(ProofError):
            check(changed)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=4), st.integers(0, 3))
def test_tiles_give_the_same_roots_however_they_were_written(steps: list[int], reopen: int) -> None:
    entries = [str(number).encode() for number in range(sum(steps))]
    tree = MemoryTree(map(hash_leaf, entries))
    with TemporaryDirectory() as name:
        folder = Path(name)
        writer = TileWriter.open(folder)
        for at, step in enumerate(steps):
            if at == reopen:
                writer = TileWriter.open(folder)
            writer.append(entries[writer.size : writer.size + step])
            assert writer.publish() == tree.root(writer.size)
        reader = TileReader(read_folder(folder), len(entries))
        assert list(reader.entries()) == entries
        for level in range(len(entries).bit_length()):
            for index in range(len(entries) >> level):
                assert reader.read(level, index) == tree.read(level, index)
