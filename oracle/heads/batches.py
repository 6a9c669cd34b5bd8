"""The log as the oracle believes it: each record verified again from its bytes, then hashed, then anchored.

Rules that this module keeps:

- No flag and no key in the gateway's store is believed: keys are the registry's. A record that does not verify again
  stops the log before it and raises an alarm; nothing from it on is anchored. When the registry does not have a
  record's key (not yet, or not again after a reorganisation), the log waits for it and raises an alarm.
- Tiles are durable before the head over them is stored. The head is stored with its transaction and its slots in one
  database transaction. After a crash the tiles stand at that head or beyond it, and reading goes on from their end.
- One head is under way at a time: the next is closed once the last one is mined.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.chain.client import ChainClient
from counterfoil.chain.hexadecimal import from_hex, to_hex
from counterfoil.chain.transaction_queue import enqueue
from counterfoil.fault import Code
from counterfoil.gateway.errors import GatewayError, KeyUnknownError
from counterfoil.gateway.log.checkpoint import Head
from counterfoil.gateway.log.merkle import consistency_proof
from counterfoil.gateway.log.state_tree import StateTree
from counterfoil.gateway.logfiles.tiles import TileReader, TileWriter, read_folder
from counterfoil.gateway.record.chain_check import Accepted, ChainTip, check_chain
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.signed_record import SignedRecord, decode
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import KEY_AWAITED, RecordNotBelieved
from counterfoil.oracle.heads.parallel_verification import ParallelVerifier
from counterfoil.oracle.heads.recent_records import RecentRecords
from counterfoil.oracle.heads.registered_keys import RegisteredKeys
from counterfoil.oracle.heads.state_slots import keep_slots, read_slots
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.rules.anchored_head import NO_ANNEX, head_argument
from counterfoil.oracle.rules.figures import Figures, Tally
from counterfoil.oracle.signers import HeldSigners
from counterfoil.oracle.store.alarm_table import raise_once
from counterfoil.oracle.store.clock import now_ms
from counterfoil.oracle.store.head_tables import BatchFigures, HeadRow

log = get_logger("oracle.batch")

_READ = 2_000


@dataclass(frozen=True)
class BatchRules:
    """A batch closes at *most_records*, or *most_ms* after its first record was read."""

    most_records: int = 10_000
    most_ms: int = 1_000


class Batcher:
    """Reads new records from the store, keeps the log's tiles and the devices' slots, and closes heads."""

    def __init__(
        self,
        engine: Engine,
        store: GatewayStore,
        keys: RegisteredKeys,
        client: ChainClient,
        quorum: HeldSigners,
        sender: str,
        tiles: Path,
        rules: BatchRules = BatchRules(),
        on_step: Callable[[str], None] = lambda _: None,
        recent: RecentRecords | None = None,
    ) -> None:
        self._recent = recent or RecentRecords()
        self._engine = engine
        self._store = store
        self._keys = keys
        self._client = client
        self._quorum = quorum
        self._sender = sender
        self._tiles = tiles
        self._rules = rules
        self._on_step = on_step
        self._stopped: str | None = None
        self._waits_at: int | None = None
        self._opened_ms: int | None = None
        self._tips: dict[DeviceId, ChainTip] = {}
        self._verifier = ParallelVerifier()
        self._tally = Tally()
        self._touched: set[DeviceId] = set()
        self._history = keys.history
        self._closed_size, self._closed_root, self._state = self._load_closed()
        self._writer = TileWriter.open(tiles)
        self._catch_up()

    @property
    def size(self) -> int:
        """Records in the log, closed into a head or not."""
        return self._writer.size

    def step(self) -> bool:
        """Read new records, and close a head if one is due; return True when anything was done."""
        if self._stopped is not None:
            return False
        taken = self._read_on()
        return self._close_if_due() or taken > 0

    # ---- reading

    def _read_on(self) -> int:
        room = self._rules.most_records - (self._writer.size - self._closed_size)
        if room <= 0:
            return 0
        rows = self._store.records(self._writer.size, min(room, _READ))
        if not rows:
            return 0
        try:
            signed = self.believe(rows)
        except RecordNotBelieved as failure:
            self._stopped = str(failure)
            log.error("log_stopped", why=self._stopped)
            self._raise_alarm(failure.code, self._stopped)
            return 0
        if signed and self._opened_ms is None:
            self._opened_ms = now_ms()
        self._recent.keep(self._writer.size, signed)
        self._writer.append(one.raw for one in signed)
        for one in signed:
            self._add(one)
        return len(signed)

    def _add(self, one: SignedRecord) -> None:
        self._state.apply_record(one)
        self._touched.add(one.record.device)
        self._tally.add(one)

    def believe(self, rows: list[tuple[int, bytes]]) -> list[SignedRecord]:
        """The records of *rows*, each the next of its device's chain and signed by its registered key.

        The list ends before the first record whose key is not registered.

        Raises:
            RecordNotBelieved: a record is not so, or its log index is not the next.
        """
        self._keys.refresh()
        results = self._verifier.verify([(raw, None) for _, raw in rows], self._keys.ring)
        believed: list[SignedRecord] = []
        for expected, ((log_index, _), result) in enumerate(
            zip(rows, results, strict=True), start=self._writer.size
        ):
            if log_index != expected:
                raise RecordNotBelieved(f"record {expected} of the log is missing")
            if isinstance(result, KeyUnknownError):
                self._wait_for_key(log_index, result)
                break
            if isinstance(result, GatewayError):
                raise RecordNotBelieved(f"record {log_index}: {result}")
            device = result.record.device
            try:
                outcome = check_chain(result, self._tips.get(device))
            except GatewayError as failure:
                raise RecordNotBelieved(f"record {log_index}: {failure}") from failure
            if not isinstance(outcome, Accepted):
                raise RecordNotBelieved(f"record {log_index} stands twice in the log")
            self._tips[device] = outcome.tip
            believed.append(result)
        return believed

    def _wait_for_key(self, log_index: int, why: KeyUnknownError) -> None:
        if self._waits_at == log_index:
            return
        self._waits_at = log_index
        detail = f"record {log_index}: {why}; the log waits for it"
        log.warning("log_waits", why=detail)
        self._raise_alarm(KEY_AWAITED, detail)

    def _raise_alarm(self, code: Code, detail: str) -> None:
        with Session(self._engine) as session:
            raise_once(session, code, detail)
            session.commit()

    # ---- closing

    def _close_if_due(self) -> bool:
        size = self._writer.size
        if size == self._closed_size or self._opened_ms is None:
            return False
        is_full = size - self._closed_size >= self._rules.most_records
        if not is_full and now_ms() - self._opened_ms < self._rules.most_ms:
            return False
        with Session(self._engine) as session:
            if self._closed_size and session.get(AnchoredHeadRow, self._closed_size) is None:
                return False
        root = self._writer.publish()
        self._on_step("after_tiles")
        self._history.refresh()
        block, project_of = max(0, self._history.block), self._history.project_of
        figures = self._tally.figures(self._closed_size, size, block, project_of)
        self._store_head(Head(size, root, self._state.root()), figures)
        self._on_step("after_head")
        self._closed_size, self._closed_root, self._opened_ms = size, root, None
        self._tally = Tally()
        self._touched.clear()
        log.info("head_closed", size=size, root=root.hex()[:16])
        return True

    def _store_head(self, head: Head, figures: Figures) -> None:
        previous = Head(self._closed_size, self._closed_root, Digest(bytes(32)))
        proof: list[Digest] = []
        if previous.size:
            reader = TileReader(read_folder(self._tiles), head.size)
            proof = consistency_proof(previous.size, head.size, reader.read)
        signatures = self._quorum.sign(head, figures.digest, annex=NO_ANNEX, previous=previous)
        stated = head_argument(head, figures.digest, annex=NO_ANNEX, previous_size=previous.size)
        data = self._client.encode("RecordAnchor", "anchor", stated, proof, signatures)
        with Session(self._engine) as session:
            if session.get(HeadRow, head.size) is not None:
                return
            transaction_id = enqueue(
                session,
                signer=self._sender,
                key=f"anchor:{head.size}:{head.root.hex()}",
                to=self._client.address_of("RecordAnchor"),
                data=data,
            )
            session.add(
                HeadRow(
                    size=head.size,
                    root=to_hex(head.root),
                    state=to_hex(head.state),
                    figures=to_hex(figures.digest),
                    previous_size=previous.size,
                    closed_ms=now_ms(),
                    transaction_id=transaction_id,
                )
            )
            session.merge(BatchFigures(digest=to_hex(figures.digest), figures=figures.encode()))
            keep_slots(session, self._state, self._touched)
            session.commit()

    # ---- starting

    def _load_closed(self) -> tuple[int, Digest, StateTree]:
        """The newest stored head's size and root, and the slots as of that head."""
        with Session(self._engine) as session:
            head = session.exec(select(HeadRow).order_by(col(HeadRow.size).desc())).first()
            state = read_slots(session)
        for slot in state:
            found = self._store.find(slot.device, slot.epoch, slot.sequence)
            if found is not None:
                self._remember(decode(found[1]))
        if head is None:
            return 0, Digest(bytes(32)), state
        return head.size, Digest(from_hex(head.root)), state

    def _catch_up(self) -> None:
        """Take in the records that the tiles have beyond the newest stored head."""
        size = self._writer.size
        if size < self._closed_size:
            raise RecordNotBelieved(
                "the tiles end before the newest head: make them again from the store"
            )
        if size > self._closed_size:
            reader = TileReader(read_folder(self._tiles), size)
            for raw in reader.entries(self._closed_size):
                one = decode(raw)
                self._add(one)
                self._remember(one)
            self._opened_ms = now_ms()

    def _remember(self, one: SignedRecord) -> None:
        record = one.record
        self._tips[record.device] = ChainTip(
            record.device, record.epoch, record.sequence, one.payload_digest, record.counters
        )
