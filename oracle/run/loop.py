"""Where the oracle's settings become objects, and its one loop.

Each turn takes every part one step on. A part that can't go on now (the node is away) leaves the others alone and is
tried again at the next turn; what a part has committed stays.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError

from counterfoil.chain.errors import ChainError
from counterfoil.garbage_collection import collect_seldom
from counterfoil.oracle.day.clock import DayClock
from counterfoil.oracle.errors import GatewayNotThere
from counterfoil.oracle.run.process_parts import OracleParts
from counterfoil.oracle.run.single import build
from counterfoil.oracle.settings import OracleSettings

log = structlog.get_logger("oracle")
_READERS = ("batch", "copy", "facts", "matching")
"""The parts that read the log on, so many records a turn."""


def build_any(
    settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None
) -> OracleParts:
    """Everything for one process: alone, or as a node of a quorum where the peers' file is set."""
    if settings.peers is None:
        return build(settings, on_step)
    from counterfoil.oracle.run.quorum_node import build_node

    return build_node(settings, on_step)


def run(settings: OracleSettings, on_step: Callable[[str], None] = lambda _: None) -> None:
    """Turn after turn until SIGTERM or SIGINT; *on_step* is told each step of the work, by its name, once reached."""
    _step_back(settings.niceness)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parts = build_any(settings, on_step)
    clock = None
    if settings.day_close_cron and settings.settles:
        clock = DayClock(parts.engine, settings.day_close_cron, settings.zone)
        clock.start()
    parts.open()
    collect_seldom()
    log.info("oracle_ready")
    while not stop.is_set():
        if not step_all(parts):
            stop.wait(settings.poll_s)
    if clock is not None:
        clock.stop()
    parts.close()
    log.info("oracle_stopped")


def _step_back(niceness: int) -> None:
    """Let other processes of the machine go first; to be called before any thread is started."""
    os.nice(niceness)
    # Linux shares the processors out among sessions first, each of which has a niceness of its own.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(niceness))


def step_all(parts: OracleParts) -> bool:
    """One step of every part; True while records wait for another turn at once."""
    has_more = False
    for name, step in parts.steps.items():
        try:
            done = step()
        except ChainError as failure:
            log.warning("step_waits", step=name, code=failure.code, why=str(failure))
        except OperationalError as failure:
            log.warning("step_waits", step=name, code="database_busy", why=str(failure.orig))
        except GatewayNotThere as failure:
            log.warning("step_waits", step=name, code=failure.code, why=str(failure))
        else:
            has_more = has_more or (name in _READERS and bool(done))
    return has_more
