"""The gateway's root: settings become objects, and the process runs until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import ssl
from functools import partial

from counterfoil.garbage_collection import collect_seldom
from counterfoil.gateway.doors.handshake import HandshakeLog, ServerContext
from counterfoil.gateway.doors.http import create_http
from counterfoil.gateway.doors.limits import Limits, Quota
from counterfoil.gateway.doors.metrics import GatewayMetrics
from counterfoil.gateway.doors.mqtt.server import IngestServer
from counterfoil.gateway.doors.reader import create_reader, reader_tls
from counterfoil.gateway.doors.web_server import WebDoor
from counterfoil.gateway.ingest.early_verification import EarlyVerification
from counterfoil.gateway.ingest.pipeline import Pipeline
from counterfoil.gateway.ingest.receipt_sending import ReceiptSending
from counterfoil.gateway.ingest.signature_pool import SignaturePool
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.logfiles.log_floor import read_floor
from counterfoil.gateway.pki.key_file import private_key
from counterfoil.gateway.pki.revocation_list import follow_crl
from counterfoil.gateway.pki.server_certificate import follow_certificate
from counterfoil.gateway.pki.upkeep import endings
from counterfoil.gateway.process.gateway_settings import GatewaySettings
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.logs import get_logger

log = get_logger("gateway")


def device_tls(settings: GatewaySettings) -> ServerContext:
    """Return TLS 1.2 or newer that takes only clients with a certificate of the device CA, not revoked."""
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    context.load_verify_locations(settings.device_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    # Devices keep one connection open; tickets would only cost memory.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    if settings.crl is not None:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        context.load_verify_locations(settings.crl)
    return context


async def serve(settings: GatewaySettings) -> None:
    """Run the gateway until SIGTERM or SIGINT; then commit and acknowledge queued records, and close."""
    _raise_open_files()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    store = open_store(settings.database_url)
    metrics = GatewayMetrics()
    receipts = ReceiptSigner(settings.log_origin, private_key(settings.receipt_key))
    receipting = ReceiptSending(store, receipts, settings.tiles) if settings.tiles else None
    floor = partial(read_floor, settings.tiles) if settings.tiles else lambda: 0
    pipeline = Pipeline(store, floor=floor)
    pool = None
    if settings.verify_processes != 0:
        pool = SignaturePool(settings.verify_processes, silent_s=settings.verify_silent_s)
        await pool.start()
    server = IngestServer(
        pipeline.process,
        receipts,
        check=EarlyVerification(pipeline, pool).check if pool else None,
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
        stored=receipting.note if receipting else None,
        stalled_after_s=settings.stalled_after_s,
    )
    contexts = [device_tls(settings)]
    await server.start(settings.host, settings.mqtt_port, contexts[0])
    read_endings = partial(endings, settings.tls_certificate, settings.device_ca, settings.crl)
    web = create_http(
        server.intake,
        store,
        receipts,
        metrics,
        settings.tiles,
        read_endings=read_endings,
        pool=pool,
        disks=settings.disks,
    )
    doors = [
        WebDoor(app=web, host=settings.host, port=settings.http_port, limits=settings.peer_limits)
    ]
    if settings.https_port is not None:
        contexts.append(device_tls(settings))
        contexts[1].verify_mode = ssl.CERT_OPTIONAL
        quota: Quota[str] = Quota(settings.refusals_at_once, settings.refusals_a_minute)
        secure = create_http(
            server.intake,
            store,
            receipts,
            metrics,
            settings.tiles,
            is_revoked=server.is_revoked,
            refusals=quota,
            read_endings=read_endings,
            pool=pool,
            disks=settings.disks,
        )
        doors.append(
            WebDoor(
                app=secure,
                host=settings.host,
                port=settings.https_port,
                tls=contexts[1],
                limits=settings.peer_limits,
            )
        )
    all_contexts = list(contexts)
    if settings.reader_port is not None and settings.readers is not None:
        tls = reader_tls(settings.tls_certificate, settings.tls_key, settings.readers)
        doors.append(
            WebDoor(
                app=create_reader(store),
                host=settings.host,
                port=settings.reader_port,
                tls=tls,
                limits=settings.peer_limits,
            )
        )
        all_contexts.append(tls)
    handshakes = HandshakeLog(observe=metrics.handshake_refused)
    for context in all_contexts:
        context.handshakes = handshakes
    following = [asyncio.create_task(receipting.run())] if receipting else []
    following.append(asyncio.create_task(handshakes.run()))
    following.append(
        asyncio.create_task(
            follow_certificate(settings.tls_certificate, settings.tls_key, all_contexts)
        )
    )
    if settings.crl is not None:
        following.append(asyncio.create_task(follow_crl(settings.crl, contexts, server.revoke)))
    collect_seldom()
    log.info("gateway_ready", mqtt=server.port, http=settings.http_port, records=store.size())
    await stop.wait()
    await server.stop()
    if pool:
        await pool.stop()
    for door in doors:
        await door.stop()
    for task in following:
        task.cancel()
    log.info("gateway_stopped", records=store.size())


def _raise_open_files() -> None:
    """Raise this process's limit of open files to what the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
