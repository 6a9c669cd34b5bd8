"""The queue of records before their commit, whichever door they came in by, and the verdicts after it.

Rules that this module keeps:

- A verdict is given after the commit. Batches are committed one after the other, so one device's records keep
  their order. While one commits, the signatures of the next ones are checked.
- While the store is not there (locked, full, away), or is shorter than the log, nothing is lost or refused: the commit
  is tried again and again, and the doors stop reading. The queue bounds the memory.
- A batch that is neither committed nor refused for longer than ``stalled_after_s`` is an alarm, whatever it waits for.
- A batch that fails in any other way is dropped unacknowledged, with all that its senders have waiting, so that no
  record is judged without those before it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from counterfoil.alarm import Alarm
from counterfoil.gateway.errors import INTAKE_STALLED, NOT_COMMITTED, StoreBehindError
from counterfoil.gateway.ingest.pipeline import Arrival, Stored, Verdict
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner
from counterfoil.gateway.record.downlink import PromiseMessage
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.logs import get_logger

log = get_logger("gateway.intake")

Check = Callable[[Sequence[Arrival]], Awaitable[Callable[[], list[Verdict]]]]
"""Verifies a batch as far as possible, and returns the function that commits it; that may be called again."""

_BATCHES_UNDER_WAY = 3
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0


class NotCommitted(Exception):
    """The store did not take the record; it may be sent again."""

    code = NOT_COMMITTED


class Observer(Protocol):
    """Is told what happens; the metrics are one observer."""

    def committed(self, verdicts: Sequence[Verdict], seconds: float) -> None: ...
    def connections(self, count: int) -> None: ...


class Verdicts(Protocol):
    """Where the verdicts on a sender's records go; ``number`` is the sender's own number of the record."""

    @property
    def wants_receipts(self) -> bool:
        """Whether the sender reads promises and receipts."""

    def give(self, number: int, verdict: Verdict) -> None:
        """Take the verdict on one record, after its commit."""

    def send_receipt(self, device: DeviceId, message: bytes) -> None:
        """Take a message for the receipt topic of *device*."""

    def flush(self) -> None:
        """Send what is buffered: all verdicts of a batch are given."""

    def not_committed(self) -> None:
        """Note that nothing which this sender has waiting was stored, or will be."""


@dataclass(slots=True)
class Waiting:
    """A record in the queue."""

    sender: Verdicts
    number: int
    arrival: Arrival


@dataclass(slots=True)
class _Batch:
    """Records that are being checked, or wait for their turn to be committed."""

    waiting: list[Waiting]
    checking: asyncio.Task[Callable[[], list[Verdict]]]
    began: float


class Intake:
    """Gathers records into batches, commits them in a thread, and gives the verdicts after each commit.

    *process* judges and commits a batch. With *check*, its early verification is used in place of *process*.
    """

    def __init__(
        self,
        process: Callable[[Sequence[Arrival]], list[Verdict]],
        receipts: ReceiptSigner,
        *,
        check: Check | None = None,
        queue: int = 8_192,
        batch: int = 1_024,
        promise_within_s: int = 3_600,
        observer: Observer | None = None,
        has_room: Callable[[], None] = lambda: None,
        stored: Callable[[Verdicts, Stored], None] | None = None,
        stalled_after_s: float = 10.0,
    ) -> None:
        self._stalled_after_s = stalled_after_s
        self._why = ""
        self._check = check or _without_early_verification(process)
        self._receipts = receipts
        self._most_queued = queue
        self._most_a_batch = batch
        self._promise_ms = promise_within_s * 1_000
        self._observer = observer
        self._has_room = has_room
        self._stored = stored
        self._queue: list[Waiting] = []
        self._under_way: deque[_Batch] = deque()
        self._wake_gathering = asyncio.Event()
        self._wake_committing = asyncio.Event()
        self._executor = ThreadPoolExecutor(1, "commit")
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.failed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether the doors must stop reading."""
        return len(self._queue) >= self._most_queued

    @property
    def is_stopping(self) -> bool:
        """Whether no more records are taken."""
        return self._stopping

    def alarms(self) -> list[Alarm]:
        """Return what must be told now: the newest commit failed, or the oldest batch waits for too long."""
        if self.failed.is_set():
            return [Alarm(NOT_COMMITTED, f"the newest commit has failed: {self._why}", "intake")]
        under_way = list(self._under_way)
        waits_s = time.perf_counter() - under_way[0].began if under_way else 0.0
        if waits_s < self._stalled_after_s:
            return []
        waiting = sum(len(batch.waiting) for batch in under_way) + len(self._queue)
        said = f"nothing was committed for {waits_s:.0f} s, and {waiting} records wait"
        return [Alarm(INTAKE_STALLED, said, "intake")]

    def start(self) -> None:
        """Commit what comes in, until :meth:`stop`."""
        self._tasks = [
            asyncio.create_task(self._commit_loop()),
            asyncio.create_task(self._gather_loop()),
        ]

    async def stop(self) -> None:
        """Take no more records; commit those in the queue and give their verdicts, unless the store is not there."""
        self._stopping = True
        self._wake_gathering.set()
        self._wake_committing.set()
        if self._tasks:
            committing, gathering = self._tasks
            await committing
            gathering.cancel()
        for batch in self._under_way:
            batch.checking.cancel()
        self._executor.shutdown()

    def submit(self, sender: Verdicts, number: int, arrival: Arrival) -> None:
        """Queue one record; *sender* is given its verdict. Doors must not read while :attr:`is_full`."""
        self._queue.append(Waiting(sender, number, arrival))
        self._wake_gathering.set()

    async def take(self, arrival: Arrival, within_s: float = 20.0) -> Verdict:
        """Return the verdict on one record that came in by itself.

        Raises:
            NotCommitted: the queue is full, the gateway is stopping, or the store did not take it in time. It may
                still be committed later; sent again, it is then a duplicate.
        """
        if self.is_full or self._stopping:
            raise NotCommitted("busy")
        waiter = _Waiter()
        self.submit(waiter, 0, arrival)
        try:
            return await asyncio.wait_for(waiter.verdict, within_s)
        except TimeoutError as late:
            raise NotCommitted("the store is not there") from late

    def promise(self, stored: Stored) -> bytes:
        """Return a signed promise for a stored record."""
        record = stored.signed.record
        return self._receipts.sign_promise(
            Promise(
                record.device,
                record.epoch,
                record.sequence,
                payload_digest=stored.signed.payload_digest,
                accepted_ms=stored.received_ms,
                deadline_ms=stored.received_ms + self._promise_ms,
                log_index=stored.log_index,
            )
        )

    async def _gather_loop(self) -> None:
        while True:
            if not self._queue or len(self._under_way) >= _BATCHES_UNDER_WAY:
                self._wake_gathering.clear()
                await self._wake_gathering.wait()
                continue
            waiting = self._queue[: self._most_a_batch]
            del self._queue[: self._most_a_batch]
            self._under_way.append(_Batch(waiting, self._checking(waiting), time.perf_counter()))
            self._wake_committing.set()
            await asyncio.sleep(0)

    async def _commit_loop(self) -> None:
        while True:
            if not self._under_way:
                if self._stopping and not self._queue:
                    return
                self._wake_committing.clear()
                await self._wake_committing.wait()
                continue
            batch = self._under_way[0]
            verdicts = await self._commit(batch)
            self._under_way.popleft()
            if verdicts is None:
                self._give_up(batch.waiting)
            else:
                if self._observer:
                    self._observer.committed(verdicts, time.perf_counter() - batch.began)
                self._give_all(batch.waiting, verdicts)
            self._wake_gathering.set()
            if not self.is_full and not self._stopping:
                self._has_room()

    def _checking(self, waiting: Sequence[Waiting]) -> asyncio.Task[Callable[[], list[Verdict]]]:
        async def check() -> Callable[[], list[Verdict]]:
            return await self._check([one.arrival for one in waiting])

        return asyncio.create_task(check())

    async def _commit(self, batch: _Batch) -> list[Verdict] | None:
        """Return the verdicts, as soon as the store is there; None when the batch is dropped.

        By hand: a retry library's call leaves cycles of references, and this process seldom collects them
        (20 MB over 48,000 records).
        """
        loop = asyncio.get_running_loop()
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                write = await batch.checking
                verdicts = await loop.run_in_executor(self._executor, write)
            except (OperationalError, InterfaceError, StoreBehindError) as failure:
                self._why = str(getattr(failure, "orig", failure))
                log.error("store_not_there", records=len(batch.waiting), why=self._why)
                self.failed.set()
                if self._stopping:
                    return None
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
                # The store may also have been away when the keys were to be read.
                batch.checking = self._checking(batch.waiting)
            except Exception as failure:
                # Nothing of it is committed or acknowledged. The devices send again; an operator must look.
                log.exception("commit_failed", records=len(batch.waiting))
                self._why = repr(failure)
                self.failed.set()
                await asyncio.sleep(_FIRST_PAUSE_S)
                return None
            else:
                self.failed.clear()
                return verdicts

    def _give_up(self, given_up: Sequence[Waiting]) -> None:
        senders = {waiting.sender for waiting in given_up}
        behind: list[Waiting] = []
        for batch in self._under_way:
            batch.checking.cancel()
            behind += batch.waiting
        self._under_way.clear()
        self._queue = [one for one in behind + self._queue if one.sender not in senders]
        for sender in senders:
            sender.not_committed()

    def _give_all(self, batch: Sequence[Waiting], verdicts: Sequence[Verdict]) -> None:
        newest: dict[tuple[Verdicts, DeviceId], Stored] = {}
        for waiting, verdict in zip(batch, verdicts, strict=True):
            waiting.sender.give(waiting.number, verdict)
            if isinstance(verdict, Stored):
                key = (waiting.sender, verdict.signed.record.device)
                if key not in newest or verdict.position > newest[key].position:
                    newest[key] = verdict
        # A promise vouches for all of the device's records before it, so one a batch is enough: that of the newest.
        # It need not be the last in the batch: a record may come a second time.
        for (sender, device), stored in newest.items():
            if sender.wants_receipts:
                sender.send_receipt(device, PromiseMessage(self.promise(stored)).encode())
                if self._stored:
                    self._stored(sender, stored)
        for sender in {waiting.sender for waiting in batch}:
            sender.flush()


def _without_early_verification(process: Callable[[Sequence[Arrival]], list[Verdict]]) -> Check:
    async def check(arrivals: Sequence[Arrival]) -> Callable[[], list[Verdict]]:
        return partial(process, arrivals)

    return check


class _Waiter:
    """Takes the verdict on a record that came in by itself, in place of a connection."""

    wants_receipts = False

    def __init__(self) -> None:
        self.verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

    def give(self, number: int, verdict: Verdict) -> None:
        del number
        if not self.verdict.done():
            self.verdict.set_result(verdict)

    def not_committed(self) -> None:
        if not self.verdict.done():
            self.verdict.set_exception(NotCommitted("not committed"))

    def send_receipt(self, device: DeviceId, message: bytes) -> None:
        """Do nothing: the promise is in the response itself."""

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""
