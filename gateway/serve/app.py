"""Where the gateway's settings become objects, and the process lives and ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
from pathlib import Path

import structlog
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from counterfoil.gateway.ingest.pipeline import Pipeline
from counterfoil.gateway.mqtt.limits import Limits
from counterfoil.gateway.mqtt.server import IngestServer
from counterfoil.gateway.receipt import ReceiptSigner
from counterfoil.gateway.serve.http import create_http
from counterfoil.gateway.serve.metrics import GatewayMetrics
from counterfoil.gateway.serve.settings import GatewaySettings
from counterfoil.gateway.store import open_store

log = structlog.get_logger("gateway")

_CRL_LOOK_S = 1.0


def device_tls(settings: GatewaySettings) -> ssl.SSLContext:
    """TLS 1.2 or newer that takes only clients with a certificate of the device CA, not revoked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    context.load_verify_locations(settings.device_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    # Devices keep one connection open; tickets would only cost memory.
    context.num_tickets = 0
    if settings.crl is not None:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        context.load_verify_locations(settings.crl)
    return context


async def serve(settings: GatewaySettings) -> None:
    """Run the gateway until SIGTERM or SIGINT; then commit and acknowledge what is here, and close."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = open_store(settings.database_url)
    metrics = GatewayMetrics()
    receipts = ReceiptSigner(settings.log_origin, _private_key(settings.receipt_key))
    server = IngestServer(
        Pipeline(store).process,
        receipts,
        limits=Limits(
            in_flight=settings.in_flight,
            connections=settings.connections,
            refusals_at_once=settings.refusals_at_once,
            refusals_a_minute=settings.refusals_a_minute,
        ),
        queue=settings.queue,
        batch=settings.batch,
        promise_within_s=settings.promise_within_s,
        observer=metrics,
    )
    tls = device_tls(settings)
    await server.start(settings.host, settings.mqtt_port, tls)
    web = uvicorn.Server(
        uvicorn.Config(
            create_http(server.intake, store, receipts, metrics, settings.tiles),
            host=settings.host,
            port=settings.http_port,
            log_level="warning",
            timeout_graceful_shutdown=5,
        )
    )
    # This process has its own handlers, and uvicorn would take them over.
    web.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    serving = asyncio.create_task(web.serve())
    crl = asyncio.create_task(_follow_crl(tls, settings.crl))
    log.info("gateway_ready", mqtt=server.port, http=settings.http_port, records=store.size())
    await stop.wait()
    await server.stop()
    web.should_exit = True
    await serving
    crl.cancel()
    log.info("gateway_stopped", records=store.size())


async def _follow_crl(tls: ssl.SSLContext, path: Path | None) -> None:
    """Take a newer revocation list into the running TLS context when the file changes."""
    seen = path.stat().st_mtime_ns if path else 0
    while path is not None:
        await asyncio.sleep(_CRL_LOOK_S)
        try:
            now = path.stat().st_mtime_ns
            if now != seen:
                tls.load_verify_locations(path)
                seen = now
                log.info("crl_read")
        except (OSError, ssl.SSLError) as failure:
            log.warning("crl_not_read", why=str(failure))


def _private_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path} is no elliptic-curve key")
    return key
