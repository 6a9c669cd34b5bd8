"""Changes as server-sent events: an event says that something changed, not what it is now.

Rules kept here:

* The data of ``record`` is the newest log index of the asker's own records, that of ``head`` the newest
  anchored size. The data of ``distribution``, ``exception``, ``withdrawal`` and ``instruction`` is a
  number that changes only when what the asker may see of them changes.
* An event's ``id`` is what the asker then knows. With it as ``Last-Event-ID`` a stream that was cut
  goes on with everything that has changed meanwhile.
* The databases are asked once a second; a stream ends when its session or token does. A party has a
  number of streams at once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from sqlalchemy import func
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from counterfoil.api.access.auth import Principal
from counterfoil.api.access.roles import whose
from counterfoil.api.access.sight import Sight
from counterfoil.api.access.unmatched import seen_exceptions
from counterfoil.api.access.whose import Whose
from counterfoil.api.http import problems
from counterfoil.api.http.context import ApiParts, PartsDep, PrincipalDep, maybe_principal
from counterfoil.api.instructions.reads import InstructionReads
from counterfoil.api.records.reads import RecordReads
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.ledger.revenue_split import Credit, PoolShare
from counterfoil.oracle.store.revenue_tables import MatchException

router = APIRouter(tags=["stream"], responses=problems.RESPONSES)

_EVERY_S = 1.0
_CHECK_SESSION_EVERY = 30


def _newest(parts: ApiParts, principal: Principal) -> dict[str, int]:
    """A number for each thing that changes; a different number means that the thing has changed.

    ``distribution``: credits that the reader may see; ``exception``: those met and resolved; ``withdrawal``: taken and
    paid; ``head``: records under the newest anchored head. Of whose things is said by the table of roles.
    """
    sight_of: dict[Whose, Sight] = {}

    def sight(event: str) -> Sight:
        reach = whose(f"EVENT {event}", principal.role)
        if reach not in sight_of:
            sight_of[reach] = parts.sight(principal, reach)
        return sight_of[reach]

    all_instructions = whose("EVENT instruction", principal.role) is Whose.ALL
    return {
        "record": RecordReads(parts.gateway).newest_index(sight("record").devices),
        "instruction": InstructionReads(parts.reads).changes(
            None if all_instructions else principal.party
        ),
        **_counts(
            parts,
            {
                "distribution": _credited(parts, sight("distribution")),
                "exception": _met(sight("exception")),
                "withdrawal": _taken(sight("withdrawal")),
                "head": select(func.coalesce(func.max(AnchoredHeadRow.size), 0)),
            },
        ),
    }


def _counts(parts: ApiParts, queries: Mapping[str, Any]) -> dict[str, int]:
    with Session(parts.reads) as session:
        return {name: sum(session.execute(query).one()) for name, query in queries.items()}


def _credited(parts: ApiParts, sight: Sight) -> Any:
    projects = parts.directory.projects()
    hashes = {p.project_hash for p in projects if p.project in sight.projects}
    credited = select(func.count()).select_from(Credit).where(col(Credit.project_hash).in_(hashes))
    if sight.everything:
        return credited
    hashes_run = {p.project_hash for p in projects if p.project in sight.run}
    return credited.where(
        (col(Credit.account) == sight.account)
        | col(Credit.project_hash).in_(hashes_run)
        | col(Credit.account).in_(select(PoolShare.pool).where(PoolShare.account == sight.account))
    )


def _met(sight: Sight) -> Any:
    return select(func.count(), func.count(col(MatchException.resolved_ms))).where(
        seen_exceptions(sight)
    )


def _taken(sight: Sight) -> Any:
    taken = select(func.count(), func.count(col(Payout.payment)))
    return taken if sight.everything else taken.where(Payout.holder == sight.account)


def _known(request: Request) -> dict[str, int]:
    """Return what the asker knew when its stream was cut; empty when the header has nothing readable."""
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
    Send `Last-Event-ID` to get what changed since.
    """
    parts.limits.open_stream(principal.party)
    headers = {"X-Accel-Buffering": "no", "Content-Encoding": "identity"}
    response = _Counted(
        _events(request, parts, principal), media_type="text/event-stream", headers=headers
    )
    response.closed = partial(parts.limits.close_stream, principal.party)
    return response


class _Counted(StreamingResponse):
    """A stream that says when it has ended, however it ends."""

    closed: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.closed()
