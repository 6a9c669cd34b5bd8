"""Until when the authorities and revocation lists in the certificates' folder are in force: bundles are made with them.

Rules kept here:

* The files are read at most once in ten seconds, however many pages ask.
* A folder that is not set, or not there yet, has nothing that could end.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from counterfoil.alarm import Alarm
from counterfoil.gateway.certificate.lifetime import Ending, alarms_of
from counterfoil.gateway.pki.upkeep import endings

_FRESH_S = 10.0


class CertificateWatch:
    """Looks at ``authorities.pem`` and ``crl.pem`` in *folder*."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._endings: list[Ending] = []

    def alarms(self) -> list[Alarm]:
        """Return what ends soon, or has ended, now."""
        with self._lock:
            if time.monotonic() - self._read_at >= _FRESH_S:
                self._endings = self._read()
                self._read_at = time.monotonic()
            return alarms_of(self._endings, datetime.now(UTC))

    def _read(self) -> list[Ending]:
        if self._folder is None:
            return []
        authorities, newest = self._folder / "authorities.pem", self._folder / "crl.pem"
        return endings(
            None,
            authorities if authorities.exists() else None,
            newest if newest.exists() else None,
        )
