"""The steps of every record, whichever door it came in by: verification, check of its chain, commit.

Rules that this module keeps:

- A verdict is given after the commit, so "accepted" is always true.
- Within a batch each device's records are judged in the order of their arrival.
- A refused record is stored with its reason; a second payload under a used number is kept as evidence.
- If a commit fails, nothing of the batch is stored or acknowledged.
- While the store is shorter than the log is already, nothing is taken: it was put back from an older copy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection

from counterfoil.fault import Code
from counterfoil.gateway.errors import (
    EquivocationError,
    KeyUnknownError,
    RecordError,
    SequenceGapError,
    StoreBehindError,
)
from counterfoil.gateway.record.chain_check import (
    Accepted,
    ChainTip,
    Duplicate,
    NumberUsed,
    check_chain,
    check_used_number,
)
from counterfoil.gateway.record.downlink import RefusalMessage
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import (
    Identified,
    identify_all,
    read_all,
    signature_holds,
)
from counterfoil.gateway.store.gateway_store import GatewayStore
from counterfoil.gateway.store.rows import NewRecord, NewRefusal
from counterfoil.logs import get_logger

log = get_logger("gateway")

_KEYS_FRESH_S = 2.0
_KEYS_RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes from *peer*; *device* is whom the transport authenticated, None where only the signature says it.

    An arrival that *waits* is submitted again while it is behind a gap: that refusal is not kept.
    """

    raw: bytes
    device: DeviceId | None
    peer: str
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """The record is durable at *log_index*; a *duplicate* was durable before."""

    signed: SignedRecord
    log_index: int | None
    received_ms: int
    duplicate: bool = False

    @property
    def position(self) -> tuple[int, int]:
        """The record's (epoch, sequence)."""
        return self.signed.record.epoch, self.signed.record.sequence


@dataclass(frozen=True, slots=True)
class RefusedVerdict:
    """The record was not accepted. On a gap, ``expected`` is the (epoch, sequence) to continue from."""

    raw: bytes
    code: Code
    detail: str
    position: tuple[int, int] | None = None
    expected: tuple[int, int] | None = None

    def message(self) -> bytes:
        """Return the refusal for the device's receipt topic."""
        return RefusalMessage(
            raw_digest=Digest(sha256(self.raw).digest()),
            code=self.code,
            detail=self.detail,
            position=self.position,
            expected=self.expected,
        ).encode()


Verdict = Stored | RefusedVerdict


class Pipeline:
    """Judges records and appends them to one store; :meth:`process` and :meth:`commit` are for one thread at a time."""

    def __init__(
        self,
        store: GatewayStore,
        clock_ms: Callable[[], int] | None = None,
        floor: Callable[[], int] = lambda: 0,
    ) -> None:
        """*floor* says how many records the log has at least (``log_floor``)."""
        self._store = store
        self._floor = floor
        self._clock_ms = clock_ms or (lambda: time.time_ns() // 1_000_000)
        self._keys = store.device_keys()
        self._keys_read_at = time.monotonic()
        self._tips: dict[DeviceId, ChainTip | None] = {}
        self._tips_at = 0

    def process(self, arrivals: Sequence[Arrival]) -> list[Verdict]:
        """Judge and store a batch; the verdicts are in the order of the arrivals."""
        if self.keys_are_old():
            self.read_keys()
        identified = self.identify(arrivals)
        is_strange = any(isinstance(one, KeyUnknownError) for one in identified)
        if is_strange and self.keys_may_have_changed():
            self.read_keys()
            identified = self.identify(arrivals)
        holds = [signature_holds(one) for one in identified if not isinstance(one, RecordError)]
        return self.commit(arrivals, read_all(identified, holds))

    def identify(self, arrivals: Sequence[Arrival]) -> list[Identified | RecordError]:
        """Do steps 1 to 5 for each arrival with the keys as they were read last; reads no store."""
        return identify_all([(a.raw, a.device) for a in arrivals], self._keys)

    def commit(
        self, arrivals: Sequence[Arrival], results: Sequence[SignedRecord | RecordError]
    ) -> list[Verdict]:
        """Judge and store a batch; *results* are those of steps 1 to 7.

        Raises:
            StoreBehindError: the store is shorter than the log.
        """
        now = self._clock_ms()
        with self._store.appending() as connection:
            size = self._store.size(connection)
            if size < (least := self._floor()):
                raise StoreBehindError(f"the store has {size} records, the log {least} or more")
            # When another gateway has appended, the chains' ends may have changed too.
            nobody_else = size == self._tips_at
            judge = _Judge(
                self._store, connection, tips=dict(self._tips) if nobody_else else {}, now_ms=now
            )
            verdicts = [judge.take(a, r) for a, r in zip(arrivals, results, strict=True)]
            first = self._store.append(connection, judge.accepted, judge.refused)
        self._tips, self._tips_at = judge.tips, first + len(judge.accepted)
        places = iter(range(first, first + len(judge.accepted)))
        return [
            Stored(v.signed, next(places), v.received_ms)
            if isinstance(v, Stored) and not v.duplicate
            else v
            for v in verdicts
        ]

    def keys_are_old(self) -> bool:
        """Whether the keys must be read again before they are used."""
        return time.monotonic() - self._keys_read_at >= _KEYS_FRESH_S

    def keys_may_have_changed(self) -> bool:
        """Whether it is time to read the keys again for one that is missing; at most every 0.2 s."""
        return time.monotonic() - self._keys_read_at >= _KEYS_RETRY_S

    def read_keys(self) -> None:
        """Read the registered keys again."""
        self._keys = self._store.device_keys(self._keys)
        self._keys_read_at = time.monotonic()


class _Judge:
    """Gives the verdicts of one batch; follows the chains' ends through it."""

    def __init__(
        self,
        store: GatewayStore,
        connection: Connection,
        tips: dict[DeviceId, ChainTip | None],
        now_ms: int,
    ) -> None:
        self._store = store
        self._connection = connection
        self._now_ms = now_ms
        self._pending: dict[tuple[DeviceId, int, int], SignedRecord] = {}
        self.tips = tips
        self.accepted: list[NewRecord] = []
        self.refused: list[NewRefusal] = []

    def take(self, arrival: Arrival, result: SignedRecord | RecordError) -> Verdict:
        if isinstance(result, RecordError):
            return self._refuse(arrival, result, None)
        record = result.record
        if record.device not in self.tips:
            self.tips[record.device] = self._store.tip(self._connection, record.device)
        try:
            outcome = check_chain(result, self.tips[record.device])
            if isinstance(outcome, NumberUsed):
                outcome = check_used_number(
                    result, self._digest(record.device, record.epoch, record.sequence)
                )
        except RecordError as error:
            return self._refuse(arrival, error, result)
        if isinstance(outcome, Duplicate):
            return Stored(result, None, self._now_ms, duplicate=True)
        if isinstance(outcome, Accepted):
            self.tips[record.device] = outcome.tip
            self.accepted.append(NewRecord(result, self._now_ms))
            self._pending[record.device, record.epoch, record.sequence] = result
        return Stored(result, None, self._now_ms)

    def _digest(self, device: DeviceId, epoch: int, sequence: int) -> Digest | None:
        pending = self._pending.get((device, epoch, sequence))
        if pending is not None:
            return pending.payload_digest
        return self._store.digest_of(self._connection, device, epoch, sequence)

    def _refuse(
        self, arrival: Arrival, error: RecordError, signed: SignedRecord | None
    ) -> RefusedVerdict:
        record = None if signed is None else signed.record
        expected = error.expected if isinstance(error, SequenceGapError) else None
        verdict = RefusedVerdict(
            arrival.raw,
            error.code,
            error.detail,
            position=None if record is None else (record.epoch, record.sequence),
            expected=expected,
        )
        if arrival.waits and expected is not None:
            return verdict
        first = None
        if isinstance(error, EquivocationError) and record is not None:
            first = self._digest(record.device, record.epoch, record.sequence)
            log.error(
                error.code, device=record.device, epoch=record.epoch, sequence=record.sequence
            )
        self.refused.append(
            NewRefusal(
                raw=arrival.raw,
                code=error.code,
                detail=error.detail,
                received_ms=self._now_ms,
                peer=arrival.peer,
                device=arrival.device if record is None else record.device,
                epoch=None if record is None else record.epoch,
                sequence=None if record is None else record.sequence,
                first_digest=first,
                second_digest=signed.payload_digest if signed is not None else None,
            )
        )
        return verdict
