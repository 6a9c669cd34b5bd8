"""The Merkle tree of RFC 9162, section 2: roots and proofs from the hashes of complete subtrees.

Rules kept here:

* SHA-256; a leaf is hashed after a byte 0x00, a node after 0x01; the empty tree is SHA-256("").
* Level 0 holds leaf hashes; the hash at (level, index) is the complete subtree over leaves
  ``index << level`` up to ``(index + 1) << level``. Complete subtrees never change, so
  any root and any proof of an earlier size can be made from them, wherever they are kept.
* Proofs list their hashes from the leaf's side to the root's, as the RFC does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from counterfoil.gateway.errors import LogError, ProofError
from counterfoil.gateway.record.identity import Digest

EMPTY_ROOT = Digest(sha256(b"").digest())

HashReader = Callable[[int, int], Digest]
"""Returns the hash of the complete subtree at (level, index)."""


def hash_leaf(entry: bytes) -> Digest:
    """Return the leaf hash of *entry*: SHA-256 of 0x00 and its bytes."""
    return Digest(sha256(b"\x00" + entry).digest())


def hash_children(left: bytes, right: bytes) -> Digest:
    """Return the node over two subtrees: SHA-256 of 0x01, *left* and *right*."""
    return Digest(sha256(b"\x01" + left + right).digest())


class Frontier:
    """A tree that can only grow, kept as the roots of its complete subtrees: O(log n) memory."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Continue a tree of *size* leaves from its ``peaks``; LogError when they don't fit."""
        if size < 0 or size.bit_count() != len(peaks):
            raise LogError(f"{len(peaks)} subtrees don't make a tree of {size} leaves")
        self._size = size
        self._peaks = [Digest(bytes(peak)) for peak in peaks]

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def peaks(self) -> tuple[Digest, ...]:
        """The roots of the complete subtrees, largest first: one for each set bit of ``size``."""
        return tuple(self._peaks)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf, given by its hash."""
        node, size, peaks = leaf_hash, self._size, self._peaks
        while size & 1:
            node = sha256(b"\x01" + peaks.pop() + node).digest()
            size >>= 1
        peaks.append(Digest(node))
        self._size += 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaves, given by their hashes, in order."""
        for leaf_hash in leaf_hashes:
            self.append(leaf_hash)

    def root(self) -> Digest:
        """Return the root over all leaves."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = hash_children(peak, node)
        return node


class MemoryTree:
    """A tree with every complete subtree's hash in memory: 64 bytes a leaf."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[Digest]] = [[]]
        for leaf_hash in leaf_hashes:
            self.append(leaf_hash)

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0])

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf, given by its hash."""
        level, node = 0, Digest(leaf_hash)
        while True:
            if level == len(self._levels):
                self._levels.append([])
            row = self._levels[level]
            row.append(node)
            if len(row) & 1:
                return
            node = hash_children(row[-2], node)
            level += 1

    def replace(self, changes: dict[int, Digest]) -> None:
        """Set the hashes of the leaves at the given indices, and of all nodes above them."""
        for index, leaf_hash in changes.items():
            self._levels[0][index] = leaf_hash
        dirty = {index >> 1 for index in changes}
        for level in range(1, len(self._levels)):
            below, row = self._levels[level - 1], self._levels[level]
            dirty = {index for index in dirty if index < len(row)}
            for index in dirty:
                row[index] = hash_children(below[2 * index], below[2 * index + 1])
            dirty = {index >> 1 for index in dirty}

    def read(self, level: int, index: int) -> Digest:
        """Return the hash of the complete subtree at (level, index); LogError when not there."""
        try:
            return self._levels[level][index]
        except IndexError:
            raise LogError(f"no complete subtree at level {level}, index {index}") from None

    def root(self, size: int | None = None) -> Digest:
        """Return the root over the first *size* leaves, over all by default."""
        return root_at(self._size_up_to(size), self.read)

    def inclusion_proof(self, index: int, size: int | None = None) -> list[Digest]:
        """Return the proof that leaf *index* is under the root over the first *size* leaves."""
        return inclusion_proof(index, self._size_up_to(size), self.read)

    def consistency_proof(self, first: int, second: int | None = None) -> list[Digest]:
        """Return the proof that the tree of *first* leaves is the start of that of *second*."""
        return consistency_proof(first, self._size_up_to(second), self.read)

    def _size_up_to(self, size: int | None) -> int:
        if size is not None and size > self.size:
            raise LogError(f"the tree has {self.size} leaves, not {size}")
        return self.size if size is None else size


def _split(length: int) -> int:
    """Return the largest power of two smaller than *length*, which is over 1."""
    return 1 << ((length - 1).bit_length() - 1)


def _range_root(start: int, end: int, read: HashReader) -> Digest:
    """Return the root over leaves *start* to *end*; *start* is a multiple of its largest split."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return read(level, start >> level)
    middle = start + _split(length)
    return hash_children(_range_root(start, middle, read), _range_root(middle, end, read))


def root_at(size: int, read: HashReader) -> Digest:
    """Return the root over the first *size* leaves."""
    return EMPTY_ROOT if size == 0 else _range_root(0, size, read)


def inclusion_proof(index: int, size: int, read: HashReader) -> list[Digest]:
    """Return PATH(index, D[size]) of RFC 9162, 2.1.3.1; LogError when *index* is not in it."""
    if not 0 <= index < size:
        raise LogError(f"leaf {index} is not in a tree of {size}")
    path: list[Digest] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(middle, end, read))
            end = middle
        else:
            path.append(_range_root(start, middle, read))
            start = middle
    path.reverse()
    return path


def consistency_proof(first: int, second: int, read: HashReader) -> list[Digest]:
    """Return PROOF(first, D[second]) of RFC 9162, 2.1.4.1: empty when the two are equal.

    Raises LogError unless 0 < first <= second: an empty tree is consistent without a proof.
    """
    if not 0 < first <= second:
        raise LogError(f"no consistency proof from {first} to {second} leaves")
    proof: list[Digest] = []
    start, end, known = 0, second, True
    while first != end - start:
        middle = _split(end - start)
        if first <= middle:
            proof.append(_range_root(start + middle, end, read))
            end = start + middle
        else:
            proof.append(_range_root(start, start + middle, read))
            start += middle
            first -= middle
            known = False
    if not known:
        proof.append(_range_root(start, end, read))
    proof.reverse()
    return proof


def proven_beginning(
    first: int, second: int, root: bytes, read: HashReader
) -> tuple[Digest, list[Digest]]:
    """Return the root over the first *first* leaves of the tree of *second* with *root*, and the proof of it.

    Whatever *read* gives is somebody's copy. Raises ProofError when it is not that tree's: then it shows nothing of
    any other head. LogError when it does not reach so far.
    """
    mine = root_at(first, read)
    proof = consistency_proof(first, second, read) if 0 < first < second else []
    verify_consistency(first, second, first_root=mine, second_root=root, proof=proof)
    return mine, proof


def _sides(at: int, last: int) -> list[bool]:
    """Return, from the leaf's side up, whether each sibling on the path is on the left.

    *at* and *last* are fn and sn of RFC 9162, 2.1.3.2; the list has the length that the proof must have.
    """
    sides: list[bool] = []
    while last:
        on_left = bool(at & 1) or at == last
        sides.append(on_left)
        if on_left:
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        at >>= 1
        last >>= 1
    return sides


def _check_path(path: Sequence[bytes], length: int) -> None:
    if len(path) != length or any(len(node) != 32 for node in path):
        raise ProofError(f"not {length} hashes of 32 bytes")


def root_from_inclusion_proof(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]
) -> Digest:
    """Return the root to which *proof* leads from the leaf (RFC 9162, 2.1.3.2).

    Raises ProofError when the proof's length does not fit *index* and *size*.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not in a tree of {size}")
    if len(leaf_hash) != 32:
        raise ProofError("the leaf's hash is not 32 bytes")
    sides = _sides(index, size - 1)
    _check_path(proof, len(sides))
    node = leaf_hash
    for on_left, sibling in zip(sides, proof, strict=True):
        pair = b"\x01" + sibling + node if on_left else b"\x01" + node + sibling
        node = sha256(pair).digest()
    return Digest(node)


def verify_inclusion(
    index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise ProofError unless *proof* shows the leaf at *index* under *root* over *size* leaves."""
    if root_from_inclusion_proof(index, size, leaf_hash, proof) != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofError unless *proof* shows the first tree to be the start of the second.

    RFC 9162, 2.1.4.2. An empty first tree is the start of any, with an empty proof.
    """
    if not 0 <= first <= second:
        raise ProofError(f"a tree of {second} leaves did not grow from one of {first}")
    if first in (0, second):
        expected = EMPTY_ROOT if first == 0 else second_root
        if proof or first_root != expected:
            raise ProofError("trees of equal size, or an empty first tree, need no proof")
        return
    path = list(proof)
    if first.bit_count() == 1:
        path.insert(0, first_root)
    level = (first & -first).bit_length() - 1  # of the complete subtree that ends the first tree
    sides = _sides((first - 1) >> level, (second - 1) >> level)
    _check_path(path, 1 + len(sides))
    old: bytes = path[0]
    new: bytes = path[0]
    for on_left, node in zip(sides, path[1:], strict=True):
        if on_left:
            old, new = hash_children(node, old), hash_children(node, new)
        else:
            new = hash_children(new, node)
    if old != first_root or new != second_root:
        raise ProofError("the proof leads to other roots")
