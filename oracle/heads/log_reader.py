"""Reads new records out of their source into the log, which believes or refuses them.

Rules that this module keeps:

- Reading starts at the log's own end, so what was cut off is continued.
- Each piece is verified before the next is read, so a slow disk slows the reading.
- What stopped the log is an alarm until the log goes on, across restarts too.
- When a source does not respond or its entries are refused, the next one is asked. A refusal is tried again after a
  pause that doubles, and at once when the registry has changed: the key may have come. Nothing from the refused record
  on is believed meanwhile.
"""

from __future__ import annotations

import threading
import time

from sqlalchemy import Engine
from sqlmodel import Session

from counterfoil.fault import Code
from counterfoil.gateway.errors import KeyUnknownError, StoreBehindError
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import (
    COPY_DIFFERS,
    KEY_AWAITED,
    RECORD_NOT_BELIEVED,
    GatewayNotThere,
    RecordRefused,
)
from counterfoil.oracle.heads.believed_log import BelievedLog
from counterfoil.oracle.heads.log_sources import LogSource
from counterfoil.oracle.store.alarm_table import end_alarms, raise_once

log = get_logger("oracle.log")

COPY_AHEAD = 100_000
"""Records that a copy may have beyond the newest anchored head; more of them wait at the gateway."""
_LONGEST_PAUSE_S = 30.0
_ALARMS = {
    KeyUnknownError.code: KEY_AWAITED,
    StoreBehindError.code: StoreBehindError.code,
}
_ENDED_BY_READING = (KEY_AWAITED, RECORD_NOT_BELIEVED, StoreBehindError.code)


class LogReader:
    """Reads from *source* into *believed*, until *most_ahead* records are beyond the newest anchored head."""

    def __init__(
        self, engine: Engine, believed: BelievedLog, source: LogSource, most_ahead: int = COPY_AHEAD
    ) -> None:
        self._engine = engine
        self._believed = believed
        self._source = source
        self._most_ahead = most_ahead
        self._pause_s = 0.5
        self._not_before = 0.0
        self._registry = 0
        self._owed = 0
        self._told: set[Code] = {*_ENDED_BY_READING, COPY_DIFFERS}
        """Alarms that may stand: at the start those of the process before."""
        self._busy = threading.Lock()
        self.refusal: RecordRefused | None = None
        """Why the log has stopped; None while it goes on."""

    def step(self) -> int:
        """Read what is new; return the number of records taken. Thread-safe: 0 at once while another thread reads.

        Raises:
            GatewayNotThere: nobody gave entries.
        """
        if self._pauses() or not self._busy.acquire(blocking=False):
            return 0
        try:
            return self._take_all()
        finally:
            self._busy.release()

    def _pauses(self) -> bool:
        if time.monotonic() >= self._not_before:
            return False
        return self.refusal is None or self._believed.registry == self._registry

    def _take_all(self) -> int:
        dropped = self._believed.dropped
        if dropped is not None:
            self._believed.dropped, self._owed = None, dropped.size
            self._stop(COPY_DIFFERS, f"the records do not give the anchored head of {dropped.size}")
            return 0
        before = self._believed.size
        has_read = False
        try:
            if self._has_room():
                has_read = True
                for piece in self._source.pieces(before):
                    self._believed.take(piece)
                    if not self._has_room():
                        break
            if self._believed.size == before:
                self._believed.require_as_long_as_the_chains()
        except RecordRefused as refused:
            self._refuse(refused)
        except GatewayNotThere:
            self._source.turn_away()
            self._wait()
            raise
        else:
            if has_read:
                self.refusal = None
                self._end(_ENDED_BY_READING)
            if self._believed.anchored >= self._owed:  # else the same records may be dropped again
                self._pause_s = 0.5
                self._end((COPY_DIFFERS,))
        return self._believed.size - before

    def _has_room(self) -> bool:
        return self._believed.size - self._believed.anchored < self._most_ahead

    def _refuse(self, refused: RecordRefused) -> None:
        is_new = str(refused) != str(self.refusal)
        self.refusal = refused
        self._registry = self._believed.registry
        code = _ALARMS.get(refused.reason, RECORD_NOT_BELIEVED)
        self._stop(code, f"{refused}; nothing from it on is anchored", is_new=is_new)

    def _stop(self, code: Code, why: str, *, is_new: bool = True) -> None:
        """Turn to the next source after a pause; raise an alarm if *is_new*."""
        if is_new:
            log.error("log_stopped", code=code, why=why)
            self._told.add(code)
            with Session(self._engine) as session:
                for other in _ENDED_BY_READING if code in _ENDED_BY_READING else ():
                    end_alarms(session, other)  # the log stands at one record at a time
                raise_once(session, code, why)
                session.commit()
        self._source.turn_away()
        self._wait()

    def _end(self, codes: tuple[Code, ...]) -> None:
        """The log goes on: take away what was told of these."""
        told = self._told.intersection(codes)
        if not told:
            return
        with Session(self._engine) as session:
            ended = [end_alarms(session, code) for code in sorted(told)]
            session.commit()
        self._told -= told
        if sum(ended):
            log.info("log_goes_on")

    def _wait(self) -> None:
        # By hand: a pass must not sleep, so the pause is a time before which nothing is read.
        self._not_before = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def close(self) -> None:
        """Close the source."""
        self._source.close()
