"""The watchdog of a process tree: looks at the whole house every few seconds, and logs what begins and what ends.

Rules kept here:

* It says, and stops nobody: only a person can tell a process that hangs from one that has much to do. A process that
  has ended is started again by the supervisor.
* An alarm is logged when it comes and when it goes, not in between.
"""

from __future__ import annotations

import threading

from counterfoil.alarm import Alarm
from counterfoil.fault import Code
from counterfoil.logs import get_logger
from counterfoil.up.data_folder import House

log = get_logger("up")

_LOOK_S = 3.0


class Watchdog:
    """Looks in a thread of its own, from :meth:`start` to :meth:`stop`."""

    def __init__(self, house: House, look_s: float = _LOOK_S) -> None:
        self._house = house
        self._look_s = look_s
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: dict[tuple[Code, str], Alarm] = {}

    def start(self) -> None:
        """Look now, and again and again."""
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look under way may end by itself."""
        self._stop.set()

    def tell(self, alarms: list[Alarm]) -> None:
        """Log which of *alarms* are new, and which of those before are over."""
        now = {(one.code, one.part): one for one in alarms}
        for key, alarm in now.items():
            if key not in self._told:
                log.warning("alarm", code=alarm.code, part=alarm.part, detail=alarm.detail)
        for key, alarm in self._told.items():
            if key not in now:
                log.info("alarm_ended", code=alarm.code, part=alarm.part)
        self._told = now

    def _run(self) -> None:
        # Here, so that a start does not wait for it.
        from counterfoil.up.house_look import HouseLook

        looks = HouseLook(self._house)
        while not self._stop.is_set():
            seen = looks.look()
            if not self._stop.is_set():
                self.tell(seen.alarms)
            self._stop.wait(self._look_s)
