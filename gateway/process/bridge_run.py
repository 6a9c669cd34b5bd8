"""The bridge's root: settings become objects, and the process runs until it is stopped."""

from __future__ import annotations

import asyncio
import signal
from typing import Protocol

from counterfoil.garbage_collection import collect_seldom
from counterfoil.gateway.doors.bridge.mqtt_link import MqttLink
from counterfoil.gateway.doors.bridge.nats_link import NatsLink
from counterfoil.gateway.doors.bridge.probe import probe_queue
from counterfoil.gateway.doors.bridge.relay import Link, Receiver, Relay
from counterfoil.gateway.doors.http import create_http
from counterfoil.gateway.doors.metrics import GatewayMetrics
from counterfoil.gateway.doors.web_server import WebDoor
from counterfoil.gateway.ingest.early_verification import EarlyVerification
from counterfoil.gateway.ingest.intake import Intake
from counterfoil.gateway.ingest.pipeline import Pipeline
from counterfoil.gateway.ingest.receipt_sending import ReceiptSending
from counterfoil.gateway.ingest.signature_pool import SignaturePool
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.pki.key_file import private_key
from counterfoil.gateway.process.bridge_settings import BridgeSettings
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.logs import get_logger

log = get_logger("gateway.bridge")


class _RunningLink(Link, Protocol):
    async def start(self, receiver: Receiver) -> None: ...
    async def stop(self) -> None: ...


def _link(settings: BridgeSettings) -> _RunningLink:
    if settings.is_nats:
        return NatsLink(settings.nats_cluster())
    return MqttLink(settings.mqtt_broker())


async def serve_bridge(settings: BridgeSettings) -> None:
    """Run the bridge until SIGTERM or SIGINT; then commit and acknowledge queued records, and disconnect.

    Raises:
        BridgeError: the settings are wrong, or the broker is unreachable or unfit.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if not settings.is_nats and settings.probe:
        await asyncio.to_thread(probe_queue, settings.mqtt_broker(), settings.probe)
    store = open_store(settings.database_url)
    metrics = GatewayMetrics()
    receipts = ReceiptSigner(settings.log_origin, private_key(settings.receipt_key))
    receipting = ReceiptSending(store, receipts, settings.tiles) if settings.tiles else None
    pipeline = Pipeline(store)
    pool = None
    if settings.verify_processes != 0:
        pool = SignaturePool(settings.verify_processes, silent_s=settings.verify_silent_s)
        await pool.start()
    intake = Intake(
        pipeline.process,
        receipts,
        check=EarlyVerification(pipeline, pool).check if pool else None,
        promise_within_s=settings.promise_within_s,
        observer=metrics,
        stored=receipting.note if receipting else None,
        stalled_after_s=settings.stalled_after_s,
    )
    intake.start()
    link = _link(settings)
    relay = Relay(intake, link, store, settings.gap_within_s)
    tasks = [asyncio.create_task(relay.run())]
    if receipting:
        tasks.append(asyncio.create_task(receipting.run()))
    web = create_http(
        intake,
        store,
        receipts,
        metrics,
        settings.tiles,
        pool=pool,
        disks=settings.disks,
    )
    door = WebDoor(
        app=web, host=settings.host, port=settings.http_port, limits=settings.peer_limits
    )
    try:
        starting = asyncio.create_task(link.start(relay))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            collect_seldom()
            log.info("bridge_ready", broker=settings.broker, http=settings.http_port)
            await stopping
        starting.cancel()
        stopping.cancel()
    finally:
        await intake.stop()
        await link.stop()
        for task in tasks:
            task.cancel()
        if pool:
            await pool.stop()
        await door.stop()
    log.info("bridge_stopped", records=store.size())
