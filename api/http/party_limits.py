"""What one party may use of the API: open event streams, and writes.

Rules kept here:

* The numbers are a party's, whatever tokens and sessions it has.
* Who has used up its writes is told when the next one is taken, in ``Retry-After``.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from math import ceil

from counterfoil.api.http.faults import STREAMS_TOO_MANY, WRITES_TOO_MANY
from counterfoil.api.http.problems import ApiProblem

_LOOK_AGAIN_S = 10


class PartyLimits:
    """Counts in this process; any thread may ask."""

    def __init__(
        self,
        streams: int,
        writes_at_once: int,
        writes_a_minute: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._streams, self._at_once = streams, writes_at_once
        self._a_second = writes_a_minute / 60
        self._clock = clock
        self._open: Counter[str] = Counter()
        self._spent: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def open_stream(self, party: str) -> None:
        """Count a stream of *party*, until :meth:`close_stream`.

        Raises:
            ApiProblem: 429 ``request.streams_too_many``.
        """
        with self._lock:
            if self._open[party] >= self._streams:
                raise ApiProblem(
                    status=429,
                    code=STREAMS_TOO_MANY,
                    detail=f"a party has at most {self._streams} streams open",
                    headers={"Retry-After": str(_LOOK_AGAIN_S)},
                )
            self._open[party] += 1

    def close_stream(self, party: str) -> None:
        with self._lock:
            self._open[party] -= 1
            if self._open[party] <= 0:
                del self._open[party]

    def write(self, party: str) -> None:
        """Count a write of *party*.

        Raises:
            ApiProblem: 429 ``request.writes_too_many``.
        """
        with self._lock:
            now = self._clock()
            spent, at = self._spent.get(party, (0.0, now))
            spent = max(0.0, spent - (now - at) * self._a_second)
            if spent + 1 > self._at_once:
                self._spent[party] = (spent, now)
                wait_s = ceil((spent + 1 - self._at_once) / self._a_second)
                raise ApiProblem(
                    status=429,
                    code=WRITES_TOO_MANY,
                    detail="the party has asked for too many writes",
                    headers={"Retry-After": str(max(1, wait_s))},
                )
            self._spent[party] = (spent + 1, now)
