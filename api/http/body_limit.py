"""A request's size is bounded before its body is read, with a stated length or in chunks.

Rules kept here:

* A body of more than ``_NOBODYS_BYTES`` is read for a valid token or session only.
* A body has at most ``max_body_bytes``, and ``max_upload_bytes`` where a file is uploaded.
* Of bodies above ``max_body_bytes`` there are ``uploads_at_once`` at a time; who comes then is asked to wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from fastapi import Request
from fastapi_problem.error import Problem
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.api.access.auth import Principal
from counterfoil.api.http import problems
from counterfoil.api.http.faults import UPLOADS_BUSY
from counterfoil.fault import FILE_TOO_LARGE

_NOBODYS_BYTES = 64 * 1024
_RETRY_AFTER_S = 5


@dataclass
class Uploads:
    """How many large bodies are being read now."""

    at_once: int
    now: int = 0


class _Refused(Exception):
    """The body is not read on."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


@dataclass(frozen=True)
class BodyLimit:
    """ASGI middleware; *uploads_to* are the paths that take files, *who* tells who asks."""

    app: ASGIApp
    max_body_bytes: int
    max_upload_bytes: int
    uploads: Uploads
    uploads_to: Collection[str]
    who: Callable[[Request], Principal | None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(self, scope, receive=receive, send=send)
        try:
            await body.stated()
            await self.app(scope, body.receive, body.send)
        except _Refused as refused:
            body.refused = refused.problem
        except Exception:
            if body.refused is None:
                raise
        finally:
            body.forget()
        if body.refused is not None:  # who read the body may have taken it for a failure of its own
            await body.refuse(body.refused)


class _Body:
    """One request's body while it is read."""

    def __init__(self, limit: BodyLimit, scope: Scope, receive: Receive, send: Send) -> None:
        self._limit, self._scope, self._receive, self._send = limit, scope, receive, send
        is_upload = scope["path"] in limit.uploads_to
        self._most = limit.max_upload_bytes if is_upload else limit.max_body_bytes
        self._read = 0
        self._is_somebodys = False
        self._is_large = False
        self._is_answered = False
        self.refused: Problem | None = None

    async def stated(self) -> None:
        """Check the length that the request states, if it does."""
        for name, value in self._scope["headers"]:
            if name == b"content-length":
                await self._check(int(value) if value.isdigit() else 0)

    async def receive(self) -> Message:
        if self.refused is not None:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            try:
                await self._check(self._read)
            except _Refused as refused:
                self.refused = refused.problem
                raise
        return message

    async def send(self, message: Message) -> None:
        if self.refused is not None and not self._is_answered:
            return
        self._is_answered = True
        await self._send(message)

    async def refuse(self, problem: Problem) -> None:
        """Respond with *problem*, unless there is a response already."""
        if not self._is_answered:
            self._is_answered = True
            response: Response = problems.response(problem)
            await response(self._scope, self._receive, self._send)

    def forget(self) -> None:
        if self._is_large:
            self._limit.uploads.now -= 1

    async def _check(self, size: int) -> None:
        if size > self._most:
            raise _Refused(
                problems.ApiProblem(413, FILE_TOO_LARGE, f"a body has at most {self._most} bytes")
            )
        if size > _NOBODYS_BYTES and not self._is_somebodys:
            try:
                found = await run_in_threadpool(self._limit.who, Request(self._scope))
            except Problem as refused:
                raise _Refused(refused) from refused
            if found is None:
                raise _Refused(problems.unauthorised("a body of this size needs a valid token"))
            self._is_somebodys = True
        if size > self._limit.max_body_bytes and not self._is_large:
            if self._limit.uploads.now >= self._limit.uploads.at_once:
                raise _Refused(
                    problems.ApiProblem(
                        status=503,
                        code=UPLOADS_BUSY,
                        detail=f"{self._limit.uploads.at_once} files are being read",
                        headers={"Retry-After": str(_RETRY_AFTER_S)},
                    )
                )
            self._is_large = True
            self._limit.uploads.now += 1
