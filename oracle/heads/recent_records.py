"""Records that this process has verified a moment ago, so that another part of it need not read them again."""

from __future__ import annotations

from collections.abc import Sequence

from counterfoil.gateway.record.signed_record import SignedRecord, decode

MOST = 20_000
"""Records kept at most: two batches, some 40 MB."""


class RecentRecords:
    """Verified records by their place in the log, each given out once."""

    def __init__(self) -> None:
        self._kept: dict[int, SignedRecord] = {}

    def keep(self, first: int, records: Sequence[SignedRecord]) -> None:
        """Keep *records*, the first of which stands at *first*; those kept before go where there are too many."""
        if len(self._kept) + len(records) > MOST:
            self._kept.clear()
        self._kept.update(enumerate(records, start=first))

    def take(self, log_index: int, raw: bytes) -> SignedRecord:
        """The record of these very bytes at *log_index*, kept or read from them."""
        kept = self._kept.pop(log_index, None)
        return kept if kept is not None and kept.raw == raw else decode(raw)
