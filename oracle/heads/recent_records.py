"""Records that this process has just verified, so that another part of it need not decode them again."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.gateway.record.signed_record import SignedRecord, decode

MOST = 20_000
"""The most records that are kept: two batches, some 40 MB."""


class RecentRecords:
    """Verified records by log index; each is given out once."""

    def __init__(self) -> None:
        self._kept: dict[int, SignedRecord] = {}

    def keep(self, first: int, records: Sequence[SignedRecord]) -> None:
        """Keep *records* from log index *first* on; all earlier ones are dropped when there are too many."""
        if len(self._kept) + len(records) > MOST:
            self._kept.clear()
        self._kept.update(enumerate(records, start=first))

    def take(self, log_index: int, raw: bytes) -> SignedRecord:
        """The record at *log_index* with the bytes *raw*: the kept one, or decoded from them."""
        kept = self._kept.pop(log_index, None)
        return kept if kept is not None and kept.raw == raw else decode(raw)
