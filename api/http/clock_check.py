"""Whether clocks agree: this process's with the chain's and with what other processes say the time is.

Rules kept here:

* A block from the future is told at once. A block from the past is told only if it came since the last look, which was
  a moment ago: an idle chain has an old newest block and a right clock.
* What was judged stays until the next block is judged.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from counterfoil.alarm import Alarm
from counterfoil.api.http.faults import CLOCK_DIFFERS

MOST_S = 30.0
_A_MOMENT_S = 10.0


class BlockClock:
    """Compares the times of new blocks with this process's clock."""

    def __init__(self) -> None:
        self._height = -1
        self._looked_at = float("-inf")
        self._off_s = 0.0

    def look(self, height: int, offset_s: float, at: float) -> list[Alarm]:
        """Return the alarm about the chain's clock; *offset_s* is this clock less the newest block's time.

        *at* is the time of the look by ``time.monotonic``.
        """
        since_s, is_new = at - self._looked_at, height > self._height
        self._height, self._looked_at = max(height, self._height), at
        if offset_s < -MOST_S:
            self._off_s = offset_s
        elif is_new and since_s <= _A_MOMENT_S:
            self._off_s = max(0.0, offset_s - since_s)
        elif self._off_s < 0:
            self._off_s = 0.0
        return clock_alarms("chain", self._off_s)


def clock_alarms(part: str, off_s: float) -> list[Alarm]:
    """Return the alarm about *part*, whose clock this one is ahead of by *off_s*; none within half a minute."""
    if abs(off_s) <= MOST_S:
        return []
    way = "ahead of" if off_s > 0 else "behind"
    return [
        Alarm(CLOCK_DIFFERS, f"this clock is {abs(off_s):.0f} s {way} that of the {part}", part)
    ]


def seconds_ahead(date_header: str | None, now: datetime) -> float:
    """Return how far *now* is ahead of an HTTP answer's Date; 0 without one that can be read."""
    try:
        said = parsedate_to_datetime(date_header or "")
    except ValueError:
        return 0.0
    return (now - said.astimezone(UTC)).total_seconds()
