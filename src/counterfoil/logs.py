"""The loggers of all processes: what somebody else wrote is escaped, and what repeats itself is counted.

Rules kept here:

* Every module takes its logger from here. A name, a reason or an exception's words in a line of the log can then
  neither end the line nor act on the terminal that shows it.
* A line that equals one of the last minute is not written again: when the minute is over, one line says how often it
  was ``repeated`` since. So no part that fails in a loop fills the disk or hides another one's words.
* What libraries log by Python's own ``logging``, from warnings on, comes the same way.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

import structlog

from counterfoil.printable import printable

_OF_MANY_LINES = ("exception", "stack")
_WINDOW_S = 60.0
_MOST_KEPT = 1_000
"""Different lines of the last minute that are remembered."""
_NO_PART_OF_IT = frozenset(["timestamp"])


def escaped(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return *event* with every text in it escaped; what is no text becomes one, but for plain numbers."""
    for name, value in event.items():
        if not isinstance(value, int | float | bool | None):
            event[name] = printable(value, keep="\n" if name in _OF_MANY_LINES else "")
    return event


class _Line:
    """A line of the last minute; what it says is kept only once it came again."""

    __slots__ = ("again", "event", "logger", "method", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.again = 0
        self.logger: Any = None
        self.method = ""
        self.event: dict[str, Any] = {}


class Repeats:
    """A processor that lets a line through once in *window_s*, and afterwards says by *render* how often it came."""

    def __init__(
        self,
        render: Callable[[Any, str, MutableMapping[str, Any]], Any],
        window_s: float = _WINDOW_S,
        most_kept: int = _MOST_KEPT,
    ) -> None:
        self._render = render
        self._window_s = window_s
        self._most_kept = most_kept
        self._lock = threading.RLock()  # a signal's handler may log while this thread does
        self._lines: dict[bytes, _Line] = {}
        self._timer: threading.Timer | None = None

    def __call__(
        self, logger: Any, method: str, event: MutableMapping[str, Any]
    ) -> MutableMapping[str, Any]:
        """Return *event* when it is new; raise DropEvent when it is counted."""
        said = sorted((name, value) for name, value in event.items() if name not in _NO_PART_OF_IT)
        key = sha256(repr(said).encode("utf-8", "replace")).digest()
        now = time.monotonic()
        with self._lock:
            known = self._lines.get(key)
            if known is not None and now < known.until:
                known.again += 1
                known.logger, known.method, known.event = logger, method, dict(event)
                self._wake()
                raise structlog.DropEvent
            self._say_over(now)
            self._lines[key] = _Line(now + self._window_s)
        return event

    def flush(self) -> None:
        """Say what was counted, at once."""
        with self._lock:
            for line in self._lines.values():
                self._say(line)
            self._lines.clear()

    def _wake(self) -> None:
        """See to it that what was counted is said, even if nothing is logged any more."""
        if self._timer is None:
            self._timer = threading.Timer(self._window_s, self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def _on_time(self) -> None:
        with self._lock:
            self._timer = None
            self._say_over(time.monotonic())
            if any(line.again for line in self._lines.values()):
                self._wake()

    def _say_over(self, now: float) -> None:
        """Forget the lines whose time is over, and the oldest of too many; say how often each came."""
        too_many = len(self._lines) - self._most_kept
        for number, (key, line) in enumerate(list(self._lines.items())):
            if number >= too_many and now < line.until:
                return  # they are in the order of their time
            del self._lines[key]
            self._say(line)

    def _say(self, line: _Line) -> None:
        if line.again:
            said = {**line.event, "repeated": line.again}
            with suppress(ValueError):  # what it was written to may be closed
                getattr(line.logger, line.method)(self._render(line.logger, line.method, said))


class _FromLibraries(logging.Handler):
    """Passes what a library logs on to the logger of its name."""

    def emit(self, record: logging.LogRecord) -> None:
        method = "error" if record.levelno >= logging.ERROR else "warning"
        details = {"exc_info": record.exc_info} if record.exc_info else {}
        getattr(get_logger(record.name), method)(
            record.getMessage(), library=record.name, **details
        )


def _configure() -> None:
    *before, renderer = structlog.get_config()["processors"]
    repeats = Repeats(renderer)
    structlog.configure(
        processors=[*before, structlog.processors.format_exc_info, escaped, repeats, renderer]
    )
    atexit.register(repeats.flush)
    logging.getLogger().addHandler(_FromLibraries(logging.WARNING))


_configure()


def get_logger(name: str) -> Any:
    """Return the logger *name*."""
    return structlog.get_logger(name)
