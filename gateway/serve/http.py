"""The gateway over HTTP: records from devices without MQTT, receipts, the log's tiles, health and metrics.

A record that comes in here is authenticated by its own signature; the path's device must be its issuer.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from counterfoil.gateway.errors import GatewayError
from counterfoil.gateway.identity import parse_device_id
from counterfoil.gateway.ingest.intake import Intake, NotCommitted
from counterfoil.gateway.ingest.pipeline import Arrival, Stored
from counterfoil.gateway.log.merkle import EMPTY_ROOT, inclusion_proof
from counterfoil.gateway.log.tiles import TileReader, read_folder, read_size
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
) -> FastAPI:
    """The HTTP application of one gateway."""
    app = FastAPI(title="Counterfoil gateway", docs_url=None, redoc_url=None)

    @app.exception_handler(GatewayError)
    async def _refused(_: Request, error: GatewayError) -> JSONResponse:
        return _problem(422, error.code, error.detail)

    @app.post("/v1/{device}/records", status_code=201)
    async def post_record(device: str, request: Request) -> Response:
        """Take one record (application/cose); 201 with a signed promise, or a problem with the code of the refusal."""
        name = parse_device_id(device)
        raw = bytearray()
        async for piece in request.stream():
            raw += piece
            if len(raw) > MAX_RECORD_BYTES:
                return _problem(
                    413, "record_too_large", f"a record has at most {MAX_RECORD_BYTES} bytes"
                )
        peer = request.client.host if request.client else "?"
        try:
            verdict = await intake.take(Arrival(bytes(raw), name, f"https {peer}"))
        except NotCommitted as busy:
            return _problem(503, busy.code, "send it again", {"Retry-After": "1"})
        if isinstance(verdict, Stored):
            status = 200 if verdict.duplicate else 201
            return Response(intake.promise(verdict), status, media_type=_COSE)
        return _problem(409 if verdict.position else 422, verdict.code, verdict.detail)

    @app.get("/v1/{device}/receipts/{epoch}/{sequence}")
    async def get_receipt(device: str, epoch: int, sequence: int) -> Response:
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
    async def get_tile(request: Request) -> Response:
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
    async def healthz() -> Response:
        """200 while records are being committed; 503 after a commit has failed."""
        if intake.failed.is_set():
            return _problem(503, "commit_failed", "a commit has failed; see the log")
        return JSONResponse({"status": "ok", "records": store.size(), "queue_full": intake.is_full})

    @app.get("/metrics")
    async def show_metrics() -> Response:
        """Prometheus text."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _problem(
    status: int, code: str, detail: str, headers: dict[str, str] | None = None
) -> JSONResponse:
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
