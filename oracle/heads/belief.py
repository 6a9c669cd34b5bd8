"""Which of the log's next records are believed: signed by a registered key, and next of their machine's chain.

A record under an anchored head is judged by the registry as of that head's block, any other by the newest block read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.record.chain_check import Accepted, ChainTip, check_chain
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import KeyRing
from counterfoil.oracle.errors import RECORD_TWICE, RecordRefused
from counterfoil.oracle.heads.parallel_verification import ParallelVerifier
from counterfoil.oracle.heads.registry_history import NOW, RegistryHistory
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow

TipOf = Callable[[DeviceId], ChainTip | None]
"""The end of a device's chain before these records; None for one that has none."""


class Believed(NamedTuple):
    """What is believed of some records, the ends of their devices' chains, and why the next one is refused."""

    records: list[SignedRecord]
    tips: dict[DeviceId, ChainTip]
    refused: RecordRefused | None = None


class Belief:
    """Verifies records from their bytes, by *history*; reads the anchored heads from *engine*."""

    def __init__(self, engine: Engine, history: RegistryHistory) -> None:
        self._reads = engine.execution_options(reads_only=True)
        self._history = history
        self._verifier = ParallelVerifier()

    def judge(self, start: int, raws: Sequence[bytes], tip_of: TipOf) -> Believed:
        """Return those of *raws*, the entries from log index *start* on, that are believed, and why it is not all."""
        self._history.refresh()
        believed: list[SignedRecord] = []
        tips: dict[DeviceId, ChainTip] = {}
        for first, end, block in self._spans(start, start + len(raws)):
            keys = self._history.keys_at(block)
            piece = raws[first - start : end - start]
            found, refused = self._believe(first, piece, keys, tips=tips, tip_of=tip_of)
            believed += found
            if refused is not None:
                return Believed(believed, tips, refused)
        return Believed(believed, tips)

    def _spans(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Split *start* to *end* into (first, end, block) by the block whose registry judges the records."""
        with Session(self._reads) as session:
            heads = session.exec(
                select(AnchoredHeadRow.size, AnchoredHeadRow.block_number)
                .where(AnchoredHeadRow.size > start)
                .order_by(col(AnchoredHeadRow.size))
            ).all()
        spans: list[tuple[int, int, int]] = []
        for size, block in heads:
            if start >= end:
                break
            spans.append((start, min(size, end), block))
            start = size
        if start < end:
            spans.append((start, end, NOW))
        return spans

    def _believe(
        self,
        start: int,
        raws: Sequence[bytes],
        keys: KeyRing,
        tips: dict[DeviceId, ChainTip],
        tip_of: TipOf,
    ) -> tuple[list[SignedRecord], RecordRefused | None]:
        believed: list[SignedRecord] = []
        results = self._verifier.verify([(raw, None) for raw in raws], keys)
        for log_index, result in enumerate(results, start):
            try:
                if isinstance(result, GatewayError):
                    raise result
                device = result.record.device
                outcome = check_chain(result, tips.get(device) or tip_of(device))
            except GatewayError as failure:
                return believed, RecordRefused(log_index, failure.code, str(failure))
            if not isinstance(outcome, Accepted):
                return believed, RecordRefused(
                    log_index, RECORD_TWICE, "it stands twice in the log"
                )
            tips[device] = outcome.tip
            believed.append(result)
        return believed, None


def tip_after(one: SignedRecord) -> ChainTip:
    """The end of the device's chain after *one*."""
    record = one.record
    return ChainTip(
        record.device, record.epoch, record.sequence, one.payload_digest, record.counters
    )
