"""The bridge's connection to an MQTT 5 broker, such as Mosquitto: a persistent session and manual acknowledgement.

Rules that this module keeps:

- PUBACK goes to the broker when the relay acknowledges the message, not when it arrives.
- The broker keeps the session: it delivers again what this process did not acknowledge.
- paho's thread only hands messages over; all else happens in the event loop's thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from counterfoil.gateway.doors.bridge.errors import (
    BrokerUnfitError,
    BrokerUnreachableError,
    NotPermittedError,
)
from counterfoil.gateway.doors.bridge.relay import Receiver
from counterfoil.gateway.record.downlink import receipt_topic
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.logs import get_logger

log = get_logger("gateway.bridge")

_CONNECT_WITHIN_S = 20.0
_KEEP_ALIVE_S = 30


@dataclass(frozen=True)
class Broker:
    """An MQTT broker's address and the bridge's account there; without *ca_file* the connection has no TLS."""

    host: str
    port: int
    name: str
    group: str = "counterfoil"
    ca_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    username: str | None = None
    password: str | None = None
    in_flight: int = 1_000
    session_s: int = 604_800

    def client(
        self, name: str, *, session_s: int, in_flight: int
    ) -> tuple[mqtt.Client, Properties]:
        """Return a client called *name*, not connected, and the properties to connect it with."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, name, protocol=mqtt.MQTTv5, manual_ack=True
        )
        client.max_queued_messages_set(0)
        if self.ca_file is not None:
            context = ssl.create_default_context(cafile=str(self.ca_file))
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
            client.tls_set_context(context)
        if self.username is not None:
            client.username_pw_set(self.username, self.password)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = session_s
        properties.ReceiveMaximum = in_flight
        return client, properties

    @property
    def record_filter(self) -> str:
        """Return the filter that all gateways of a group share: each record goes to one of them."""
        return f"$share/{self.group}/v1/+/rec"


@dataclass(frozen=True, slots=True)
class _Delivered:
    """A message by its packet identifier, which is valid in the connection *session* only."""

    session: int
    mid: int


class MqttLink:
    """One connection to *broker*."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._receiver: Receiver | None = None
        self._loop = asyncio.get_running_loop()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._client, self._properties = broker.client(
            broker.name, session_s=broker.session_s, in_flight=broker.in_flight
        )
        self._session = 0
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    async def start(self, receiver: Receiver) -> None:
        """Connect and subscribe; *receiver* takes what is delivered.

        Raises:
            BrokerUnreachableError: nothing responds, or the broker refuses this account.
            BrokerUnfitError: the broker has no shared subscriptions, no QoS 1, or keeps no session.
            NotPermittedError: it does not let this account read the records.
        """
        self._receiver = receiver
        broker = self._broker
        try:
            await asyncio.to_thread(
                self._client.connect,
                broker.host,
                broker.port,
                _KEEP_ALIVE_S,
                clean_start=False,
                properties=self._properties,
            )
        except (OSError, ValueError) as failure:
            raise BrokerUnreachableError(f"{broker.host}:{broker.port}: {failure}") from failure
        self._client.loop_start()
        try:
            await asyncio.wait_for(self._subscribed, _CONNECT_WITHIN_S)
        except TimeoutError as late:
            raise BrokerUnreachableError(
                f"{broker.host}:{broker.port} did not answer in {_CONNECT_WITHIN_S:.0f} s"
            ) from late

    async def stop(self) -> None:
        """Disconnect; the broker keeps the session, and in it what is not acknowledged."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    # ---- what the relay calls

    def acknowledge(self, message: object) -> None:
        """Send the PUBACK of *message*, unless its connection is gone: then the broker delivers it again."""
        if isinstance(message, _Delivered) and message.session == self._session:
            self._client.ack(message.mid, 1)

    def publish(self, device: DeviceId, message: bytes) -> None:
        """Put *message* on the receipt topic, at QoS 1."""
        self._client.publish(receipt_topic(device), message, qos=1)

    def deliver_again(self, messages: Sequence[object]) -> None:
        """Break the connection: in the next one the broker delivers again what was not acknowledged."""
        del messages
        self._break()

    def _break(self) -> None:
        """Break the connection; paho makes another one after a pause."""
        transport = self._client.socket()
        if transport is not None:
            with contextlib.suppress(OSError):
                cast("socket.socket", transport).shutdown(socket.SHUT_RDWR)

    # ---- in paho's thread

    def _on_connect(
        self, client: mqtt.Client, _u: Any, flags: Any, reason: ReasonCode, properties: Any
    ) -> None:
        if reason.is_failure:
            self._fail(BrokerUnreachableError(f"the broker refuses {self._broker.name}: {reason}"))
            return
        missing = self._what_is_missing(properties)
        if missing:
            self._fail(BrokerUnfitError("; ".join(missing)))
            return
        self._call(self._new_session, int(flags.session_present))
        client.subscribe(self._broker.record_filter, qos=1)

    def _what_is_missing(self, properties: Any) -> list[str]:
        """Return what the broker's CONNACK rules out; what it does not mention is there (MQTT 5, 3.2.2.3)."""
        session_s = self._broker.session_s
        missing = []
        if getattr(properties, "SharedSubscriptionAvailable", 1) != 1:
            missing.append("no shared subscriptions")
        if getattr(properties, "MaximumQoS", 2) < 1:
            missing.append("no QoS 1")
        if getattr(properties, "SessionExpiryInterval", session_s) < session_s:
            missing.append(f"sessions end before {session_s} s")
        return missing

    def _on_subscribe(
        self, _c: mqtt.Client, _u: Any, _mid: int, reasons: list[ReasonCode], _p: Any
    ) -> None:
        if reasons[0].is_failure or reasons[0].value != 1:
            self._fail(NotPermittedError(f"{self._broker.record_filter}: {reasons[0]}"))
        else:
            self._call(self._is_ready)

    def _on_disconnect(
        self, _c: mqtt.Client, _u: Any, _flags: Any, reason: ReasonCode, _p: Any
    ) -> None:
        log.info("broker_disconnected", reason=str(reason))

    def _on_message(self, _c: mqtt.Client, _u: Any, message: mqtt.MQTTMessage) -> None:
        self._call(self._deliver, message.topic, message.payload, message.mid)

    def _fail(self, error: Exception) -> None:
        def fail() -> None:
            if not self._subscribed.done():
                self._subscribed.set_exception(error)
            else:  # a broker that has lost a server or a session may recover soon
                log.error("broker_refuses", why=str(error))
                self._break()

        self._call(fail)

    def _call(self, what: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *arguments)

    # ---- in the event loop's thread

    def _new_session(self, was_kept: int) -> None:
        self._session += 1
        log.info("broker_connected", broker=self._broker.host, session_kept=bool(was_kept))
        if self._receiver is not None:
            self._receiver.forget()

    def _is_ready(self) -> None:
        if not self._subscribed.done():
            self._subscribed.set_result(None)

    def _deliver(self, topic: str, payload: bytes, mid: int) -> None:
        if self._receiver is not None:
            device = topic[len("v1/") : -len("/rec")]
            self._receiver.take(device, payload, _Delivered(self._session, mid))
