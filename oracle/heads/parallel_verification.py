"""Verifies records from their bytes on every processor: the curve arithmetic releases the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from counterfoil.gateway.errors import RecordError
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import (
    Identified,
    KeyRing,
    identify_all,
    read_all,
    signature_holds,
)

_PIECE = 250
"""Signatures a task: enough that the cost of passing them to a thread is negligible."""


class ParallelVerifier:
    """Verifies signatures in as many threads as there are processors; they end with the process."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(len(os.sched_getaffinity(0)), "signatures")

    def verify(
        self, batch: Sequence[tuple[bytes, DeviceId | None]], keys: KeyRing
    ) -> list[SignedRecord | RecordError]:
        """What ``verify_signatures`` returns for *batch*, in the same order."""
        identified = identify_all(batch, keys)
        asked = [one for one in identified if not isinstance(one, RecordError)]
        pieces = [asked[at : at + _PIECE] for at in range(0, len(asked), _PIECE)]
        held = self._threads.map(_hold, pieces)
        return read_all(identified, [holds for piece in held for holds in piece])


def _hold(piece: Sequence[Identified]) -> list[bool]:
    return [signature_holds(one) for one in piece]
