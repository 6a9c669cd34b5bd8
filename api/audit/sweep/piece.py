"""One piece of the log, verified in a process of its own, as far as that needs no other piece.

Rules kept here:

* A piece is a complete subtree (the last one the beginning of one), so that its peaks continue the tree before it.
* Signatures, form and each chain within the piece are checked here. A machine's first record in the piece is returned:
  whether it continues the machine's chain can only be checked where all earlier pieces are known.
* A record that does not verify is named and still hashed; the records after it are verified by themselves.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import parent_process
from threading import Thread
from typing import NamedTuple

from counterfoil.api.audit.faults import RECORDS_BROKEN
from counterfoil.api.audit.sweep.sold_facts import SoldFact, Units, pack
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.verification.said import Said
from counterfoil.gateway.errors import IdentityError, RecordError
from counterfoil.gateway.log.merkle import Frontier, hash_leaf
from counterfoil.gateway.logfiles.source import open_source
from counterfoil.gateway.logfiles.tiles import TileReader
from counterfoil.gateway.record.bodies import Refund, Sale
from counterfoil.gateway.record.chain_check import Accepted, ChainTip, check_chain
from counterfoil.gateway.record.identity import DeviceId, Digest, PublicKey, device_hash
from counterfoil.gateway.record.record import Record
from counterfoil.gateway.record.signed_record import SignedRecord, decode
from counterfoil.gateway.record.verification import DeviceKey, KeyStatus, verify_signatures
from counterfoil.oracle.rules.figures import Tally

PIECE = 4_096
"""Records verified and kept at a time, where nothing else is asked for."""
_TOGETHER = 128
"""Records whose signatures are verified one after the other: the processor's caches then hold what that needs."""


class Repudiation(NamedTuple):
    """Numbers that the committee took back in ``block``, both included."""

    from_sequence: int
    until_sequence: int
    block: int


class HashedKey(NamedTuple):
    """A key as the registry's events state it, with its device's hash alone."""

    x: bytes
    y: bytes
    from_sequence: int
    until_sequence: int
    revoked: bool
    repudiations: tuple[Repudiation, ...] = ()
    """In their order: each has the numbers of those before it too."""

    @property
    def anchored_until(self) -> int:
        """The last number under which the key's records may be anchored: what was repudiated was taken once."""
        return max((self.until_sequence, *(one.until_sequence for one in self.repudiations)))

    def repudiated_in(self, sequence: int) -> int | None:
        """The block in which the record of this number was repudiated; None when it counts."""
        for one in self.repudiations:
            if one.from_sequence <= sequence <= one.until_sequence:
                return one.block
        return None


@dataclass
class Segment:
    """The records between two heads, or between a head and the piece's edge, *end* not included."""

    end: int
    peaks: tuple[Digest, ...] = ()
    tips: dict[DeviceId, ChainTip] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)


@dataclass
class Piece:
    """The outcome of the piece from *start* up to *end*; ``sold`` are its packed sales and refunds."""

    start: int
    end: int
    segments: list[Segment] = field(default_factory=list)
    openings: list[tuple[int, bytes]] = field(default_factory=list)
    tips: dict[DeviceId, ChainTip] = field(default_factory=dict)
    sold: bytes = b""
    sold_between_ms: tuple[int, int] = (0, 0)
    gossip: dict[tuple[int, bytes], int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class RegistryRing(Mapping[tuple[DeviceId, int], DeviceKey]):
    """The registry's keys by the devices' names, which are hashed when they are looked up."""

    def __init__(self, keys: Mapping[tuple[bytes, int], HashedKey]) -> None:
        self._keys = keys
        self._known: dict[tuple[DeviceId, int], DeviceKey] = {}
        self._repudiated = any(key.repudiations for key in keys.values())

    def __getitem__(self, name: tuple[DeviceId, int]) -> DeviceKey:
        known = self._known.get(name)
        return self._learn(name) if known is None else known

    def _learn(self, name: tuple[DeviceId, int]) -> DeviceKey:
        device, epoch = name
        found = self._keys[device_hash(device), epoch]
        try:
            key = PublicKey(found.x, found.y)
        except IdentityError as error:
            raise KeyError(name) from error
        status = KeyStatus.REVOKED if found.revoked else KeyStatus.ACTIVE
        self._known[name] = known = DeviceKey(
            device,
            epoch,
            key,
            from_sequence=found.from_sequence,
            until_sequence=found.anchored_until,
            status=status,
        )
        return known

    def repudiated_in(self, record: Record) -> int | None:
        """The block in which *record* was repudiated; None when it counts, or its key is not known."""
        if not self._repudiated:
            return None
        found = self._keys.get((device_hash(record.device), record.epoch))
        return None if found is None else found.repudiated_in(record.sequence)

    def __iter__(self) -> Iterator[tuple[DeviceId, int]]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._keys)


def verify_piece(
    reader: TileReader, keys: RegistryRing, start: int, end: int, cuts: Sequence[int]
) -> Piece:
    """Return the outcome of the records from *start* up to *end*, cut at the heads' sizes *cuts*."""
    piece, tree, sold = Piece(start, end), Frontier(), list[SoldFact]()
    ends = iter([*cuts, end] if not cuts or cuts[-1] != end else cuts)
    segment = Segment(next(ends))
    entries, index = reader.entries(start, end), start
    while raws := list(islice(entries, _TOGETHER)):
        verified = verify_signatures([(raw, None) for raw in raws], keys)
        for raw, read in zip(raws, verified, strict=True):
            if index == segment.end:
                segment = _close(piece, segment, tree, next_end=next(ends))
            tree.append(hash_leaf(raw))
            signed = (
                _unverified(piece, index, raw=raw, error=read)
                if isinstance(read, RecordError)
                else read
            )
            if signed is not None:
                _take(piece, segment, index, signed)
                fact = _sold(index, signed.record, keys)
                if fact is not None:
                    sold.append(fact)
            index += 1
    _close(piece, segment, tree, next_end=end)
    if sold:
        piece.sold = pack(sold)
        times = [fact.time_ms for fact in sold]
        piece.sold_between_ms = min(times), max(times)
    return piece


def _close(piece: Piece, segment: Segment, tree: Frontier, next_end: int) -> Segment:
    """Add the *segment* that is read, and return the next one."""
    segment.peaks = tree.peaks
    piece.segments.append(segment)
    piece.tips.update(segment.tips)
    return Segment(next_end)


def _unverified(piece: Piece, index: int, raw: bytes, error: RecordError) -> SignedRecord | None:
    """Write down why a record is not verified; return it where it can at least be read."""
    where = Said("record {index}", index=index)
    detail = Said("{record_error}", record_error=str(error))
    piece.findings.append(Finding(RecordError.code, where, detail))
    try:
        return decode(raw)
    except RecordError:
        return None


def _take(piece: Piece, segment: Segment, index: int, signed: SignedRecord) -> None:
    record = signed.record
    device = record.device
    before = segment.tips.get(device) or piece.tips.get(device)
    if before is None:
        piece.openings.append((index, signed.raw))
        tip = tip_of(signed)
    else:
        wrong, tip = continued(signed, before)
        if wrong is not None:
            piece.findings.append(Finding(RECORDS_BROKEN, record_of(index, device), wrong))
    segment.tips[device] = tip
    segment.tally.add(signed)
    if record.head is not None:
        piece.gossip.setdefault((record.head.size, record.head.root), index)


def _sold(index: int, record: Record, keys: RegistryRing) -> SoldFact | None:
    """Return the sale or refund in *record*; None for another kind."""
    body = record.body
    if not isinstance(body, Sale | Refund):
        return None
    units: Units = ()
    if isinstance(body, Sale):
        units = tuple([(line.commodity, line.quantity) for line in body.lines])
    return SoldFact(
        log_index=index,
        device=record.device,
        time_ms=record.time_ms,
        is_refund=isinstance(body, Refund),
        amount_minor=body.amount_minor,
        units=units,
        repudiated_in=keys.repudiated_in(record),
    )


def continued(signed: SignedRecord, tip: ChainTip | None) -> tuple[Said | None, ChainTip]:
    """Return why *signed* does not continue the chain that ends in *tip*, or None; and the chain's new end."""
    try:
        outcome = check_chain(signed, tip)
    except RecordError as error:
        return Said("{chain_error}", chain_error=str(error)), tip_of(signed)
    if isinstance(outcome, Accepted):
        return None, outcome.tip
    return Said("its number stands twice in the log"), tip_of(signed)


def record_of(index: int, device: str) -> Said:
    """Return how a finding names the record at *index*, of *device*."""
    return Said("record {index} ({device})", index=index, device=device)


def tip_of(signed: SignedRecord) -> ChainTip:
    """Return the chain's end after *signed*."""
    record = signed.record
    return ChainTip(
        record.device, record.epoch, record.sequence, signed.payload_digest, record.counters
    )


# ---- in a worker process

_here: dict[str, tuple[TileReader, RegistryRing]] = {}


def start_worker(
    where: str, ca: str, size: int, keys: Mapping[tuple[bytes, int], HashedKey]
) -> None:
    """Open the log at *where* once for this process, which ends with the one that started it."""
    Thread(target=_end_with_parent, daemon=True).start()
    # Records make no cycles: looking for them costs more than it finds.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    _here["log"] = TileReader(open_source(where, ca or True), size), RegistryRing(keys)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def work(start: int, end: int, cuts: Sequence[int]) -> Piece:
    """Return one piece, read from the log that :func:`start_worker` opened."""
    reader, ring = _here["log"]
    return verify_piece(reader, keys=ring, start=start, end=end, cuts=cuts)
