"""The loggers of all processes: what somebody else wrote is escaped before it is written.

Rules kept here:

* Every module takes its logger from here. A name, a reason or an exception's words in a line of the log can then
  neither end the line nor act on the terminal that shows it.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import structlog

from counterfoil.printable import printable

_OF_MANY_LINES = ("exception", "stack")


def escaped(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return *event* with every text in it escaped; what is no text becomes one, but for plain numbers."""
    for name, value in event.items():
        if not isinstance(value, int | float | bool | None):
            event[name] = printable(value, keep="\n" if name in _OF_MANY_LINES else "")
    return event


def _configure() -> None:
    *before, renderer = structlog.get_config()["processors"]
    structlog.configure(
        processors=[*before, structlog.processors.format_exc_info, escaped, renderer]
    )


_configure()


def get_logger(name: str) -> Any:
    """Return the logger *name*."""
    return structlog.get_logger(name)
