"""A state machine over the journal, without a network: which record to send next, and which was answered.

Rules kept here:

* Oldest first; at most *window* records are in flight at once.
* A refused record is kept, even if the refusal comes after the acknowledgement, as on MQTT 3.1.1.
  After a refusal no new record is sent until those in flight are acknowledged. After a pause that
  grows with each refusal in a row, sending starts again at the oldest unanswered record, or at the
  position that the gateway awaits.
* The retention says what answers a record: the broker's acknowledgement, a promise or a
  receipt. Promises and receipts are verified against the gateway's key and the very record.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from counterfoil.gateway.device.journal import Journal, JournalEntry, Position
from counterfoil.gateway.errors import DeviceError, ReceiptError
from counterfoil.gateway.log.receipt import verify_promise, verify_receipt
from counterfoil.gateway.record.downlink import (
    Message,
    PromiseMessage,
    ReceiptMessage,
    RefusalMessage,
    decode_message,
)
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.record import GossipedHead
from counterfoil.gateway.record.signed_record import decode

_READ_AHEAD = 500
_REMEMBERED = 4_096  # digests of acknowledged records, for refusals that come later


class Retention(StrEnum):
    """What must answer a record before the device may forget it."""

    PUBACK = "puback"
    PROMISE = "promise"
    RECEIPT = "receipt"


@dataclass
class Tally:
    """Counts since the outbox was made."""

    sent: int = 0
    acknowledged: int = 0
    refused: int = 0
    promises: int = 0
    receipts: int = 0
    unbelieved: int = 0
    last_refusal: str | None = None


@dataclass
class Outbox:
    """Decides about the journal's records under *retention*; *gateway_key* is needed but for PUBACK.

    Times are seconds of one monotonic clock, given by the caller.
    """

    journal: Journal
    retention: Retention = Retention.PUBACK
    gateway_key: PublicKey | None = None
    window: int = 200
    first_pause: float = 0.5
    longest_pause: float = 60.0
    answer_timeout: float = 60.0
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        if self.retention is not Retention.PUBACK and self.gateway_key is None:
            raise DeviceError(f"retention {self.retention} needs the gateway's receipt key")
        self._queue: deque[JournalEntry] = deque()
        self._last_read = 0
        self._under_way: dict[int, JournalEntry] = {}
        self._by_digest: dict[bytes, JournalEntry] = {}
        self._refused: set[int] = set()
        self._answered: list[int] = []
        self._paused_until: float | None = None
        self._refusals_in_a_row = 0
        self._again_from: Position | None = None
        self._last_progress: float | None = None
        self.head: GossipedHead | None = None
        self.journal.send_again()

    @property
    def under_way(self) -> int:
        """Return how many records were sent and not yet acknowledged by the broker."""
        return len(self._under_way)

    @property
    def is_done(self) -> bool:
        """Whether every record of the journal was answered."""
        if self._under_way or self._answered or self._queue:
            return False
        counts = self.journal.counts()
        return not any(count for state, count in counts.items() if state < 2)

    def next_entry(self, now: float) -> JournalEntry | None:
        """Return the record to send now, which is then in flight; None to wait."""
        if self._last_progress is None:
            self._last_progress = now
        if self._refused or self._paused_until is not None:
            if self._under_way or (self._paused_until is not None and now < self._paused_until):
                return None
            self._start_again()
        if len(self._under_way) >= self.window:
            return None
        if not self._queue:
            entries = self.journal.unsent(self._last_read, _READ_AHEAD)
            if not entries:
                self._resend_unanswered(now)
                return None
            self._queue.extend(entries)
            self._last_read = entries[-1].number
        entry = self._queue.popleft()
        self._under_way[entry.number] = entry
        self._by_digest[sha256(entry.raw).digest()] = entry
        self.tally.sent += 1
        return entry

    def acknowledge(self, number: int, now: float, refusal: str | None = None) -> None:
        """Take the broker's acknowledgement of record *number*, or its *refusal*."""
        entry = self._under_way.pop(number, None)
        if entry is None:
            return
        while len(self._by_digest) > _REMEMBERED + self.window:
            del self._by_digest[next(iter(self._by_digest))]
        if refusal is not None:
            self._refuse(number, refusal, now)
        if number in self._refused:
            return
        self.tally.acknowledged += 1
        self._refusals_in_a_row = 0
        self._last_progress = now
        self._answered.append(number)

    def refuse(self, number: int, code: str, now: float, expected: Position | None = None) -> None:
        """Take a refusal of record *number* that came as the response itself; *expected* is the position awaited."""
        if number in self._under_way:
            self._begin_again_from(expected)
            self.acknowledge(number, now, code)

    def take_message(self, data: bytes, now: float) -> None:
        """Take a message from the receipt topic; one that does not verify changes nothing."""
        try:
            self._take(decode_message(data), now)
        except ReceiptError:
            self.tally.unbelieved += 1

    def flush(self) -> None:
        """Write to the journal what was acknowledged since the last time."""
        if not self._answered:
            return
        if self.retention is Retention.PUBACK:
            self.journal.mark_answered(self._answered)
        else:
            self.journal.mark_sent(self._answered)
        self._answered.clear()

    def _take(self, message: Message, now: float) -> None:
        if isinstance(message, RefusalMessage):
            entry = self._by_digest.get(message.raw_digest)
            if entry is not None:
                self._begin_again_from(message.expected)
                if entry.number not in self._under_way:
                    self._begin_again_from((entry.epoch, entry.sequence))
                if entry.number not in self._refused:
                    self._refuse(entry.number, message.code, now)
            return
        if self.gateway_key is None:
            return
        if isinstance(message, PromiseMessage):
            promise, _ = verify_promise(message.promise, self.gateway_key)
            found = self.journal.find(promise.epoch, promise.sequence)
            if found is None:
                return
            if not promise.covers(decode(found[0].raw)):
                raise ReceiptError("a promise for another record under this number")
            self.tally.promises += 1
            answers = self.retention is Retention.PROMISE
        elif isinstance(message, ReceiptMessage):
            found = self.journal.find(message.epoch, message.sequence)
            if found is None:
                return
            receipt = verify_receipt(message.receipt, found[0].raw, self.gateway_key)
            self.tally.receipts += 1
            if self.head is None or receipt.tree_size > self.head.size:
                self.head = GossipedHead(receipt.tree_size, receipt.root)
            answers = self.retention is not Retention.PUBACK
        if answers:
            self._last_progress = now
            self.flush()
            self.journal.mark_answered_up_to(found[0].number)

    def _begin_again_from(self, position: Position | None) -> None:
        if position is not None and (self._again_from is None or position < self._again_from):
            self._again_from = position

    def _refuse(self, number: int, code: str, now: float) -> None:
        self.tally.refused += 1
        self.tally.last_refusal = code
        self._queue.clear()
        if not self._refused:
            pause = min(self.longest_pause, self.first_pause * 2**self._refusals_in_a_row)
            self._paused_until = now + pause
            self._refusals_in_a_row = min(self._refusals_in_a_row + 1, 16)
        self._refused.add(number)

    def _start_again(self) -> None:
        self.flush()
        if self._again_from is not None:
            self.journal.send_again(self._again_from)
            self._again_from = None
        self._refused.clear()
        self._queue.clear()
        self._paused_until = None
        self._last_read = 0

    def _resend_unanswered(self, now: float) -> None:
        if self.retention is Retention.PUBACK or self._under_way or self._last_progress is None:
            return
        if now - self._last_progress > self.answer_timeout:
            self.flush()
            self._last_progress = now
            if self.journal.send_again():
                self._last_read = 0
