"""ETags: a response that the asker has already is not sent again.

Rules kept here:

* Every whole ``GET`` response below ``/v1`` carries a weak ETag of its content. A request whose
  ``If-None-Match`` has that ETag gets 304 without a body. The route runs all the same, with its
  checks, so a 304 says no more than the response would have said.
* Only the asker may keep such a response, and must ask again before each use.
* Streams and responses larger than ``LARGEST`` pass unchanged: nothing unbounded is held here.
"""

from __future__ import annotations

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = 4 * 1024 * 1024


class ETags:
    """Adds ETags, and sends 304 where the asker has the response already."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; hold the response until it is known whether the asker has it."""
        asked = scope["type"] == "http" and scope["method"] == "GET"
        if not asked or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        held = _Held(Headers(scope=scope).get("if-none-match", ""), send)
        await self._app(scope, receive, held.take)


class _Held:
    """One response: its head is held until the body is whole, or turns out to be a stream."""

    def __init__(self, known: str, send: Send) -> None:
        self._known = {tag.strip() for tag in known.split(",") if tag.strip()}
        self._send = send
        self._head: Message | None = None
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        """Take the application's next message."""
        if message["type"] == "http.response.start" and _whole(message):
            self._head = message
            return
        if self._head is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._finish()
        elif len(self._body) > LARGEST:
            await self._send(self._head)
            self._head = None
            await self._send({**message, "body": bytes(self._body)})

    async def _finish(self) -> None:
        assert self._head is not None  # noqa: S101  # take() looked
        tag = f'W/"{sha256(self._body).hexdigest()[:32]}"'
        headers = MutableHeaders(scope=self._head)
        headers["ETag"] = tag
        headers["Cache-Control"] = "private, no-cache"
        headers.add_vary_header("Authorization")
        headers.add_vary_header("Cookie")
        if self._known & {tag, tag.removeprefix("W/"), "*"}:
            for name in ("content-length", "content-type", "content-encoding"):
                if name in headers:
                    del headers[name]
            self._head["status"] = 304
            self._body.clear()
        await self._send(self._head)
        await self._send({"type": "http.response.body", "body": bytes(self._body)})


def _whole(head: Message) -> bool:
    """Whether the response is a success, and no stream of events."""
    kind = Headers(raw=head["headers"]).get("content-type", "")
    return bool(head["status"] == 200) and not kind.startswith("text/event-stream")
