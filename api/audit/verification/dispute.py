"""A dispute over one record, prepared for the chain: which call settles it, and with which proof (pure).

Rules kept here:

* A record that is in the log is confirmed. One that is not is refuted by its machine's slot, where the machine's chain
  ends before it or in another record of its number; otherwise it is displaced by the record that has its number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from counterfoil.api.audit.verification.bundle import Bundle, HeadFact
from counterfoil.chain.abi.head_fields import HeadFields
from counterfoil.fault import Code
from counterfoil.gateway.errors import RecordError
from counterfoil.gateway.log.merkle import HashReader, inclusion_proof
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.signed_record import SignedRecord, decode


class NothingSettlesIt(Exception):
    """The log shows neither that the record is in it nor that it is not."""

    code = Code("dispute.nothing_settles_it")
    to_do = "Wait for a later head and ask again: the log may take the record still."


@dataclass(frozen=True)
class Dispute:
    """The function of ``RecordDispute`` to call, and its arguments."""

    function: Literal["confirm", "refute", "displace"]
    arguments: tuple[Any, ...]


def from_bundle(
    bundle: Bundle, log_index: int, find: Callable[[HeadFact], HeadFields | None]
) -> Dispute:
    """Return the confirmation of a bundle's record by the bundle's own proof; NothingSettlesIt without one.

    *find* gives all of a head's fields, as the chain has them; None where it does not have the head.
    """
    for entry, path in zip(bundle.records, bundle.inclusion, strict=False):
        if entry.log_index == log_index and bundle.heads:
            head = find(bundle.heads[-1])
            if head is None:
                raise NothingSettlesIt("the chain does not have the bundle's last head")
            return Dispute("confirm", (entry.raw, (log_index, head, list(path))))
    raise NothingSettlesIt(f"the bundle has no record {log_index} with a proof")


def from_log(
    record: bytes, entries: Iterable[bytes], read: HashReader, head: HeadFields
) -> Dispute:
    """Return the call that settles *record* by the log under *head*: its *entries* and its hashes.

    Raises NothingSettlesIt, or RecordError when it is no record.
    """
    mine = decode(record)
    at = (mine.record.device, mine.record.epoch, mine.record.sequence)
    state = StateTree()
    other: tuple[int, SignedRecord] | None = None
    for index, raw in enumerate(entries):
        if raw == record:
            return Dispute("confirm", (record, _inclusion(index, head, read)))
        try:
            signed = decode(raw)
            state.apply_record(signed)
        except RecordError:
            continue
        found = signed.record
        if (found.device, found.epoch, found.sequence) == at:
            other = (index, signed)
    if other is not None:
        index, signed = other
        proof = _inclusion(index, head, read)
        if signed.payload_digest != mine.payload_digest:
            return Dispute("displace", (record, signed.raw, proof))
        if not _is_twin(record, signed.raw):
            raise NothingSettlesIt("the log has this payload under another signature")
        # What the contract finds of the one it finds of the other.
        return Dispute("confirm", (signed.raw, proof))
    if state.slot_of(mine.record.device) is None:
        raise NothingSettlesIt("the log has no record of this machine, so no slot speaks of it")
    number, slot, path = state.inclusion_proof(mine.record.device)
    if (slot.epoch, slot.sequence) >= at[1:]:
        raise NothingSettlesIt("the machine's chain goes on behind it, and lacks its number")
    position = (head, number, len(state), slot.epoch, slot.sequence, slot.payload_digest, path)
    return Dispute("refute", (record, position))


def _is_twin(record: bytes, other: bytes) -> bool:
    """Return whether the two differ in the form of s alone: a signature (r, n - s) is true where (r, s) is."""
    s, t = int.from_bytes(record[-32:]), int.from_bytes(other[-32:])
    return record[:-32] == other[:-32] and s + t == cose.P256_ORDER


def _inclusion(
    index: int, head: HeadFields, read: HashReader
) -> tuple[int, HeadFields, list[bytes]]:
    return index, head, list(inclusion_proof(index, head["size"], read))
