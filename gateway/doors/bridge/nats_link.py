"""The bridge's connection to NATS, whose servers speak MQTT with the devices and keep the records in JetStream.

Rules that this module keeps:

- The servers store a QoS 1 publish in the stream ``$MQTT_msgs`` before they acknowledge it to the device. The gateways
  share one durable consumer of that stream: each record goes to one of them, and stays until it is acknowledged.
- In MQTT on NATS only this is durable and can be shared: its sessions have no shared subscriptions, and another
  stream over the subject is filled after the device's acknowledgement, not before.
- No more is fetched than the bridge may hold unacknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nats
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StorageType
from nats.js.errors import APIError, NotFoundError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_fixed

from counterfoil.gateway.doors.bridge.errors import BrokerUnfitError, BrokerUnreachableError
from counterfoil.gateway.doors.bridge.relay import Receiver
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.logs import get_logger

log = get_logger("gateway.bridge")

_STREAM = "$MQTT_msgs"
_SUBJECT = "$MQTT.msgs.v1.*.rec"
_ACK_WAIT_S = 60.0
_FETCH_WAIT_S = 0.5
_MOST_A_FETCH = 500
_MOST_UNACKNOWLEDGED = 50_000
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True)
class Cluster:
    """The servers of one NATS cluster, and how many copies of a record it must keep."""

    servers: tuple[str, ...]
    name: str
    group: str = "counterfoil"
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = None
    in_flight: int = 1_000
    copies: int = 1


class NatsLink:
    """One connection to *cluster*."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._nats: Any = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._fetching: asyncio.Task[None] | None = None

    async def start(self, receiver: Receiver) -> None:
        """Connect, check the stream, and join its consumer; *receiver* takes what is delivered.

        Raises:
            BrokerUnreachableError: no server responds, or they refuse this account.
            BrokerUnfitError: there is no JetStream, or the stream would lose records.
        """
        cluster = self._cluster
        try:
            self._nats = await nats.connect(
                list(cluster.servers),
                name=cluster.name,
                user=cluster.username,
                password=cluster.password,
                tls=cluster.tls,
                max_reconnect_attempts=-1,
                reconnect_time_wait=0.5,
                connect_timeout=5,
                allow_reconnect=True,
                error_cb=_log_error,
            )
        except (NoServersError, NatsError, OSError) as failure:
            raise BrokerUnreachableError(f"{', '.join(cluster.servers)}: {failure}") from failure
        stream = self._nats.jetstream(timeout=10)
        try:
            await self._look_at(await self._stream_info(stream))
            await self._make_consumer(stream)
        except (APIError, NatsError) as failure:
            raise BrokerUnfitError(f"JetStream: {failure}") from failure
        subscription = await stream.pull_subscribe_bind(
            durable=cluster.group, stream=_STREAM, pending_msgs_limit=-1
        )
        self._fetching = asyncio.create_task(self._fetch_loop(subscription, receiver))

    async def stop(self) -> None:
        """Disconnect; what is not acknowledged goes to another gateway, or to this one later."""
        if self._fetching is not None:
            self._fetching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._fetching
        if self._jobs:
            await asyncio.wait(self._jobs, timeout=5)
        if self._nats is not None:
            await self._nats.close()

    # ---- what the relay calls

    def acknowledge(self, message: Any) -> None:
        """Acknowledge *message* to JetStream."""
        self._do(message.ack())

    def publish(self, device: DeviceId, message: bytes) -> None:
        """Put *message* on the receipt topic; the servers hand it to the device's MQTT subscription."""
        self._do(self._nats.publish(receipt_subject(device), message))

    def deliver_again(self, messages: Sequence[Any]) -> None:
        """Have *messages* delivered again, to any gateway."""
        for message in messages:
            self._do(message.nak(delay=1))

    # ---- parts

    async def _stream_info(self, stream: Any) -> Any:
        def say_once(state: RetryCallState) -> None:
            if state.attempt_number == 1:
                log.warning("waits_for_the_first_mqtt_client", stream=_STREAM)

        # The servers make the stream when the first MQTT client ever connects.
        again = AsyncRetrying(
            retry=retry_if_exception_type(NotFoundError),
            before_sleep=say_once,
            wait=wait_fixed(_LOOK_EVERY_S),
        )
        return await again(stream.stream_info, _STREAM)

    async def _look_at(self, info: Any) -> None:
        config = info.config
        wrong = []
        if config.storage != StorageType.FILE:
            wrong.append("the stream lies in memory")
        if (config.num_replicas or 1) < self._cluster.copies:
            wrong.append(f"{config.num_replicas} copies of a record, not {self._cluster.copies}")
        if config.max_msgs > 0 or config.max_bytes > 0 or config.max_age > 0:
            wrong.append("the stream drops the oldest records beyond a limit")
        if wrong:
            raise BrokerUnfitError(f"{_STREAM}: {'; '.join(wrong)}")

    async def _make_consumer(self, stream: Any) -> None:
        await stream.add_consumer(
            _STREAM,
            ConsumerConfig(
                durable_name=self._cluster.group,
                filter_subject=_SUBJECT,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=_ACK_WAIT_S,
                max_ack_pending=_MOST_UNACKNOWLEDGED,
            ),
        )

    async def _fetch_loop(self, subscription: Any, receiver: Receiver) -> None:
        while True:
            room = self._cluster.in_flight - receiver.open_count
            if room <= 0:
                await asyncio.sleep(0.01)
                continue
            try:
                messages = await subscription.fetch(min(room, _MOST_A_FETCH), timeout=_FETCH_WAIT_S)
            except (NatsTimeoutError, TimeoutError):
                continue
            except (NatsError, APIError) as failure:
                # By hand: the next turn of this loop is the next fetch, with the room that there is then.
                log.warning("fetch_failed", why=str(failure))
                await asyncio.sleep(_LOOK_EVERY_S)
                continue
            for message in messages:
                receiver.take(device_name(message.subject), message.data, message)

    def _do(self, work: Any) -> None:
        job = asyncio.ensure_future(_quietly(work))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)


def receipt_subject(device: DeviceId) -> str:
    """Return the NATS subject of ``v1/{device}/rcpt``: dots between levels, two slashes for a dot in the name."""
    return f"v1.{device.replace('.', '//')}.rcpt"


def device_name(subject: str) -> str:
    """Return the device in ``$MQTT.msgs.v1.{device}.rec``."""
    return subject.removeprefix("$MQTT.msgs.v1.").removesuffix(".rec").replace("//", ".")


async def _quietly(work: Any) -> None:
    try:
        await work
    except (NatsError, OSError) as failure:
        log.info("broker_not_told", why=str(failure))


async def _log_error(failure: Exception) -> None:
    log.info("broker_error", why=str(failure))
