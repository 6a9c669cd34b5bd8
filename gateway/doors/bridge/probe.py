"""Whether an MQTT broker keeps what it acknowledges while its subscriber is away.

MQTT cannot ask a broker for its limits. So before the bridge starts, the probe leaves a session, publishes more than a
broker with ordinary limits keeps (Mosquitto: 1,000), connects again, and counts what was kept.
"""

from __future__ import annotations

import secrets
import threading
from typing import Any

from counterfoil.gateway.doors.bridge.errors import BrokerUnfitError, BrokerUnreachableError
from counterfoil.gateway.doors.bridge.mqtt_link import Broker

_WITHIN_S = 30.0
_QUIET_S = 2.0
_SESSION_S = 300


def probe_queue(broker: Broker, messages: int) -> None:
    """Check that *broker* keeps *messages* messages for an absent subscriber.

    It publishes on ``counterfoil/probe/…``, which the bridge's account must be permitted to read and write.

    Raises:
        BrokerUnreachableError: nothing responds, or the broker refuses this account.
        BrokerUnfitError: it kept fewer.
    """
    name = f"{broker.name}-probe-{secrets.token_hex(4)}"
    topic = f"counterfoil/probe/{name}"
    _Visit(broker, name).subscribe(topic)
    _Visit(broker, f"{name}-source").publish(topic, messages)
    kept = _Visit(broker, name).count(messages)
    if kept < messages:
        raise BrokerUnfitError(
            f"the broker kept {kept} of {messages} messages that it had acknowledged, while their "
            "subscriber was away: raise its queue limits (Mosquitto: max_queued_messages 0)"
        )


class _Visit:
    """One connection, for one purpose."""

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker = broker
        self._done = threading.Event()
        self._heard = threading.Event()
        self._count = 0
        self._client, self._properties = broker.client(
            name, session_s=_SESSION_S, in_flight=broker.in_flight
        )

    def subscribe(self, topic: str) -> None:
        self._client.on_subscribe = self._finish
        self._connect()
        self._client.subscribe(topic, 1)
        self._wait()

    def publish(self, topic: str, messages: int) -> None:
        self._properties.SessionExpiryInterval = 0
        self._client.max_inflight_messages_set(500)

        def published(*_: Any) -> None:
            self._count += 1
            if self._count == messages:
                self._done.set()

        self._client.on_publish = published
        self._connect()
        for number in range(messages):
            self._client.publish(topic, b"%d" % number, 1)
        self._wait()

    def count(self, messages: int) -> int:
        self._properties.SessionExpiryInterval = 0

        def heard(client: Any, _userdata: Any, message: Any) -> None:
            client.ack(message.mid, 1)
            self._count += 1
            self._heard.set()
            if self._count == messages:
                self._done.set()

        self._client.on_message = heard
        self._connect()
        while not self._done.is_set() and self._heard.wait(_QUIET_S):
            self._heard.clear()
        self._leave()
        return self._count

    def _connect(self) -> None:
        broker = self._broker
        try:
            self._client.connect(
                broker.host, broker.port, clean_start=False, properties=self._properties
            )
        except (OSError, ValueError) as failure:
            raise BrokerUnreachableError(f"{broker.host}:{broker.port}: {failure}") from failure
        self._client.loop_start()

    def _finish(self, *_: Any) -> None:
        self._done.set()

    def _wait(self) -> None:
        finished = self._done.wait(_WITHIN_S)
        self._leave()
        if not finished:
            raise BrokerUnreachableError(
                f"{self._broker.host}:{self._broker.port} does not take the probe's messages"
            )

    def _leave(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
