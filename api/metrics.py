"""Whether the process lives and is ready, and its figures for Prometheus."""

from __future__ import annotations

import time
from functools import partial

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import Engine, func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from counterfoil.api.heads.reads import HeadReads
from counterfoil.api.http.context import ApiParts, PartsDep
from counterfoil.chain.client import ChainClient
from counterfoil.gateway.store.tables import StoredRecord
from counterfoil.oracle.status.quorum_state import quorum_state
from counterfoil.oracle.store.quorum_tables import Dissent

router = APIRouter(tags=["health"])

REGISTRY = CollectorRegistry()
_REQUESTS = Counter(
    "counterfoil_api_requests",
    "Responses by status class.",
    ["method", "status"],
    registry=REGISTRY,
)
_SECONDS = Histogram(
    "counterfoil_api_request_seconds", "Time to the response's head.", registry=REGISTRY
)
_HEIGHT = Gauge("counterfoil_chain_height", "Newest block that a node has.", registry=REGISTRY)
_AGREEING = Gauge("counterfoil_chain_nodes_agreeing", "Nodes that agree.", registry=REGISTRY)
_ANCHORED = Gauge("counterfoil_anchored_records", "Records under a head.", registry=REGISTRY)
_QUORUM = Gauge("counterfoil_quorum_threshold", "Signatures that a head needs.", registry=REGISTRY)
_NODES = Gauge("counterfoil_quorum_nodes", "Nodes of the quorum.", ["state"], registry=REGISTRY)
_DISSENTS = Gauge("counterfoil_quorum_dissents", "Dissents written down.", registry=REGISTRY)
_ALARMS = Gauge(
    "counterfoil_alarms",
    "What must be seen to now in the whole house, by code and part.",
    ["code", "part"],
    registry=REGISTRY,
)
_TAKEN_OVER = Gauge(
    "counterfoil_quorum_turns_taken_over", "Of the newest ten heads.", registry=REGISTRY
)


class Measured:
    """Counts requests, and measures the time until each response begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                _SECONDS.observe(time.perf_counter() - begun)
                _REQUESTS.labels(scope["method"], f"{message['status'] // 100}xx").inc()
            await send(message)

        await self._app(scope, receive, counted)


@router.get("/healthz", summary="The process lives")
def healthz() -> dict[str, str]:
    """Always ``ok`` while the process responds."""
    return {"status": "ok"}


def _read_one(gateway: Engine) -> None:
    with Session(gateway) as session:
        session.exec(select(StoredRecord.log_index).limit(1)).first()


@router.get("/readyz", summary="The process is ready", responses={503: {"description": "No."}})
def readyz(parts: PartsDep) -> Response:
    """Ready when both databases can be read. The chain's state and ``alarms`` are stated but do not decide.

    The alarms are those of the whole house, as docs/alarms.md lists them; anybody may ask here, so a detail that names
    what belongs to a party is left out. ``counterfoil status`` has it.
    """
    checks = {"gateway_database": True, "oracle_database": True}
    for name, ask in (
        ("gateway_database", partial(_read_one, parts.gateway)),
        ("oracle_database", HeadReads(parts.reads).newest),
    ):
        try:
            ask()
        except SQLAlchemyError:
            checks[name] = False
    ready = all(checks.values())
    body = {
        "ready": ready,
        **checks,
        "chain": parts.health().good,
        "alarms": [alarm.to_json(to_anybody=True) for alarm in parts.house.alarms()],
    }
    return JSONResponse(body, 200 if ready else 503)


@router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
def metrics(parts: PartsDep) -> Response:
    """The process's figures in Prometheus' text form."""
    health = parts.health()
    _ALARMS.clear()
    for alarm in parts.house.alarms():
        _ALARMS.labels(alarm.code, alarm.part).set(1)
    _HEIGHT.set(health.height)
    _AGREEING.set(health.agreeing)
    head = HeadReads(parts.reads).newest()
    _ANCHORED.set(0 if head is None else head.size)
    _measure_quorum(parts, parts.client() if health.good else None)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _measure_quorum(parts: ApiParts, client: ChainClient | None) -> None:
    state = quorum_state(parts.reads, client=client)
    with Session(parts.reads) as session:
        dissents = session.exec(select(func.count()).select_from(Dissent)).one()
    well = sum(node.error is None and node.refusal is None for node in state.nodes)
    _QUORUM.set(state.threshold)
    _NODES.labels("well").set(well)
    _NODES.labels("not_well").set(len(state.nodes) - well)
    _DISSENTS.set(dissents)
    _TAKEN_OVER.set(sum(bool(turn.taken_over) for turn in state.turns))
