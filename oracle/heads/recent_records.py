"""Records that this process has just verified, so that no part of it need decode them again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from counterfoil.gateway.record.signed_record import SignedRecord, decode

MOST = 30_000
"""The most records that are kept, some 60 MB: a batch that is anchored, the next one, and a piece of the one after."""


class RecentRecords:
    """Verified records by log index, the newest ones; may be used from any thread."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, SignedRecord] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, first: int, records: Sequence[SignedRecord]) -> None:
        """Keep *records* from log index *first* on, in place of those kept so far longest when there are too many."""
        with self._lock:
            self._kept.update(enumerate(records, start=first))
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Keep none of them any longer."""
        with self._lock:
            self._kept.clear()

    def of(self, log_index: int) -> SignedRecord | None:
        """The record at *log_index*, if it is kept."""
        return self._kept.get(log_index)

    def take(self, log_index: int, raw: bytes) -> SignedRecord:
        """The record at *log_index* with the bytes *raw*: the kept one, which is given up, or decoded from them."""
        with self._lock:
            kept = self._kept.pop(log_index, None)
        return kept if kept is not None and kept.raw == raw else decode(raw)
