"""A device over MQTT 5 or 3.1.1: it sends its outbox, with the device's certificate.

Rules kept here:

* One thread, ``run``'s, owns the outbox; the network thread only puts what it heard on a queue.
* A lost connection is made again with growing pauses, for as long as the sender runs. Records
  in flight are sent again; the gateway recognises duplicates.
* Nothing is sent before the server has granted the subscription to the receipt topic: without it the device would
  never see a promise or a refusal.
* MQTT never sends again on an open connection. So when an acknowledgement or the subscription is missing for longer
  than the answer timeout, the connection is closed and a new one made. The same happens when the server refuses the
  subscription, as a cluster that has just lost a server does for a while.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, cast

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from counterfoil.gateway.device.device import TLS_CERTIFICATE, TLS_KEY, Device
from counterfoil.gateway.device.outbox import Outbox, Retention
from counterfoil.gateway.device.tls import DeviceTls
from counterfoil.gateway.record.downlink import receipt_topic, record_topic
from counterfoil.gateway.record.identity import PublicKey

_FLUSH_EVERY = 0.1
_SUCCESS_CODES = frozenset({0, 16})  # success; success, though no one subscribes


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's address: *ca_file* holds the authorities that its certificate may be under.

    Without a *ca_file* the connection has no TLS: for a broker on the same machine only.
    """

    host: str
    port: int
    ca_file: Path | None
    mqtt_version: int = 5
    keepalive_s: int = 30


@dataclass(frozen=True, slots=True)
class _Heard:
    """An event of the network thread."""

    what: str
    mid: int = 0
    refusal: str | None = None
    data: bytes = b""
    window: int | None = None


class MqttSender:
    """Sends *device*'s journal to *endpoint*; ``run`` does the work in the calling thread."""

    def __init__(
        self,
        device: Device,
        endpoint: Endpoint,
        *,
        retention: Retention = Retention.PUBACK,
        gateway_key: PublicKey | None = None,
        window: int = 200,
        longest_pause: float = 60.0,
        answer_timeout: float = 60.0,
    ) -> None:
        self.device = device
        self.outbox = Outbox(
            device.journal,
            retention,
            gateway_key,
            window,
            longest_pause=longest_pause,
            answer_timeout=answer_timeout,
        )
        self.last_error: str | None = None
        self._endpoint = endpoint
        self._heard: SimpleQueue[_Heard] = SimpleQueue()
        self._is_greeted = False  # the server took the connection
        self._connected = False  # and granted the subscription to the receipt topic
        self._stopping = False
        self._answer_timeout = answer_timeout
        self._heard_at = time.monotonic()
        self._entry_of_mid: dict[int, int] = {}
        self._device_id = device.device_id
        self._tls: DeviceTls | None = None
        self._mqtt = self._make_client(longest_pause)

    def _make_client(self, longest_pause: float) -> mqtt.Client:
        version = mqtt.MQTTv5 if self._endpoint.mqtt_version == 5 else mqtt.MQTTv311
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=self._device_id, protocol=version
        )
        if self._endpoint.ca_file is not None:
            folder = self.device.folder
            self._tls = DeviceTls(
                folder / TLS_CERTIFICATE,
                key=folder / TLS_KEY,
                authorities=self._endpoint.ca_file,
                address=(self._endpoint.host, self._endpoint.port),
            )
            client.tls_set_context(self._tls.context)
        client.max_inflight_messages_set(65_535)
        client.max_queued_messages_set(0)
        client.reconnect_delay_set(1, max(1, int(longest_pause)))
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def run(self, *, until_done: bool = False, timeout_s: float | None = None) -> bool:
        """Send until ``stop``; with *until_done* until every record was answered.

        Returns whether everything was answered when it ended, by *timeout_s* at the latest.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._mqtt.connect_async(
            self._endpoint.host, self._endpoint.port, self._endpoint.keepalive_s
        )
        self._mqtt.loop_start()
        next_flush = time.monotonic() + _FLUSH_EVERY
        try:
            while not self._stopping:
                now = time.monotonic()
                if deadline is not None and now >= deadline:
                    break
                self._listen(0.0 if self._fill(now) else 0.02)
                self._leave_when_overdue(now)
                if now >= next_flush or self.outbox.under_way == 0:
                    self._flush()
                    next_flush = now + _FLUSH_EVERY
                    if until_done and self.outbox.is_done:
                        break
        finally:
            self._mqtt.disconnect()
            self._mqtt.loop_stop()
            self._listen(0.0)
            self._flush()
        return self.outbox.is_done

    def stop(self) -> None:
        """Make ``run`` return soon; unanswered records stay in the journal."""
        self._stopping = True

    def _fill(self, now: float) -> bool:
        """Publish what the window has room for; return whether there may be more to send now."""
        if not self._connected:
            return False
        for _ in range(64):
            entry = self.outbox.next_entry(now)
            if entry is None:
                return False
            info = self._mqtt.publish(record_topic(self._device_id), entry.raw, qos=1)
            self._entry_of_mid[info.mid] = entry.number
        return True

    def _leave_when_overdue(self, now: float) -> None:
        """Break a connection on which responses are overdue; paho makes a new one."""
        owes = bool(self.outbox.under_way) if self._connected else self._is_greeted
        if not owes:
            self._heard_at = now
        elif now - self._heard_at > self._answer_timeout:
            self._heard_at = now
            self._leave("the server owes acknowledgements")

    def _leave(self, why: str) -> None:
        self.last_error = why
        connection = self._mqtt.socket()
        if connection is not None:
            with contextlib.suppress(OSError):
                cast("socket.socket", connection).shutdown(socket.SHUT_RDWR)

    def _listen(self, wait_s: float) -> None:
        """Handle all queued events, waiting up to *wait_s* for the first."""
        try:
            heard = self._heard.get(timeout=wait_s) if wait_s else self._heard.get_nowait()
            while True:
                self._handle(heard)
                heard = self._heard.get_nowait()
        except Empty:
            return

    def _handle(self, heard: _Heard) -> None:
        self._heard_at = now = time.monotonic()
        if heard.what == "puback":
            number = self._entry_of_mid.pop(heard.mid, None)
            if number is not None:
                self.outbox.acknowledge(number, now, heard.refusal)
        elif heard.what == "message":
            self.outbox.take_message(heard.data, now)
        elif heard.what == "greeted":
            self._is_greeted = True
            if heard.window is not None:
                self.outbox.window = min(self.outbox.window, heard.window)
        elif heard.what == "subscribed":
            if heard.refusal is None:
                self._connected = True
            else:
                self._leave(
                    f"the server does not let this device hear its answers: {heard.refusal}"
                )
        else:
            self._is_greeted = self._connected = False

    def _flush(self) -> None:
        self.outbox.flush()
        if self.outbox.head is not None:
            self.device.show_head(self.outbox.head)
            self.outbox.head = None

    def _on_connect(
        self,
        client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.ConnectFlags,
        reason_code: ReasonCode,
        properties: Any,
    ) -> None:
        if reason_code.is_failure:
            self.last_error = str(reason_code)
            return
        self.last_error = None
        self._heard.put(_Heard("greeted", window=getattr(properties, "ReceiveMaximum", None)))
        client.subscribe(receipt_topic(self._device_id), qos=1)

    def _on_connect_fail(self, _client: mqtt.Client, _userdata: Any) -> None:
        self.last_error = self._why_not() or str(sys.exception() or "not connected")

    def _why_not(self) -> str | None:
        return None if self._tls is None else self._tls.explain()

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        _mid: int,
        reason_codes: list[ReasonCode],
        _properties: Any,
    ) -> None:
        refused = next((str(code) for code in reason_codes if code.is_failure), None)
        self._heard.put(_Heard("subscribed", refusal=refused))

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        _flags: mqtt.DisconnectFlags,
        reason_code: ReasonCode,
        _properties: Any,
    ) -> None:
        if reason_code.is_failure:
            self.last_error = self._why_not() or str(reason_code)
        self._heard.put(_Heard("disconnected"))

    def _on_publish(
        self,
        _client: mqtt.Client,
        _userdata: Any,
        mid: int,
        reason_code: ReasonCode,
        properties: Any,
    ) -> None:
        refusal = None
        if reason_code.value not in _SUCCESS_CODES:
            refusal = getattr(properties, "ReasonString", None) or str(reason_code)
        self._heard.put(_Heard("puback", mid=mid, refusal=refusal))

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._heard.put(_Heard("message", data=bytes(message.payload)))
