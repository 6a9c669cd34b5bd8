"""News as server-sent events: that something changed, not what is in it.

Rules kept here:

* ``record`` tells the asker's own newest place in the log, ``head`` the newest anchored size; the
  data of ``distribution``, ``exception``, ``withdrawal`` and ``instruction`` is a number that only
  changes with what the asker may see of them.
* An event's ``id`` is what the asker knows then: with it as ``Last-Event-ID`` a stream that was cut
  goes on with everything that changed meanwhile.
* The databases are asked once a second; a stream ends when its session or token does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from counterfoil.api.access.auth import Principal
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep, maybe_principal
from counterfoil.api.records.reads import RecordReads

router = APIRouter(tags=["stream"], responses=problems.RESPONSES)

_EVERY_S = 1.0
_CHECK_SESSION_EVERY = 30


def _newest(parts: ApiParts, principal: Principal) -> dict[str, int]:
    sight = parts.ledger.sight(principal)
    party = None if sight.everything else principal.party
    return {
        "record": RecordReads(parts.gateway).newest_index(sight.devices),
        "instruction": parts.ledger.instruction_changes(party),
        **parts.ledger.changes(sight),
    }


def _known(request: Request) -> dict[str, int]:
    """What the asker knew when its stream was cut; empty when it says nothing that can be read."""
    pairs = (pair.partition("=") for pair in request.headers.get("last-event-id", "").split(";"))
    return {name: int(n) for name, _, n in pairs if n.removeprefix("-").isdecimal() and len(n) < 19}


async def _events(request: Request, parts: ApiParts, principal: Principal) -> AsyncIterator[str]:
    known = await run_in_threadpool(_newest, parts, principal)
    known |= {name: number for name, number in _known(request).items() if name in known}
    yield "retry: 3000\n\n"
    turn = 0
    while not await request.is_disconnected():
        await asyncio.sleep(_EVERY_S)
        turn += 1
        if turn % _CHECK_SESSION_EVERY == 0:
            if await run_in_threadpool(maybe_principal, request) is None:
                return
            yield ": here\n\n"
        now = await run_in_threadpool(_newest, parts, principal)
        for name in [name for name, number in now.items() if number != known[name]]:
            known[name] = now[name]
            place = ";".join(f"{key}={value}" for key, value in known.items())
            yield f"event: {name}\nid: {place}\ndata: {json.dumps(known[name])}\n\n"


@router.get(
    "/v1/stream",
    summary="News as server-sent events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
def stream(request: Request, parts: PartsDep, principal: PrincipalDep) -> StreamingResponse:
    """Events `record` (data: newest log index of the asker's), `head` (data: anchored size), and
    `distribution`, `exception`, `withdrawal`, `instruction` (data: a number that changes with them).
    Send `Last-Event-ID` to hear what changed since.
    """
    headers = {"X-Accel-Buffering": "no", "Content-Encoding": "identity"}
    return StreamingResponse(
        _events(request, parts, principal), media_type="text/event-stream", headers=headers
    )
