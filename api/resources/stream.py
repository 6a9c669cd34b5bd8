"""News for open pages, as server-sent events: that there are new records or heads, not what is in them.

Rules kept here:

* ``record`` tells the asker's own newest place in the log, ``head`` the newest anchored size.
* The databases are asked once a second; a stream ends when its session or token does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from counterfoil.api import problems
from counterfoil.api.context import Parts, PartsDep, PrincipalDep, maybe_principal
from counterfoil.api.reads.ledger import Sight

router = APIRouter(tags=["stream"], responses=problems.RESPONSES)

_EVERY_S = 1.0
_CHECK_SESSION_EVERY = 30


def _newest(parts: Parts, sight: Sight) -> tuple[int, int]:
    head = parts.ledger.newest_head()
    return parts.records.newest_index(sight.devices), 0 if head is None else head.size


async def _events(request: Request, parts: Parts, sight: Sight) -> AsyncIterator[str]:
    known = await run_in_threadpool(_newest, parts, sight)
    yield "retry: 3000\n\n"
    turn = 0
    while not await request.is_disconnected():
        await asyncio.sleep(_EVERY_S)
        turn += 1
        if turn % _CHECK_SESSION_EVERY == 0:
            if await run_in_threadpool(maybe_principal, request) is None:
                return
            yield ": here\n\n"
        now = await run_in_threadpool(_newest, parts, sight)
        for name, before, after in zip(("record", "head"), known, now, strict=True):
            if after != before:
                yield f"event: {name}\ndata: {json.dumps(after)}\n\n"
        known = now


@router.get(
    "/stream",
    summary="News as server-sent events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def stream(request: Request, parts: PartsDep, principal: PrincipalDep) -> StreamingResponse:
    """Events `record` (data: newest log index of the asker's) and `head` (data: anchored size)."""
    sight = parts.ledger.sight(principal)
    headers = {"X-Accel-Buffering": "no", "Content-Encoding": "identity"}
    return StreamingResponse(
        _events(request, parts, sight), media_type="text/event-stream", headers=headers
    )
