"""Roots and proofs against published vectors and against the RFC's recursive definition."""

from __future__ import annotations

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

from counterfoil.gateway.errors import LogError, ProofError
from counterfoil.gateway.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    MemoryTree,
    hash_children,
    hash_leaf,
    proven_beginning,
    root_from_inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from counterfoil.gateway.record.identity import Digest


def mth(leaves: list[Digest]) -> Digest:
    """MTH of RFC 9162, 2.1.1, over leaf hashes, as the RFC writes it."""
    if not leaves:
        return Digest(sha256(b"").digest())
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hash_children(mth(leaves[:k]), mth(leaves[k:]))


LEAVES = [hash_leaf(f"entry {number}".encode()) for number in range(70)]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == MemoryTree().root() == EMPTY_ROOT == sha256(b"").digest()


def test_every_size_has_the_root_of_the_definition() -> None:
    frontier, tree = Frontier(), MemoryTree(LEAVES)
    for size in range(len(LEAVES) + 1):
        expected = mth(LEAVES[:size])
        assert tree.root(size) == expected
        assert frontier.root() == expected
        assert Frontier(size, frontier.peaks).root() == expected
        if size < len(LEAVES):
            frontier.append(LEAVES[size])


def test_every_inclusion_proof_verifies_and_no_other_place_does() -> None:
    tree = MemoryTree(LEAVES[:37])
    for size in (1, 2, 3, 7, 8, 31, 32, 37):
        root = tree.root(size)
        for index in range(size):
            proof = tree.inclusion_proof(index, size)
            verify_inclusion(index, size, leaf_hash=LEAVES[index], proof=proof, root=root)
            for wrong in (index + 1, index - 1, size):
                with pytest.raises(ProofError):
                    verify_inclusion(
                        index=wrong, size=size, leaf_hash=LEAVES[index], proof=proof, root=root
                    )
            with pytest.raises(ProofError):
                verify_inclusion(
                    index, size, leaf_hash=LEAVES[index], proof=[*proof, root], root=root
                )
            if proof:
                with pytest.raises(ProofError):
                    verify_inclusion(
                        index, size, leaf_hash=LEAVES[index], proof=proof[:-1], root=root
                    )


def test_every_consistency_proof_verifies_and_no_other_root_does() -> None:
    tree = MemoryTree(LEAVES[:40])
    for second in range(1, 41):
        for first in range(1, second + 1):
            proof = tree.consistency_proof(first, second)
            old, new = tree.root(first), tree.root(second)
            verify_consistency(first, second, first_root=old, second_root=new, proof=proof)
            for wrong in ((hash_leaf(b""), new), (old, hash_leaf(b""))):
                with pytest.raises(ProofError):
                    verify_consistency(first, second, *wrong, proof)
            with pytest.raises(ProofError):
                verify_consistency(
                    first, second, first_root=old, second_root=new, proof=[*proof, new]
                )
            if proof:
                with pytest.raises(ProofError):
                    verify_consistency(
                        first, second, first_root=old, second_root=new, proof=proof[1:]
                    )


def test_an_empty_tree_is_the_start_of_any() -> None:
    verify_consistency(
        first=0,
        second=5,
        first_root=EMPTY_ROOT,
        second_root=MemoryTree(LEAVES[:5]).root(),
        proof=[],
    )
    with pytest.raises(ProofError):
        verify_consistency(
            first=0,
            second=5,
            first_root=LEAVES[0],
            second_root=MemoryTree(LEAVES[:5]).root(),
            proof=[],
        )
    with pytest.raises(ProofError):
        verify_consistency(
            first=6, second=5, first_root=EMPTY_ROOT, second_root=EMPTY_ROOT, proof=[]
        )


def test_proofs_outside_the_tree_are_refused() -> None:
    tree = MemoryTree(LEAVES[:5])
    for index in range(5):
        proof = tree.inclusion_proof(index)
        verify_inclusion(index, 5, leaf_hash=LEAVES[index], proof=proof, root=tree.root())
    for index, size in ((5, 5), (-1, 5), (0, 0), (5, 6)):
        with pytest.raises(LogError):
            tree.inclusion_proof(index, size)
    for first, second in ((0, 5), (5, 4), (1, 6)):
        with pytest.raises(LogError):
            tree.consistency_proof(first, second)


def test_a_frontier_takes_many_leaves_in_order() -> None:
    frontier = Frontier()
    frontier.extend(LEAVES[:5])
    frontier.extend(LEAVES[5:13])
    assert (frontier.size, frontier.root()) == (13, mth(LEAVES[:13]))


def test_a_hash_on_a_path_has_32_bytes() -> None:
    assert root_from_inclusion_proof(0, 2, LEAVES[0], [LEAVES[1]]) == mth(LEAVES[:2])
    for node in (b"", LEAVES[1][:-1], LEAVES[1] + b"\0"):
        with pytest.raises(ProofError, match="32 bytes"):
            root_from_inclusion_proof(0, 2, LEAVES[0], [node])
        with pytest.raises(ProofError, match="32 bytes"):
            verify_consistency(2, 3, LEAVES[0], LEAVES[0], [node])


def test_no_tree_begins_with_fewer_leaves_than_none_or_more_than_its_own() -> None:
    tree = MemoryTree(LEAVES[:13])
    for first in (0, 4, 6, 13):
        proof = tree.consistency_proof(first) if first else []
        verify_consistency(
            first, 13, first_root=tree.root(first), second_root=tree.root(), proof=proof
        )
    for first in (-1, 2):
        with pytest.raises(ProofError, match="did not grow"):
            verify_consistency(first, 1, first_root=LEAVES[0], second_root=LEAVES[0], proof=[])


def test_the_beginning_of_a_tree_is_proven_from_none_to_all_of_its_leaves() -> None:
    tree = MemoryTree(LEAVES[:13])
    for first in range(14):
        beginning, proof = proven_beginning(first, 13, tree.root(), tree.read)
        assert beginning == mth(LEAVES[:first])
        verify_consistency(first, 13, first_root=beginning, second_root=tree.root(), proof=proof)
    for first in range(1, 14):
        with pytest.raises(ProofError):
            proven_beginning(first, 13, mth(LEAVES[1:14]), tree.read)
    with pytest.raises(ProofError, match="did not grow"):
        proven_beginning(13, 5, tree.root(5), tree.read)
    with pytest.raises(LogError):
        proven_beginning(13, 14, tree.root(), tree.read)


def test_a_frontier_with_the_wrong_number_of_peaks_is_refused() -> None:
    with pytest.raises(LogError):
        Frontier(3, [LEAVES[0]])


def test_replacing_leaves_gives_the_tree_of_the_new_leaves() -> None:
    for size in (1, 2, 5, 8, 13):
        tree = MemoryTree(LEAVES[:size])
        changed = list(LEAVES[:size])
        changes = {index: LEAVES[60 + index % 7] for index in range(0, size, 3)}
        for index, leaf in changes.items():
            changed[index] = leaf
        tree.replace(changes)
        assert tree.root() == mth(changed)
        assert tree.inclusion_proof(size - 1) == MemoryTree(changed).inclusion_proof(size - 1)


def test_published_inclusion_vectors_are_judged_as_published(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "crypto" / "rfc6962_inclusion.json").read_text())
    assert len(vectors) > 50
    for vector in vectors:
        proof = [b64decode(node) for node in vector["proof"] or []]
        root, leaf = b64decode(vector["root"] or ""), b64decode(vector["leafHash"] or "")
        try:
            verify_inclusion(
                index=vector["leafIdx"],
                size=vector["treeSize"],
                leaf_hash=leaf,
                proof=proof,
                root=root,
            )
        except ProofError:
            assert vector["wantErr"], vector["desc"]
        else:
            assert not vector["wantErr"], vector["desc"]
