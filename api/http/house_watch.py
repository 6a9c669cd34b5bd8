"""Everything that must be seen to now, in one list: by the databases, the gateways, the chain, the disks, the clocks.

Rules kept here:

* It is looked at most once a second, however many ask, and in a thread of its own: a page does not wait for what hangs.
* Every look has an end: a process that does not respond within five seconds is told as such, a database within twelve.
* ``/readyz``, the metrics, the pages and ``counterfoil status`` say what this says.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from counterfoil.alarm import Alarm
from counterfoil.api.http.chain_health import ChainHealth
from counterfoil.api.http.clock_check import BlockClock, clock_alarms, seconds_ahead
from counterfoil.api.http.faults import NODES_DISAGREE
from counterfoil.chain.errors import NodeUnreachable
from counterfoil.disk_room import disk_alarms
from counterfoil.fault import STORE_UNREADABLE
from counterfoil.gateway.errors import GATEWAY_UNREACHABLE
from counterfoil.logs import get_logger
from counterfoil.oracle.errors import ORACLE_SILENT
from counterfoil.oracle.status.alarms import put_off_until_ms, standing_alarms

_FRESH_S = 1.0
_ANSWER_WITHIN_S = 5.0
_LOOK_WITHIN_S = 12.0
_AHEAD_MS = 120_000
"""No oracle puts its alarm off by more than a minute: what is later was written by a clock that is ahead."""
_BEATS_WITHIN_S = 20.0

log = get_logger("api.house")


class HouseWatch:
    """Looks at one house; *reads* is the oracle's database, *gateways* are base URLs of the gateways' HTTP."""

    def __init__(
        self,
        reads: Engine,
        *,
        chain: Callable[[], ChainHealth],
        certificates: Callable[[], list[Alarm]],
        gateways: Sequence[str],
        disks: Sequence[Path],
    ) -> None:
        self._reads = reads
        self._chain = chain
        self._certificates = certificates
        self._gateways = gateways
        self._disks = disks
        self._blocks = BlockClock()
        self._sign: tuple[int | None, float] = (None, float("-inf"))
        self._lock = threading.Lock()
        self._looking: threading.Event | None = None
        self._began = float("inf")
        self._looked_at = float("-inf")
        self._known: list[Alarm] = []

    def alarms(self, within_s: float = _LOOK_WITHIN_S) -> list[Alarm]:
        """Return what holds now, at most a second old; what was known before where a look takes longer than that."""
        with self._lock:
            if time.monotonic() - self._looked_at < _FRESH_S:
                return self._known
            if self._looking is None:
                self._looking, self._began = threading.Event(), time.monotonic()
                threading.Thread(target=self._run, args=(self._looking,), daemon=True).start()
            looking = self._looking
        if not looking.wait(within_s) and time.monotonic() - self._began > _LOOK_WITHIN_S:
            # All other looks have an end: what is waited for is a database.
            said = f"no answer for {time.monotonic() - self._began:.0f} s"
            return [*self._known, Alarm(STORE_UNREADABLE, said, "oracle database")]
        return self._known

    def _run(self, looking: threading.Event) -> None:
        try:
            self._known = self._look()
        except Exception:
            log.exception("house_not_looked_at")
        finally:
            with self._lock:
                self._looked_at, self._looking = time.monotonic(), None
            looking.set()

    def _look(self) -> list[Alarm]:
        found = [*self._by_the_oracle(), *self._by_the_chain()]
        for url in self._gateways:
            found += _by_a_gateway(url)
        found += [*disk_alarms(self._disks), *self._certificates()]
        return list({(one.code, one.part, one.detail): one for one in found}.values())

    def _by_the_oracle(self) -> list[Alarm]:
        try:
            found, sign_ms = standing_alarms(self._reads), put_off_until_ms(self._reads)
        except SQLAlchemyError as failure:
            why = str(getattr(failure, "orig", failure))
            return [Alarm(STORE_UNREADABLE, why, "oracle database", private=True)]
        now = time.monotonic()
        last_ms, seen_at = self._sign
        beats = sign_ms is not None and last_ms is not None and sign_ms != last_ms
        has_beaten = beats and now - seen_at <= _BEATS_WITHIN_S
        if sign_ms != last_ms:
            self._sign = (sign_ms, now)
        off_ms = 0 if sign_ms is None else round(time.time() * 1_000) - sign_ms
        if has_beaten and off_ms > 0:  # it is not silent: its clock is behind
            found = [one for one in found if one.code != ORACLE_SILENT]
            return found + clock_alarms("oracle", off_ms / 1_000)
        return found + (clock_alarms("oracle", off_ms / 1_000) if off_ms < -_AHEAD_MS else [])

    def _by_the_chain(self) -> list[Alarm]:
        health = self._chain()
        if health.nodes == 0:
            return []
        if health.agreeing == 0:
            return [Alarm(NodeUnreachable.code, f"none of {health.nodes} nodes responds", "chain")]
        found = self._blocks.look(health.height, health.offset_s, time.monotonic())
        if health.agreeing < health.nodes:
            said = f"{health.agreeing} of {health.nodes} nodes agree"
            found = [*found, Alarm(NODES_DISAGREE, said, "chain")]
        return found


def _by_a_gateway(url: str) -> list[Alarm]:
    """What the gateway at *url* says, or that it says nothing."""
    try:
        answer = httpx.get(f"{url}/healthz", timeout=_ANSWER_WITHIN_S, trust_env=False)
        said = answer.json()
        alarms = [Alarm.from_json(one, "gateway") for one in said["alarms"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as failure:
        return [
            Alarm(GATEWAY_UNREACHABLE, f"{url}: {failure or type(failure).__name__}", "gateway")
        ]
    return alarms + clock_alarms(
        "gateway", seconds_ahead(answer.headers.get("date"), datetime.now(UTC))
    )
