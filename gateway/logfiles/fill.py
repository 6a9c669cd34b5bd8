"""A gateway's store that ends before the log does, filled from a copy of the log.

Rules kept here:

* Nothing of the copy is believed: its entries must give the root that it states, and, with a key, the signed one. Who
  signs heads verifies each record again (the oracle), whoever filled it in.
* It is one transaction: a kill leaves the store as it was. The gateway may run.
* A record that the store took meanwhile at a place that the log has for another one loses the place alone: it is added
  again behind the log where it is its machine's next, and else kept as refused, with the reason.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, select

from counterfoil.fault import Code
from counterfoil.gateway.errors import GatewayError, LogError, TileError
from counterfoil.gateway.log.checkpoint import LogKey, parse_checkpoint, verify_checkpoint
from counterfoil.gateway.log.cosignature import split_note
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf, root_at
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH
from counterfoil.gateway.logfiles.tiles import SIZE_PATH, FileReader, TileReader, parse_size
from counterfoil.gateway.record.chain_check import Accepted, check_chain, check_used_number
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.signed_record import SignedRecord, decode
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.gateway.store.rows import NewRecord, NewRefusal
from counterfoil.gateway.store.tables import StoredRecord

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]
_PIECE = 4_096


class CopyUnusable(LogError):
    """The copy of the log does not give the root that it states."""

    code = Code("log.copy_unusable")
    to_do = "Take another copy: the tiles, another node's, or a mirror; nothing was changed."


@dataclass(frozen=True)
class Filled:
    """Records of the log, how many of them were *added*, and what became of those that had their places."""

    size: int
    root: Digest
    added: int
    moved: int
    refused: int


def fill(store: GatewayStore, read: FileReader, key: LogKey | None = None) -> Filled:
    """Make *store* begin with all records of the copy of the log that *read* gives; *key* is the log's.

    Raises:
        CopyUnusable: the copy does not give its root.
        LogError: it can't be read, or its checkpoint is not signed by *key*.
    """
    stated = _stated(read, key)
    size, root = max(stated)
    copy = TileReader(read, size)
    with store.appending() as connection:
        first = _first_other(store, connection, copy)
        if first == size:
            return Filled(size, root, added=0, moved=0, refused=0)
        tree = MemoryTree(hash_leaf(raw) for raw in copy.entries())
        for records, its_root in stated:
            if root_at(records, tree.read) != its_root:
                raise CopyUnusable(f"its first {records:,} records do not give the root stated")
        taken = connection.execute(
            select(_RECORD.c.raw, _RECORD.c.received_ms)
            .where(_RECORD.c.log_index >= first)
            .order_by(_RECORD.c.log_index)
        ).all()
        connection.execute(_RECORD.delete().where(_RECORD.c.log_index >= first))
        times = {bytes(raw): received for raw, received in taken}
        entries = copy.entries(first)
        while piece := list(islice(entries, _PIECE)):
            store.append(connection, [_new(raw, times.get(raw)) for raw in piece], [])
        moved, refused = _add_again(store, connection, [(bytes(r), t) for r, t in taken])
    return Filled(size, root, added=size - first, moved=moved, refused=refused)


def _stated(read: FileReader, key: LogKey | None) -> list[tuple[int, Digest]]:
    """The sizes of the copy with their roots: of its checkpoint, and of its newest tiles, where it has them."""
    found: list[tuple[int, Digest]] = []
    try:
        note = read(CHECKPOINT_PATH)
    except TileError:
        if key is not None:
            raise
    else:
        signed = verify_checkpoint(note, key) if key else parse_checkpoint(split_note(note)[0])
        found.append((signed.head.size, signed.head.root))
    with suppress(TileError):
        found.append(parse_size(read(SIZE_PATH)))
    if not found:
        raise CopyUnusable("it has neither a checkpoint nor a size")
    return found


def _first_other(store: GatewayStore, connection: Connection, copy: TileReader) -> int:
    """The first place at which the store has not the record that the copy has."""
    query = select(_RECORD.c.log_index, _RECORD.c.raw).order_by(_RECORD.c.log_index)
    rows = connection.execute(query.execution_options(yield_per=_PIECE))
    place = 0
    for raw, row in zip(copy.entries(), rows, strict=False):
        if row[0] != place or bytes(row[1]) != raw:
            break
        place += 1
    rows.close()
    return place


def _new(raw: bytes, received_ms: int | None) -> NewRecord:
    """The record as a row; when the gateway took it is not in the log: its own time stands for that."""
    one = decode(raw)
    return NewRecord(one, one.record.time_ms if received_ms is None else received_ms)


def _add_again(
    store: GatewayStore, connection: Connection, taken: list[tuple[bytes, int]]
) -> tuple[int, int]:
    """Put each of *taken* that is not in the log behind it, or among the refused; return how many of each."""
    moved = refused = 0
    for raw, received_ms in taken:
        one = decode(raw)
        record = one.record
        there = store.digest_of(connection, record.device, record.epoch, record.sequence)
        if there == one.payload_digest:
            continue
        try:
            if not isinstance(check_chain(one, store.tip(connection, record.device)), Accepted):
                check_used_number(one, there)
            store.append(connection, [NewRecord(one, received_ms)], [])
            moved += 1
        except GatewayError as failure:
            store.append(connection, [], [_refusal(one, failure, received_ms, there)])
            refused += 1
    return moved, refused


def _refusal(
    one: SignedRecord, failure: GatewayError, received_ms: int, there: Digest | None
) -> NewRefusal:
    record = one.record
    return NewRefusal(
        raw=one.raw,
        code=failure.code,
        detail=failure.detail,
        received_ms=received_ms,
        peer="log fill",
        device=record.device,
        epoch=record.epoch,
        sequence=record.sequence,
        first_digest=there,
        second_digest=None if there is None else one.payload_digest,
    )
