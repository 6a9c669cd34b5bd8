"""What this house's device CA must renew, renewed while the house runs: the revocation list, the gateway's certificate.

Rules that this module keeps:

- It is looked once a minute, by reading three small files; the CA is opened only when something is due.
- A failure is logged once for each reason, and tried again at the next look. The gateway tells what nobody renews.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Error as DatabaseError

from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.pki.upkeep import is_due, renew_due
from counterfoil.logs import get_logger
from counterfoil.up.data_folder import House, export_list

log = get_logger("up")

_LOOK_S = 60.0


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


class Renewal:
    """Looks in a thread of its own, from :meth:`start` to :meth:`stop`; *now* is the clock that it goes by."""

    def __init__(
        self, house: House, now: Callable[[], datetime] = utc_now, look_s: float = _LOOK_S
    ) -> None:
        self._house = house
        self._now = now
        self._look_s = look_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = ""

    def start(self) -> None:
        """Look now, and again and again."""
        self._thread = threading.Thread(target=self._run, name="renewal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a renewal under way is finished."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def look(self) -> list[Path]:
        """Renew what is due, and return what was written.

        Raises:
            GatewayError, OSError, ValueError, sqlite3.Error: it could not be renewed; what is in force stays.
        """
        servers = [self._house.gateway_certificate]
        if not is_due(self._house.pki, servers, self._now()):
            self._export_if_other()
            return []
        written = renew_due(self._house.pki, servers, self._now)
        export_list(self._house)
        return written

    def _export_if_other(self) -> None:
        """Export the list where it is not there yet: a revocation wrote it, or a kill came before the export."""
        newest = (self._house.pki / "crl.pem").read_bytes()
        exported = self._house.folder / "certificates" / "crl.pem"
        if exported.parent.is_dir() and (not exported.exists() or exported.read_bytes() != newest):
            export_list(self._house)

    def _run(self) -> None:
        while True:
            try:
                for path in self.look():
                    log.info("renewed", file=str(path))
                self._failed = ""
            except (GatewayError, OSError, ValueError, DatabaseError) as failure:
                if str(failure) != self._failed:
                    log.error("not_renewed", why=str(failure))
                self._failed = str(failure)
            if self._stop.wait(self._look_s):
                return
