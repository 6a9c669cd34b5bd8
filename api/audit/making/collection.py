"""Bundles made from the gateway's store and the known facts of the chain.

Rules kept here:

* Only reads. A bundle holds no record that is newer than the last anchored head: those wait for
  the next bundle.
* What is proved is read from the records themselves; the store only gives log indices and bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from sqlalchemy import Engine, func, select

from counterfoil.api.audit.verification.bundle import (
    AssignmentFact,
    BlockFact,
    Bundle,
    DistributionFact,
    Entry,
    HeadFact,
    KeyFact,
    PoolFact,
    Scope,
    StateFact,
    TakeFact,
    TermsFact,
)
from counterfoil.api.audit.verification.period_steps import BOUNDS
from counterfoil.fault import Code
from counterfoil.gateway.errors import CheckpointError, TileError
from counterfoil.gateway.log.checkpoint import parse_checkpoint
from counterfoil.gateway.log.cosignature import split_note
from counterfoil.gateway.log.merkle import consistency_proof, inclusion_proof, root_at
from counterfoil.gateway.log.state_tree import Slot, StateTree
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH
from counterfoil.gateway.logfiles.hash_reader import hash_reader
from counterfoil.gateway.logfiles.tiles import read_folder
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.store.tables import StoredRecord

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]


class NothingToBundleError(Exception):
    """There is no anchored record of the device to make a bundle of."""

    code = Code("bundle.nothing_to_show")
    to_do = "Choose a period with records, or wait until they are anchored."


@dataclass(frozen=True)
class KnownFacts:
    """What the chain's projection knows of the device and the log; heads ascending by size.

    *prove* returns the blocks that hold the given transactions (hashes by the block's number).
    """

    scope: Scope
    keys: Sequence[KeyFact]
    heads: Sequence[HeadFact]
    assignments: Sequence[AssignmentFact] = ()
    certificates: Sequence[bytes] = ()
    revocations: Sequence[bytes] = ()
    terms: Sequence[TermsFact] = ()
    distributions: Sequence[DistributionFact] = ()
    pools: Sequence[PoolFact] = ()
    takes: Sequence[TakeFact] = ()
    prove: Callable[[Mapping[int, Sequence[bytes]]], Sequence[BlockFact]] = lambda _: ()


def state_at(engine: Engine, size: int) -> StateTree:
    """Return the devices' slots after the first *size* records."""
    spans = (
        select(
            func.min(_RECORD.c.log_index).label("first"),
            func.max(_RECORD.c.log_index).label("last"),
        )
        .where(_RECORD.c.log_index < size)
        .group_by(_RECORD.c.device)
        .subquery()
    )
    query = (
        select(_RECORD.c.device, _RECORD.c.epoch, _RECORD.c.sequence, _RECORD.c.payload_digest)
        .join(spans, spans.c.last == _RECORD.c.log_index)
        .order_by(spans.c.first)
    )
    with engine.connect() as connection:
        return StateTree(
            Slot(
                device=DeviceId(device),
                epoch=epoch,
                sequence=sequence,
                payload_digest=Digest(bytes(digest)),
            )
            for device, epoch, sequence, digest in connection.execute(query)
        )


def collect(engine: Engine, tiles: Path | None, facts: KnownFacts) -> Bundle:
    """Return the bundle for ``facts.scope``; NothingToBundleError when no head covers a record."""
    if not facts.heads:
        raise NothingToBundleError("no head is anchored yet")
    last = facts.heads[-1]
    entries = _entries(engine, facts.scope, last.size)
    read = hash_reader(engine, tiles, last.size)
    if root_at(last.size, read) != last.root:
        raise NothingToBundleError("the stored log does not give the anchored root")
    wanted = {d.head_size for d in facts.distributions if facts.scope.has_date(d.period_start)}
    wanted.add(last.size)
    covering = (head.size for head in facts.heads if head.size > entries[-1].log_index)
    wanted.add(next(covering, last.size))
    heads = tuple(head for head in facts.heads if head.size in wanted)
    slots = state_at(engine, last.size)
    number, slot, path = slots.inclusion_proof(DeviceId(facts.scope.device))
    bundle = Bundle(
        facts.scope,
        registry=tuple(facts.keys),
        certificates=tuple(facts.certificates),
        revocations=tuple(facts.revocations),
        records=entries,
        heads=heads,
        assignments=tuple(facts.assignments),
        inclusion=tuple(tuple(inclusion_proof(e.log_index, last.size, read)) for e in entries),
        consistency=tuple(
            tuple(consistency_proof(first.size, second.size, read))
            for first, second in pairwise(heads)
        ),
        state=StateFact(
            number,
            slots=len(slots),
            epoch=slot.epoch,
            sequence=slot.sequence,
            payload_digest=slot.payload_digest,
            path=path,
        ),
        checkpoint=_checkpoint(tiles, last),
        terms=tuple(facts.terms),
        distributions=tuple(facts.distributions),
        pools=tuple(facts.pools),
        takes=tuple(facts.takes),
    )
    return replace(bundle, blocks=tuple(facts.prove(bundle.on_chain())))


def _checkpoint(tiles: Path | None, last: HeadFact) -> bytes:
    """Return the log's newest signed checkpoint; empty where it is not of the *last* head."""
    if tiles is None:
        return b""
    try:
        note = read_folder(tiles)(CHECKPOINT_PATH)
        head = parse_checkpoint(split_note(note)[0]).head
    except (TileError, CheckpointError):
        return b""
    same = (head.size, head.root, head.state) == (last.size, last.root, last.state)
    return note if same else b""


def _entries(engine: Engine, scope: Scope, size: int) -> tuple[Entry, ...]:
    """Return the period's records, with the two before and the two after the period where they exist."""
    query = (
        select(_RECORD.c.log_index, _RECORD.c.time_ms)
        .where(_RECORD.c.device == scope.device, _RECORD.c.log_index < size)
        .order_by(_RECORD.c.epoch, _RECORD.c.sequence)
    )
    with engine.connect() as connection:
        places = [(index, time_ms) for index, time_ms in connection.execute(query)]
    if not places:
        raise NothingToBundleError(f"no anchored record of {scope.device}")
    inside = [
        at for at, (_, time_ms) in enumerate(places) if scope.first_ms <= time_ms < scope.until_ms
    ]
    if inside:
        first, last = inside[0], inside[-1]
    else:
        before = [at for at, (_, time_ms) in enumerate(places) if time_ms < scope.first_ms]
        last = before[-1] if before else -1
        first = last + 1
    chosen = [index for index, _ in places[max(0, first - BOUNDS) : last + 1 + BOUNDS]]
    query = (
        select(_RECORD.c.log_index, _RECORD.c.raw)
        .where(
            _RECORD.c.device == scope.device,
            _RECORD.c.log_index >= chosen[0],
            _RECORD.c.log_index <= chosen[-1],
        )
        .order_by(_RECORD.c.epoch, _RECORD.c.sequence)
    )
    with engine.connect() as connection:
        return tuple(Entry(index, bytes(raw)) for index, raw in connection.execute(query))
