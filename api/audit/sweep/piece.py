"""One piece of the log, verified by a process of its own: all that needs no neighbour.

Rules kept here:

* A piece begins at a multiple of PIECE, so that its peaks continue the tree before it.
* Signatures, form and each chain within the piece are checked here; a machine's first record of the piece is handed
  back, since only whoever has seen all before can say whether it continues its chain.
* A record that does not verify is named and still hashed: what follows is judged by itself.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from counterfoil.api.audit.sweep.finding import Finding
from counterfoil.gateway.errors import GatewayError, IdentityError, RecordError
from counterfoil.gateway.identity import DeviceId, Digest, PublicKey, device_hash
from counterfoil.gateway.log.merkle import Frontier, hash_leaf
from counterfoil.gateway.log.source import open_source
from counterfoil.gateway.log.tiles import TileReader
from counterfoil.gateway.record import Refund, Sale, SignedRecord, decode
from counterfoil.gateway.verify import (
    Accepted,
    ChainTip,
    DeviceKey,
    KeyRing,
    KeyStatus,
    check_chain,
    verify_signatures,
)
from counterfoil.oracle.figures import Tally

PIECE = 4_096


class HashedKey(NamedTuple):
    """A key as the registry's events tell of it, its device known by hash alone."""

    x: bytes
    y: bytes
    from_sequence: int
    until_sequence: int
    revoked: bool


class SoldFact(NamedTuple):
    """A sale or refund as it is shared out; units are pairs of (commodity, count), a line each."""

    log_index: int
    device: str
    time_ms: int
    is_refund: bool
    amount_minor: int
    units: tuple[tuple[str, int], ...]


@dataclass
class Segment:
    """What lies between two heads, or a head and the piece's edge, *end* not included."""

    end: int
    peaks: tuple[Digest, ...] = ()
    tips: dict[DeviceId, ChainTip] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)


@dataclass
class Piece:
    """What the piece from *start* up to *end* came to."""

    start: int
    end: int
    segments: list[Segment] = field(default_factory=list)
    openings: list[tuple[int, bytes]] = field(default_factory=list)
    tips: dict[DeviceId, ChainTip] = field(default_factory=dict)
    sold: list[SoldFact] = field(default_factory=list)
    gossip: dict[tuple[int, bytes], int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


class RegistryRing(Mapping[tuple[DeviceId, int], DeviceKey]):
    """The registry's keys by the devices' names, which are hashed as they are asked for."""

    def __init__(self, keys: Mapping[tuple[bytes, int], HashedKey]) -> None:
        self._keys = keys
        self._known: dict[tuple[DeviceId, int], DeviceKey] = {}

    def __getitem__(self, name: tuple[DeviceId, int]) -> DeviceKey:
        known = self._known.get(name)
        if known is None:
            device, epoch = name
            found = self._keys[device_hash(device), epoch]
            try:
                key = PublicKey(found.x, found.y)
            except IdentityError as error:
                raise KeyError(name) from error
            status = KeyStatus.REVOKED if found.revoked else KeyStatus.ACTIVE
            known = DeviceKey(device, epoch, key, found.from_sequence, found.until_sequence, status)
            self._known[name] = known
        return known

    def __iter__(self) -> Iterator[tuple[DeviceId, int]]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._keys)


def verify_piece(
    reader: TileReader, keys: KeyRing, start: int, end: int, cuts: Sequence[int]
) -> Piece:
    """Return what the records from *start* up to *end* come to, cut at the heads' sizes *cuts*."""
    piece = Piece(start, end)
    raws = list(reader.entries(start, end))
    results = verify_signatures([(raw, None) for raw in raws], keys)
    frontier = Frontier()
    cuts_left = [*cuts, end] if not cuts or cuts[-1] != end else list(cuts)
    segment = Segment(cuts_left[0])
    for index, (raw, result) in enumerate(zip(raws, results, strict=True), start=start):
        frontier.append(hash_leaf(raw))
        signed = _readable(piece, index, raw, result)
        if signed is not None:
            _take(piece, segment, index, signed)
        if index + 1 == segment.end:
            segment.peaks = frontier.peaks
            piece.segments.append(segment)
            cuts_left.pop(0)
            if cuts_left:
                segment = Segment(cuts_left[0])
    return piece


def _readable(
    piece: Piece, index: int, raw: bytes, result: SignedRecord | GatewayError
) -> SignedRecord | None:
    """The record, verified or (with a finding) only read; None where it can't be read at all."""
    if isinstance(result, SignedRecord):
        return result
    piece.findings.append(Finding("record_refused", f"record {index}", str(result)))
    try:
        return decode(raw)
    except RecordError:
        return None


def _take(piece: Piece, segment: Segment, index: int, signed: SignedRecord) -> None:
    record, body = signed.record, signed.record.body
    device = record.device
    before = piece.tips.get(device)
    if before is None:
        piece.openings.append((index, signed.raw))
        tip = tip_of(signed)
    else:
        wrong, tip = continued(signed, before)
        if wrong is not None:
            piece.findings.append(Finding("chain_broken", f"record {index} ({device})", wrong))
    piece.tips[device] = segment.tips[device] = tip
    segment.tally.add(signed)
    if record.head is not None:
        piece.gossip.setdefault((record.head.size, record.head.root), index)
    if isinstance(body, Sale):
        lines = tuple([(line.commodity, line.quantity) for line in body.lines])
        sold = SoldFact(index, device, record.time_ms, False, body.amount_minor, lines)
        piece.sold.append(sold)
    elif isinstance(body, Refund):
        piece.sold.append(SoldFact(index, device, record.time_ms, True, body.amount_minor, ()))


def continued(signed: SignedRecord, tip: ChainTip | None) -> tuple[str | None, ChainTip]:
    """Why *signed* does not continue the chain that ends in *tip*, or None; and the chain's end with it."""
    try:
        outcome = check_chain(signed, tip)
    except RecordError as error:
        return f"{error.code}: {error}", tip_of(signed)
    if isinstance(outcome, Accepted):
        return None, outcome.tip
    return "its number stands twice in the log", tip_of(signed)


def tip_of(signed: SignedRecord) -> ChainTip:
    """The chain's end with *signed*."""
    record = signed.record
    return ChainTip(
        record.device, record.epoch, record.sequence, signed.payload_digest, record.counters
    )


# ---- in a worker process

_here: dict[str, tuple[TileReader, KeyRing]] = {}


def start_worker(
    where: str, ca: str, size: int, keys: Mapping[tuple[bytes, int], HashedKey]
) -> None:
    """Open the log at *where* once for this process."""
    # Records make no cycles: looking for them costs more than it finds.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    _here["log"] = TileReader(open_source(where, ca or True), size), RegistryRing(keys)


def work(start: int, end: int, cuts: Sequence[int]) -> Piece:
    """One piece, by what :func:`start_worker` opened."""
    reader, ring = _here["log"]
    return verify_piece(reader, ring, start, end, cuts)
