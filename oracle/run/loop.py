"""The oracle's one loop.

Each pass steps every part once. A part that can't go on now (the node is away, the disk is full) does not stop the
others and is tried again in the next pass. What a part has committed stays. A part that can't go on for a while is an
alarm, and so is a loop that stands still.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy.exc import OperationalError

from counterfoil.chain.errors import ChainError
from counterfoil.fault import FILE_UNWRITABLE, Code
from counterfoil.garbage_collection import collect_seldom
from counterfoil.logs import get_logger
from counterfoil.oracle.day.clock import DayClock
from counterfoil.oracle.errors import STORE_BUSY, GatewayNotThere
from counterfoil.oracle.run.composition import OracleParts, compose
from counterfoil.oracle.run.heartbeat import Heartbeat
from counterfoil.oracle.run.step_alarms import StepAlarms
from counterfoil.oracle.settings import OracleSettings

log = get_logger("oracle")
_READERS = ("log", "facts", "matching")
"""The parts that read N records of the log a pass."""


def run(settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None) -> None:
    """Step all parts, pass after pass, until SIGTERM or SIGINT; *on_step* is called with each work step's name."""
    _step_back(settings.niceness)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = compose(settings, on_step)
    clock = None
    if settings.day_close_cron and settings.settles:
        clock = DayClock(parts.engine, settings.day_close_cron, settings.zone)
        clock.start()
    parts.open()
    heart = Heartbeat(parts.engine, settings.silent_after_s, settings.step_within_s)
    alarms = StepAlarms(parts.engine, settings.silent_after_s)
    heart.start()
    collect_seldom()
    log.info("oracle_ready")
    while not stop.is_set():
        has_more = step_all(parts, heart.begins, alarms)
        heart.went_round()
        if not has_more:
            stop.wait(settings.poll_s)
    heart.stop()
    if clock is not None:
        clock.stop()
    parts.close()
    log.info("oracle_stopped")


def _step_back(niceness: int) -> None:
    """Give other processes of the machine priority; to be called before any thread starts."""
    os.nice(niceness)
    # Linux shares the processors among sessions first, and each session has a niceness of its own.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))


def step_all(
    parts: OracleParts,
    begins: Callable[[str], None] = lambda _: None,
    alarms: StepAlarms | None = None,
) -> bool:
    """Step every part once; return True when more records wait, so the next pass should follow at once.

    *begins* is called with each part's name, and *alarms* is told how it went.
    """
    has_more = False
    for name, step in parts.steps.items():
        begins(name)
        begun = time.monotonic()
        try:
            done = step()
        except (ChainError, OperationalError, GatewayNotThere, OSError) as failure:
            code, why = _said(failure)
            log.warning("step_waits", step=name, code=code, why=why)
            if alarms is not None:
                alarms.failed(name, begun, code, why)
        else:
            has_more = has_more or (name in _READERS and bool(done))
            if alarms is not None:
                alarms.went_on(name)
    return has_more


def _said(failure: ChainError | OperationalError | GatewayNotThere | OSError) -> tuple[Code, str]:
    """The code and the words of *failure*."""
    if isinstance(failure, OperationalError):
        return STORE_BUSY, str(failure.orig)
    if isinstance(failure, OSError):
        return FILE_UNWRITABLE, str(failure)
    return failure.code, str(failure)
