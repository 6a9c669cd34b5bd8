"""The state root: the end of every device's chain in one hash, which any replay reproduces.

Rules kept here:

* Each device has one slot, in the order in which devices first appear in the log. A slot's entry is the
  deterministic CBOR array ``[SHA-256 of the device's name, epoch, sequence, payload digest]`` of
  the device's newest record.
* The root is the RFC 9162 tree over the entries. Without a device it is SHA-256("").
* Replaying the first n records of the log gives the state root that was anchored with size n, so a
  record that was left out or replaced shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cbor2

from counterfoil.gateway.errors import LogError
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.record.identity import DeviceId, Digest, device_hash
from counterfoil.gateway.record.signed_record import SignedRecord


@dataclass(frozen=True, slots=True)
class Slot:
    """The end of one device's chain."""

    device: DeviceId
    epoch: int
    sequence: int
    payload_digest: Digest

    def entry(self) -> bytes:
        """Return the bytes that the state tree hashes as this slot's leaf."""
        return cbor2.dumps(
            [device_hash(self.device), self.epoch, self.sequence, self.payload_digest]
        )


class StateTree:
    """All slots, and the root over them; updating one costs O(log devices) when the root is read.

    >>> StateTree().root().hex()[:16]
    'e3b0c44298fc1c14'
    """

    def __init__(self, slots: Iterable[Slot] = ()) -> None:
        """Start from *slots*, in slot order."""
        self._slots: list[Slot] = []
        self._index: dict[DeviceId, int] = {}
        self._dirty: set[int] = set()
        self._tree = MemoryTree()
        for slot in slots:
            self.apply(slot)

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Slot]:
        return iter(self._slots)

    def apply(self, slot: Slot) -> None:
        """Make *slot* the end of its device's chain; LogError unless it lies further on."""
        at = self._index.get(slot.device)
        if at is None:
            self._index[slot.device] = len(self._slots)
            self._slots.append(slot)
            self._tree.append(hash_leaf(slot.entry()))
            return
        old = self._slots[at]
        if (slot.epoch, slot.sequence) <= (old.epoch, old.sequence):
            raise LogError(
                f"{slot.device} stands at {old.epoch}/{old.sequence}, "
                f"not before {slot.epoch}/{slot.sequence}"
            )
        self._slots[at] = slot
        self._dirty.add(at)

    def apply_record(self, signed: SignedRecord) -> None:
        """Make *signed*, the next record of the log, the end of its device's chain."""
        record = signed.record
        self.apply(Slot(record.device, record.epoch, record.sequence, signed.payload_digest))

    def slot_of(self, device: DeviceId) -> tuple[int, Slot] | None:
        """Return the device's slot number and slot, None before its first record."""
        at = self._index.get(device)
        return None if at is None else (at, self._slots[at])

    def root(self) -> Digest:
        """Return the root over all slots as they stand now."""
        return self._current().root()

    def inclusion_proof(self, device: DeviceId) -> tuple[int, Slot, list[Digest]]:
        """Return the slot's number, the slot and its proof; LogError for an unknown device."""
        at = self._index.get(device)
        if at is None:
            raise LogError(f"{device} has no record in the log")
        return at, self._slots[at], self._current().inclusion_proof(at)

    def _current(self) -> MemoryTree:
        if self._dirty:
            self._tree.replace({at: hash_leaf(self._slots[at].entry()) for at in self._dirty})
            self._dirty.clear()
        return self._tree
