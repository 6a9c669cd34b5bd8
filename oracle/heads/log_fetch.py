"""Fetches new records from the gateways over mTLS into the node's copy of the log, which believes or refuses them.

Rules that this module keeps:

- A fetch starts at the copy's own end, so one that was cut off is continued.
- Each piece is verified and committed before the next is read, so a slow disk slows the reading.
- When a gateway does not respond or its entries are refused, the next gateway is asked. A refusal is tried again after
  a pause that doubles, for the key may come later.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Sequence

import httpx
from sqlalchemy import Engine
from sqlmodel import Session

from counterfoil.fault import Code
from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.tile_format import decode_entries
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import COPY_DIFFERS, GatewayNotThere, RecordRefused
from counterfoil.oracle.heads.log_copy import LogCopy
from counterfoil.oracle.store.alarm_table import raise_once

log = get_logger("oracle.node")

_PIECE = 1_000
_MOST_AHEAD = 100_000
"""Records that a copy may have beyond the newest anchored head; more of them wait at the gateway."""
_LONGEST_PAUSE_S = 30.0
_TIMEOUT_S = 15.0


class LogFetcher:
    """Fetches from *gateways* (base URLs), in turn, into *log_copy*."""

    def __init__(
        self,
        engine: Engine,
        log_copy: LogCopy,
        gateways: Sequence[str],
        tls: ssl.SSLContext,
    ) -> None:
        self._engine = engine
        self._log_copy = log_copy
        self._gateways = list(gateways)
        self._client = httpx.Client(verify=tls, timeout=_TIMEOUT_S)
        self._pause_s = 0.5
        self._not_before = 0.0
        self._busy = threading.Lock()
        self.refusal: RecordRefused | None = None
        """Why the copy has stopped; None while it goes on."""

    def step(self) -> int:
        """Fetch what is new; return the number of records taken. Thread-safe: 0 at once while another thread fetches.

        Raises:
            GatewayNotThere: the gateway gave no entries.
        """
        if time.monotonic() < self._not_before or not self._busy.acquire(blocking=False):
            return 0
        try:
            return self._take_all()
        finally:
            self._busy.release()

    def _take_all(self) -> int:
        dropped = self._log_copy.dropped
        if dropped is not None:
            self._log_copy.dropped = None
            why = f"what was copied does not give the anchored head of {dropped.size}"
            self._stop(COPY_DIFFERS, why)
            return 0
        before = self._log_copy.size
        if before - self._log_copy.anchored >= _MOST_AHEAD:
            return 0
        try:
            self._fetch()
        except RecordRefused as refused:
            self._refuse(refused)
        except (httpx.HTTPError, ssl.SSLError, TileError) as failure:
            self._gateways.append(self._gateways.pop(0))
            self._wait()
            raise GatewayNotThere(f"no entries: {type(failure).__name__}: {failure}") from failure
        else:
            self.refusal = None
            self._pause_s = 0.5
        return self._log_copy.size - before

    def _fetch(self) -> None:
        start = self._log_copy.size
        params = {"start": start, "limit": 10_000}
        with self._client.stream("GET", f"{self._gateways[0]}/v1/log", params=params) as response:
            response.raise_for_status()
            piece: list[bytes] = []
            for entry in decode_entries(response.iter_bytes()):
                piece.append(entry)
                if len(piece) == _PIECE:
                    self._log_copy.take(piece)
                    piece = []
            if piece:
                self._log_copy.take(piece)

    def _refuse(self, refused: RecordRefused) -> None:
        is_new = str(refused) != str(self.refusal)
        self.refusal = refused
        self._stop(refused.code, str(refused), is_new=is_new)

    def _stop(self, code: Code, why: str, *, is_new: bool = True) -> None:
        """Go to the next gateway after a pause; raise an alarm if *is_new*."""
        if is_new:
            log.error("copy_stopped", code=code, why=why)
            with Session(self._engine) as session:
                raise_once(session, code, why)
                session.commit()
        self._gateways.append(self._gateways.pop(0))
        self._wait()

    def _wait(self) -> None:
        # By hand: a pass must not sleep, so the pause is a time before which nothing is fetched.
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def close(self) -> None:
        self._client.close()
