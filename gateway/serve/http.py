"""The gateway over HTTP: records from devices without MQTT, receipts, the log's tiles, health and metrics.

Rules that this module keeps:

- The device in the path must be the record's issuer, and over TLS also the one whom the client certificate names.
- In clear, on the loopback or behind a proxy that ends TLS, a record is authenticated by its own signature.
- Refusals are kept with their reason, up to a quota of each device or, in clear, of each address.
- Everybody may read receipts and tiles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError

from counterfoil.gateway.errors import GatewayError, IdentityError
from counterfoil.gateway.identity import DeviceId, parse_device_id
from counterfoil.gateway.ingest.intake import Intake, NotCommitted
from counterfoil.gateway.ingest.pipeline import Arrival, Stored
from counterfoil.gateway.log.merkle import EMPTY_ROOT, inclusion_proof
from counterfoil.gateway.log.tiles import TileReader, read_folder, read_size
from counterfoil.gateway.mqtt.connection import device_of
from counterfoil.gateway.mqtt.limits import Limits, Quota
from counterfoil.gateway.receipt import ReceiptSigner
from counterfoil.gateway.record import MAX_RECORD_BYTES
from counterfoil.gateway.serve.metrics import GatewayMetrics
from counterfoil.gateway.store import GatewayStore

_COSE = "application/cose"


def create_http(
    intake: Intake,
    store: GatewayStore,
    receipts: ReceiptSigner,
    metrics: GatewayMetrics,
    tiles: Path | None,
    *,
    is_revoked: Callable[[int], bool] | None = None,
    refusals: Quota[str] | None = None,
) -> FastAPI:
    """The HTTP application of one gateway; with *is_revoked*, for a door over TLS: it asks devices for certificates."""
    app = FastAPI(title="Counterfoil gateway", docs_url=None, redoc_url=None)
    quota = refusals or Quota(Limits().refusals_at_once, Limits().refusals_a_minute)

    @app.exception_handler(GatewayError)
    async def _refused(_: Request, error: GatewayError) -> JSONResponse:
        return _problem(422, error.code, error.detail)

    @app.post("/v1/{device}/records", status_code=201)
    async def post_record(device: str, request: Request) -> Response:
        """Take one record (application/cose); 201 with a signed promise, or a problem with the code of the refusal."""
        name = parse_device_id(device)
        peer = request.client.host if request.client else "?"
        if is_revoked is not None:
            certified = _certified_device(request, is_revoked)
            if certified != name:
                return _problem(
                    401 if certified is None else 403,
                    "not_authorised",
                    f"records of {name} are taken with its client certificate",
                )
        who = peer if is_revoked is None else name
        if quota.is_spent(who, time.monotonic()):
            return _problem(429, "quota_exceeded", "too many refusals: wait", {"Retry-After": "60"})
        raw = bytearray()
        async for piece in request.stream():
            raw += piece
            if len(raw) > MAX_RECORD_BYTES:
                quota.spend(who, time.monotonic())
                return _problem(
                    413, "record_too_large", f"a record has at most {MAX_RECORD_BYTES} bytes"
                )
        try:
            verdict = await intake.take(Arrival(bytes(raw), name, f"https {peer}"))
        except NotCommitted as busy:
            return _problem(503, busy.code, "send it again", {"Retry-After": "1"})
        if isinstance(verdict, Stored):
            status = 200 if verdict.duplicate else 201
            return Response(intake.promise(verdict), status, media_type=_COSE)
        quota.spend(who, time.monotonic())
        more = {} if verdict.expected is None else {"expected": list(verdict.expected)}
        return _problem(409 if verdict.position else 422, verdict.code, verdict.detail, more=more)

    @app.get("/v1/{device}/receipts/{epoch}/{sequence}")
    def get_receipt(device: str, epoch: int, sequence: int) -> Response:
        """A COSE receipt for one record, once the log that is published holds it."""
        found = store.find(parse_device_id(device), epoch, sequence)
        if found is None:
            return _problem(404, "record_unknown", f"{device} has no record {epoch}/{sequence}")
        size, root = read_size(tiles) if tiles else (0, EMPTY_ROOT)
        if tiles is None or found[0] >= size:
            return _problem(
                404,
                "not_anchored_yet",
                "the record is stored and waits for the next head",
                {"Retry-After": "2"},
            )
        path = inclusion_proof(found[0], size, TileReader(read_folder(tiles), size).read)
        return Response(receipts.sign_root(size, root).receipt(found[0], path), media_type=_COSE)

    @app.get("/checkpoint")
    @app.get("/tile/{path:path}")
    def get_tile(request: Request) -> Response:
        """The log as static files (C2SP tlog-tiles)."""
        name = request.url.path.lstrip("/")
        file = (tiles / name).resolve() if tiles else None
        if (
            file is None
            or tiles is None
            or not file.is_relative_to(tiles.resolve())
            or not file.is_file()
        ):
            return _problem(404, "no_such_tile", f"there is no {name}")
        kept = (
            "no-cache"
            if name == "checkpoint" or ".p/" in name
            else "public, max-age=31536000, immutable"
        )
        kind = "text/plain; charset=utf-8" if name == "checkpoint" else "application/octet-stream"
        return FileResponse(file, media_type=kind, headers={"Cache-Control": kept})

    @app.get("/healthz")
    def healthz() -> Response:
        """200 while records are being committed; 503 when the newest commit has failed, or the store is away."""
        if intake.failed.is_set():
            return _problem(503, "commit_failed", "the newest commit has failed; see the log")
        try:
            records = store.size()
        except DBAPIError as failure:
            return _problem(503, "store_not_there", str(failure.orig))
        return JSONResponse({"status": "ok", "records": records, "queue_full": intake.is_full})

    @app.get("/metrics")
    def show_metrics() -> Response:
        """Prometheus text."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _certified_device(request: Request, is_revoked: Callable[[int], bool]) -> DeviceId | None:
    """Whom the client certificate of *request* names; None without one, or when it is revoked."""
    certificate = request.scope.get("client_certificate")
    if not certificate or is_revoked(int(certificate["serialNumber"], 16)):
        return None
    try:
        return device_of(certificate)
    except IdentityError:
        return None


def _problem(
    status: int,
    code: str,
    detail: str,
    headers: dict[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JSONResponse:
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return JSONResponse(
        {**body, **(more or {})}, status, headers, media_type="application/problem+json"
    )
