"""The gateway over HTTP: records from devices without MQTT, receipts, the log's tiles, health and metrics.

Rules that this module keeps:

- The device in the path must be the record's issuer. Over TLS the client certificate must name it too.
- Without TLS, on the loopback or behind a proxy that ends TLS, a record's own signature authenticates it.
- Refusals are kept with their reason, up to a quota of each device or, without TLS, of each address.
- Everybody may read receipts and tiles.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from counterfoil.alarm import Alarm
from counterfoil.fault import STORE_UNREADABLE
from counterfoil.gateway.certificate.lifetime import Ending
from counterfoil.gateway.doors.client_certificate import device_of
from counterfoil.gateway.doors.limits import Limits, Quota
from counterfoil.gateway.doors.metrics import GatewayMetrics
from counterfoil.gateway.doors.problem import problem
from counterfoil.gateway.doors.watched import Watched
from counterfoil.gateway.errors import (
    INTAKE_STALLED,
    METHOD_NOT_ALLOWED,
    NOT_ANCHORED,
    NOT_AUTHORISED,
    NOT_COMMITTED,
    QUOTA_EXCEEDED,
    REQUEST_NOT_FOUND,
    REQUEST_REFUSED,
    GatewayError,
    IdentityError,
    ProofError,
    RecordTooLargeError,
    StoreBehindError,
)
from counterfoil.gateway.ingest.intake import Intake, NotCommitted
from counterfoil.gateway.ingest.pipeline import Arrival, Stored
from counterfoil.gateway.ingest.signature_pool import SignaturePool
from counterfoil.gateway.log.merkle import (
    EMPTY_ROOT,
    hash_leaf,
    inclusion_proof,
    verify_inclusion,
)
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.log.tile_format import CHECKPOINT_PATH, LOG_KEY_PATH
from counterfoil.gateway.logfiles.tiles import TileReader, read_folder, read_size
from counterfoil.gateway.record.identity import DeviceId, parse_device_id
from counterfoil.gateway.record.signed_record import MAX_RECORD_BYTES
from counterfoil.gateway.store.gateway_store import GatewayStore

_COSE = "application/cose"
_TEXTS = (CHECKPOINT_PATH, LOG_KEY_PATH)
_OF_HTTP = {404: REQUEST_NOT_FOUND, 405: METHOD_NOT_ALLOWED}


def create_http(
    intake: Intake,
    store: GatewayStore,
    receipts: ReceiptSigner,
    metrics: GatewayMetrics,
    tiles: Path | None,
    *,
    is_revoked: Callable[[int], bool] | None = None,
    refusals: Quota[str] | None = None,
    read_endings: Callable[[], Sequence[Ending]] = list,
    pool: SignaturePool | None = None,
    disks: Sequence[Path] = (),
) -> Starlette:
    """Return the HTTP application of one gateway; *is_revoked* is for a door over TLS, which asks for certificates.

    *read_endings* says until when what TLS needs is in force; the room on *disks* is watched.
    """
    quota = refusals or Quota(Limits().refusals_at_once, Limits().refusals_a_minute)
    records = _Records(intake, quota, is_revoked)
    published = _Published(store, receipts, tiles)
    watched = Watched(intake, pool, disks, read_endings)
    health = _Health(intake, store, shown=metrics, watched=watched)
    return Starlette(
        routes=[
            Route("/v1/{device}/records", records.post, methods=["POST"]),
            Route("/v1/{device}/receipts/{epoch:int}/{sequence:int}", published.receipt),
            Route("/checkpoint", published.tile),
            Route("/log-key", published.tile),
            Route("/tile/{path:path}", published.tile),
            Route("/healthz", health.healthz),
            Route("/metrics", health.metrics),
        ],
        exception_handlers={GatewayError: _refused, HTTPException: _not_served},
    )


@dataclass(frozen=True)
class _Records:
    """Takes records."""

    intake: Intake
    quota: Quota[str]
    is_revoked: Callable[[int], bool] | None

    async def post(self, request: Request) -> Response:
        """Take one record (application/cose); return 201 and a signed promise, or a problem with the refusal's code."""
        name = parse_device_id(request.path_params["device"])
        peer = request.client.host if request.client else "?"
        if self.is_revoked is not None:
            certified = _certified_device(request, self.is_revoked)
            if certified != name:
                return problem(
                    401 if certified is None else 403,
                    NOT_AUTHORISED,
                    f"records of {name} are taken with its client certificate",
                )
        who = peer if self.is_revoked is None else name
        if self.quota.is_spent(who, time.monotonic()):
            return problem(
                status=429,
                code=QUOTA_EXCEEDED,
                detail="too many refusals: wait",
                headers={"Retry-After": "60"},
            )
        raw = bytearray()
        async for piece in request.stream():
            raw += piece
            if len(raw) > MAX_RECORD_BYTES:
                self.quota.spend(who, time.monotonic())
                return problem(
                    413, RecordTooLargeError.code, f"a record has at most {MAX_RECORD_BYTES} bytes"
                )
        try:
            verdict = await self.intake.take(Arrival(bytes(raw), name, f"https {peer}"))
        except NotCommitted as busy:
            return problem(
                status=503, code=busy.code, detail="send it again", headers={"Retry-After": "1"}
            )
        if isinstance(verdict, Stored):
            status = 200 if verdict.duplicate else 201
            return Response(self.intake.promise(verdict), status, media_type=_COSE)
        self.quota.spend(who, time.monotonic())
        more = {} if verdict.expected is None else {"expected": list(verdict.expected)}
        return problem(409 if verdict.position else 422, verdict.code, verdict.detail, more=more)


@dataclass(frozen=True)
class _Published:
    """Serves what everybody may read: receipts, and the log's tiles."""

    store: GatewayStore
    receipts: ReceiptSigner
    tiles: Path | None

    def receipt(self, request: Request) -> Response:
        """Return a COSE receipt for one record, once the published log holds it."""
        asked = request.path_params
        device, epoch, sequence = asked["device"], asked["epoch"], asked["sequence"]
        found = self.store.find(parse_device_id(device), epoch, sequence)
        if found is None:
            return problem(404, REQUEST_NOT_FOUND, f"{device} has no record {epoch}/{sequence}")
        size, root = read_size(self.tiles) if self.tiles else (0, EMPTY_ROOT)
        if self.tiles is None or found[0] >= size:
            return problem(
                status=404,
                code=NOT_ANCHORED,
                detail="the record is stored and waits for the next head",
                headers={"Retry-After": "2"},
            )
        path = inclusion_proof(found[0], size, TileReader(read_folder(self.tiles), size).read)
        try:
            verify_inclusion(found[0], size, leaf_hash=hash_leaf(found[1]), proof=path, root=root)
        except ProofError:  # the store was put back from an older copy, and took others since
            return problem(503, StoreBehindError.code, "the log has another record at this place")
        signed = self.receipts.sign_root(size, root)
        return Response(signed.receipt(found[0], path), media_type=_COSE)

    def tile(self, request: Request) -> Response:
        """Return one of the log's static files (C2SP tlog-tiles)."""
        name = request.url.path.lstrip("/")
        file = (self.tiles / name).resolve() if self.tiles else None
        if (
            file is None
            or self.tiles is None
            or not file.is_relative_to(self.tiles.resolve())
            or not file.is_file()
        ):
            return problem(404, REQUEST_NOT_FOUND, f"there is no {name}")
        kept = (
            "no-cache" if name in _TEXTS or ".p/" in name else "public, max-age=31536000, immutable"
        )
        kind = "text/plain; charset=utf-8" if name in _TEXTS else "application/octet-stream"
        return FileResponse(file, media_type=kind, headers={"Cache-Control": kept})


@dataclass(frozen=True)
class _Health:
    """Serves the operator: health and metrics."""

    intake: Intake
    store: GatewayStore
    shown: GatewayMetrics
    watched: Watched

    def healthz(self, _: Request) -> Response:
        """Return 200 while records are committed; 503 when they are not, or the store is away.

        ``ends`` says until when certificates and list are in force, ``alarms`` what somebody must see to.
        """
        found = self.watched.look()
        said = {"alarms": [one.to_json() for one in found.alarms]}
        for alarm in found.alarms:
            if alarm.code in (NOT_COMMITTED, INTAKE_STALLED):
                return problem(503, alarm.code, alarm.detail, more=said)
        try:
            records = self.store.size()
        except DBAPIError as failure:
            why = str(failure.orig)
            told = Alarm(STORE_UNREADABLE, why, "store")
            return problem(
                status=503,
                code=told.code,
                detail=why,
                more={"alarms": [*said["alarms"], told.to_json()]},
            )
        return JSONResponse(
            {
                "status": "ok",
                "records": records,
                "queue_full": self.intake.is_full,
                "workers_replaced": found.replaced,
                "ends": {one.name: one.ends_at and one.ends_at.isoformat() for one in found.ends},
                **said,
            }
        )

    def metrics(self, _: Request) -> Response:
        """Return Prometheus text."""
        found = self.watched.look()
        self.shown.ends(found.ends)
        self.shown.alarms(found.alarms, found.replaced)
        return Response(generate_latest(self.shown.registry), media_type=CONTENT_TYPE_LATEST)


async def _refused(_: Request, error: Exception) -> Response:
    if not isinstance(error, GatewayError):
        raise error
    return problem(422, error.code, error.detail)


async def _not_served(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = _OF_HTTP.get(error.status_code, REQUEST_REFUSED)
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return problem(
        status=error.status_code, code=code, detail=detail, headers=dict(error.headers or {})
    )


def _certified_device(request: Request, is_revoked: Callable[[int], bool]) -> DeviceId | None:
    """Return the device that the client certificate of *request* names; None without one, or when it is revoked."""
    certificate = request.scope.get("client_certificate")
    if not certificate or is_revoked(int(certificate["serialNumber"], 16)):
        return None
    try:
        return device_of(certificate)
    except IdentityError:
        return None
