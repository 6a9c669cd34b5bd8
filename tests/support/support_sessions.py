"""No database transaction is open while a node, a peer or a gateway is asked: every test of this process is held to it.

:func:`watch` listens to every engine and to every request of httpx, through which all of them are asked. A request that
a thread sends while it has a transaction open raises, and is kept in :data:`found`, since what is asked may be caught.
What a test itself asks, while it looks at what is stored, is not the product's and does not count.
"""

from __future__ import annotations

import sys
import threading
import traceback
import weakref
from pathlib import Path
from types import FrameType

import httpx
from sqlalchemy import Connection, Engine, event

found: list[str] = []
"""The requests that were sent with a transaction open, with the lines that sent them."""
_open: weakref.WeakKeyDictionary[Connection, int] = weakref.WeakKeyDictionary()
_lock = threading.Lock()
_LINES = 12
_TESTS = str(Path(__file__).resolve().parents[1])
_CLIENT = ("chain/client.py", "chain/json_rpc.py")
tests_too = False
"""Whether what tests ask counts too."""


class SessionOpen(AssertionError):
    """A request was sent while this thread had a database transaction open."""


def _a_test_asks() -> bool:
    """Whether it is a test that sends what is sent here: the nearest lines but a library's and the client's own."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and (
        "site-packages" in frame.f_code.co_filename or frame.f_code.co_filename.endswith(_CLIENT)
    ):
        frame = frame.f_back
    return frame is not None and frame.f_code.co_filename.startswith(_TESTS)


def _begun(connection: Connection) -> None:
    with _lock:
        _open[connection] = threading.get_ident()


def _ended(connection: Connection) -> None:
    with _lock:
        _open.pop(connection, None)


def open_here() -> list[str]:
    """The databases in which this thread has a transaction open."""
    with _lock:
        here = [c for c, thread in _open.items() if thread == threading.get_ident()]
    return [str(connection.engine.url) for connection in here]


def watch() -> None:
    """Begin to watch this process. A second call changes nothing."""
    if event.contains(Engine, "begin", _begun):
        return
    event.listen(Engine, "begin", _begun)
    event.listen(Engine, "commit", _ended)
    event.listen(Engine, "rollback", _ended)
    send = httpx.HTTPTransport.handle_request

    def watched(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        databases = open_here()
        if databases and (tests_too or not _a_test_asks()):
            stack = [f for f in traceback.extract_stack() if "site-packages" not in f.filename]
            lines = "".join(traceback.format_list(stack[-_LINES:-1]))
            found.append(f"{request.url} was asked with {databases} open:\n{lines}")
            raise SessionOpen(found[-1])
        return send(self, request)

    httpx.HTTPTransport.handle_request = watched  # type: ignore[method-assign]
