"""The log as this oracle believes it, verified record by record, and the heads that follow from it.

Rules that this module keeps:

- No flag and no key in a gateway's store is believed. A record is taken only when it verifies from its bytes
  (``belief``).
- A node of a quorum keeps a copy of the records, in a store of its own. An oracle that signs alone reads the gateway's
  own store and keeps none; what it had believed beyond the tiles it verifies again after a start.
- Nothing here contradicts the chain. When an anchored head can't be made from the records, those beyond the last head
  that can are dropped, and asked for again.
- Tiles and slots stand at the newest anchored head; tiles are written first. The hashes of later records are in memory.
- A record is decoded once, as long as it is among the recent ones.
- Every method may be called from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, delete, func
from sqlmodel import Session, col, select

from counterfoil.chain.hexadecimal import from_hex
from counterfoil.gateway.errors import StoreBehindError, TileError
from counterfoil.gateway.log.merkle import (
    HashReader,
    consistency_proof,
    hash_children,
    hash_leaf,
    root_at,
)
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.logfiles.log_floor import raise_floor
from counterfoil.gateway.logfiles.tiles import TileReader, TileWriter, read_folder
from counterfoil.gateway.record.chain_check import ChainTip
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.signed_record import SignedRecord, decode
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.gateway.store.rows import NewRecord
from counterfoil.gateway.store.tables import StoredRecord
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import COPY_DIFFERS, COPY_IN_USE, RecordRefused
from counterfoil.oracle.heads.belief import Belief, tip_after
from counterfoil.oracle.heads.recent_records import RecentRecords
from counterfoil.oracle.heads.registry_history import RegistryHistory
from counterfoil.oracle.heads.state_slots import keep_slots, read_slots
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.rules.anchored_head import NO_ANNEX
from counterfoil.oracle.rules.faults.proposal import STATE_DIFFERS
from counterfoil.oracle.rules.figures import Figures, Tally
from counterfoil.oracle.store.head_tables import Progress, SlotRow

log = get_logger("oracle.log")

_RECORD = StoredRecord.__table__  # type: ignore[attr-defined]
_READER = "slots"
_READ = 2_000


@dataclass(frozen=True)
class ComputedHead:
    """A head as computed from this node's own copy."""

    root: Digest
    state: Digest
    figures: Figures
    annex: Digest


class BelievedLog:
    """The log, from the database *engine*, the records' *store* and the folder *tiles*."""

    def __init__(
        self,
        engine: Engine,
        store: GatewayStore,
        tiles: Path,
        history: RegistryHistory,
        recent: RecentRecords | None = None,
        *,
        keeps_copy: bool = True,
    ) -> None:
        """*keeps_copy*: whether what is believed is written to *store*, which is this node's own then."""
        self.store = store
        self._keeps_copy = keeps_copy
        self._recent = recent or RecentRecords()
        self._engine = engine
        self._reads = engine.execution_options(reads_only=True)
        self._tiles = tiles
        self._history = history
        self._belief = Belief(engine, history)
        self._lock = threading.RLock()
        self._tips: dict[DeviceId, ChainTip | None] = {}
        self.dropped: AnchoredHeadRow | None = None
        """The last anchored head that did not follow from the records, so that a part of them was dropped."""
        self._writer = self._open_tiles()
        self._reader = TileReader(read_folder(tiles), self._writer.size)
        self._state = self._load_slots()
        self._leaves: list[Digest] = []
        self._nodes: dict[tuple[int, int], Digest] = {}
        """The complete subtrees over newest leaves that were asked for."""
        self._places: list[tuple[DeviceId, int, int]] = []
        self._size = self._writer.size
        if keeps_copy:
            for _, one in self._signed(self._writer.size, store.size()):
                self._note(one)
                self._tips[one.record.device] = tip_after(one)
        self._ahead: tuple[int, StateTree] = (self._writer.size, self._copy_of_state())

    @property
    def size(self) -> int:
        """Number of records that are believed."""
        return self._size

    @property
    def anchored(self) -> int:
        """Number of records under the newest anchored head that follows from them."""
        return self._writer.size

    @property
    def registry(self) -> int:
        """Changes whenever the registry has changed."""
        with self._lock:
            self._history.refresh()
            return self._history.version

    # ---- taking records

    def take(self, raws: Sequence[bytes]) -> None:
        """Add *raws*, the log's entries from :attr:`size` on.

        Raises:
            RecordRefused: an entry does not verify; those before it are kept.
        """
        with self._lock:
            start = self._size
            found = self._belief.judge(start, raws, self._tip_of)
            if self._keeps_copy:
                self._keep(start, found.records)
            self._recent.keep(start, found.records)
            for one in found.records:
                self._note(one)
            self._tips.update(found.tips)
            if found.refused is not None:
                raise found.refused

    def _keep(self, start: int, believed: Sequence[SignedRecord]) -> None:
        with self.store.appending() as connection:
            if self.store.size(connection) != start:
                raise RecordRefused(start, COPY_IN_USE, "the copy has another writer")
            new = [NewRecord(one, one.record.time_ms) for one in believed]
            self.store.append(connection, new, [])

    def _tip_of(self, device: DeviceId) -> ChainTip | None:
        """The end of the device's chain: as noted since the start, or else as of the tiles."""
        if device not in self._tips:
            found = self._state.slot_of(device)
            record = found and self.store.find(device, found[1].epoch, found[1].sequence)
            self._tips[device] = tip_after(decode(record[1])) if record else None
        return self._tips[device]

    def _note(self, one: SignedRecord) -> None:
        self._leaves.append(hash_leaf(one.raw))
        self._places.append((one.record.device, one.record.epoch, one.record.sequence))
        self._size += 1

    # ---- computing heads

    def compute(self, previous_size: int, size: int, block: int) -> ComputedHead:
        """The head over the first *size* records; the batch from *previous_size* on, the registry as of *block*."""
        with self._lock:
            if not previous_size < size <= self._size:
                raise ValueError(f"{size} records after {previous_size}: there are {self._size}")
            at, state = self._ahead
            if size < at:
                at, state = self._state_before(size)
            self._history.refresh()
            tally, ends = Tally(), dict[DeviceId, SignedRecord]()
            for log_index, one in self._signed(min(at, previous_size), size):
                if log_index >= at:
                    ends[one.record.device] = one
                if log_index >= previous_size:
                    tally.add(one)
            _apply(state, ends)
            self._ahead = (size, state)

            def project_of(device: DeviceId) -> bytes:
                return self._history.project_of(device, block)

            figures = tally.figures(previous_size, size, block, project_of)
            root = root_at(size, self._read)
            return ComputedHead(root, state.root(), figures, annex=NO_ANNEX)

    def proof(self, previous_size: int, size: int) -> list[Digest]:
        """The consistency proof between two sizes; empty for the first head."""
        with self._lock:
            return consistency_proof(previous_size, size, self._read) if previous_size else []

    def leaves(self, start: int, end: int) -> list[Digest]:
        """The leaf hashes of the records from *start* up to, not including, *end*."""
        with self._lock:
            return [self._read(0, index) for index in range(start, min(end, self._size))]

    def place(self, log_index: int) -> str:
        """The device, epoch and sequence of the record at *log_index*, in words."""
        rows = self.store.records(log_index, 1)
        if not rows or rows[0][0] != log_index:
            return "no record"
        record = decode(rows[0][1]).record
        return f"{record.device} epoch {record.epoch} sequence {record.sequence}"

    def first_closed(self, start: int, size: int) -> int | None:
        """The first record of a batch whose key may no longer sign it, by the registry as of now; None without one."""
        with self._lock:
            self._history.refresh()
            keys = self._history.keys_at()
            first = self._writer.size
            for log_index in range(max(start, first), size):
                device, epoch, sequence = self._places[log_index - first]
                key = keys.get((device, epoch))
                if key is None or not key.from_sequence <= sequence <= key.until_sequence:
                    return log_index
        return None

    def newest_block(self) -> int:
        """The newest block whose events were read."""
        with self._lock:
            self._history.refresh()
            return max(0, self._history.block)

    def _read(self, level: int, index: int) -> Digest:
        """The hash of a complete subtree, from the tiles, from the newest leaves, or from both."""
        first = self._writer.size
        if (index + 1) << level <= first:
            return self._tile_reader(level, index)
        if level == 0:
            return self._leaves[index - first]
        node = self._nodes.get((level, index))
        if node is None:
            below = (self._read(level - 1, 2 * index), self._read(level - 1, 2 * index + 1))
            node = self._nodes[level, index] = hash_children(*below)
        return node

    @property
    def _tile_reader(self) -> HashReader:
        if self._reader.size != self._writer.size:
            self._reader = TileReader(read_folder(self._tiles), self._writer.size)
        return self._reader.read

    # ---- following the chain

    def require_as_long_as_the_chains(self) -> None:
        """Return when the gateway's store has what is anchored. Where that is more, note it as the log's floor.

        Raises:
            RecordRefused: the store of the gateway that is read here ends before the newest anchored head.
        """
        with Session(self._reads) as session:
            newest = session.exec(select(func.max(AnchoredHeadRow.size))).one() or 0
        if newest <= self._size:
            return
        raise_floor(self._tiles, newest)
        if not self._keeps_copy and (kept := self.store.size()) < newest:
            said = f"the gateway's store has {kept} records, {newest} are anchored"
            raise RecordRefused(kept, StoreBehindError.code, said)

    def follow(self) -> int:
        """Bring tiles and slots up to the newest anchored head that is reached; return the number of heads."""
        done = 0
        with self._lock:
            while (head := self._next_anchored()) is not None:
                root, state = from_hex(head.root), from_hex(head.state)
                if root_at(head.size, self._read) != root:
                    self._drop_beyond(head)
                    break
                self._advance(head.size, state)
                done += 1
        return done

    def _next_anchored(self) -> AnchoredHeadRow | None:
        with Session(self._reads) as session:
            head = session.exec(
                select(AnchoredHeadRow)
                .where(AnchoredHeadRow.size > self._writer.size)
                .order_by(col(AnchoredHeadRow.size))
            ).first()
        return head if head is not None and head.size <= self._size else None

    def _advance(self, size: int, state: bytes) -> None:
        first = self._writer.size
        raws, ends = list[bytes](), dict[DeviceId, SignedRecord]()
        for _, one in self._signed(first, size):
            raws.append(one.raw)
            ends[one.record.device] = one
        _apply(self._state, ends)
        if self._state.root() != state:
            log.error(STATE_DIFFERS, size=size, anchored=state.hex()[:16])
        self._writer.append(raws, self._leaves[: size - first])
        self._writer.publish()
        with Session(self._engine) as session:
            keep_slots(session, self._state, ends)
            session.merge(Progress(reader=_READER, log_index=size))
            session.commit()
        self._nodes.clear()
        del self._leaves[: size - first]
        del self._places[: size - first]
        if self._ahead[0] < size:
            self._ahead = (size, self._copy_of_state())

    def _drop_beyond(self, head: AnchoredHeadRow) -> None:
        """Drop the records beyond the tiles: they are not the ones that the chain anchored."""
        first = self._writer.size
        log.error(COPY_DIFFERS, anchored=head.size, kept=first)
        if self._keeps_copy:
            with self.store.appending() as connection:
                connection.execute(_RECORD.delete().where(_RECORD.c.log_index >= first))
        self._size = first
        self.dropped = head
        self._nodes.clear()
        self._leaves.clear()
        self._places.clear()
        self._tips.clear()
        self._recent.clear()
        self._ahead = (first, self._copy_of_state())

    # ---- starting

    def _open_tiles(self) -> TileWriter:
        """The tiles as they are, or new ones when they are damaged, or when this node's copy lacks their records."""
        try:
            writer = TileWriter.open(self._tiles)
        except TileError as failure:
            log.warning("tiles_made_again", why=str(failure))
            return TileWriter(self._tiles)
        if self._keeps_copy and writer.size > (kept := self.store.size()):
            log.warning("tiles_made_again", why=f"{writer.size} in the tiles, {kept} records")
            return TileWriter(self._tiles)
        return writer

    def _load_slots(self) -> StateTree:
        """The slots as of the tiles' size."""
        with Session(self._engine) as session:
            at = session.exec(
                select(func.max(Progress.log_index)).where(Progress.reader == _READER)
            ).one()
            at = at or 0
            if at > self._writer.size:
                at = 0
                session.exec(delete(SlotRow))
                session.merge(Progress(reader=_READER, log_index=0))
                session.commit()
            state = read_slots(session) if at else StateTree()
        touched: set[DeviceId] = set()
        for _, one in self._signed(at, self._writer.size):
            state.apply_record(one)
            touched.add(one.record.device)
        if at < self._writer.size:
            with Session(self._engine) as session:
                keep_slots(session, state, touched)
                session.merge(Progress(reader=_READER, log_index=self._writer.size))
                session.commit()
        return state

    def _copy_of_state(self) -> StateTree:
        return StateTree(self._state)

    def _state_before(self, size: int) -> tuple[int, StateTree]:
        """A state that can be brought to *size*: that of the tiles, or the empty one, with its size."""
        if size >= self._writer.size:
            return self._writer.size, self._copy_of_state()
        return 0, StateTree()

    def _signed(self, start: int, end: int) -> Iterator[tuple[int, SignedRecord]]:
        """The records from *start* up to *end*: recent ones as they are, others from the store, decoded."""
        while start < end and (one := self._recent.of(start)) is not None:
            yield start, one
            start += 1
        while start < end:
            piece = self.store.records(start, min(_READ, end - start))
            if not piece:
                return
            for log_index, raw in piece:
                yield log_index, self._recent.of(log_index) or decode(raw)
            start += len(piece)


def _apply(state: StateTree, ends: Mapping[DeviceId, SignedRecord]) -> None:
    """Bring *state* to the *ends* of its devices' chains, in the order in which these devices came first."""
    for one in ends.values():
        state.apply_record(one)
