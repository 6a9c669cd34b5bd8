"""MQTT peers for tests: paho-mqtt as a device, and bare sockets for those who do not keep to the protocol."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from support_gateway import Member, Site
from support_waiting import wait_until

from counterfoil.gateway.record.downlink import Message, decode_message, receipt_topic, record_topic


class PahoPeer:
    """paho-mqtt with a member's certificate; remembers every acknowledgement and every message."""

    def __init__(
        self,
        site: Site,
        member: Member,
        port: int,
        *,
        version: int = 5,
        acknowledged: Callable[[int], None] = lambda _mid: None,
        context: ssl.SSLContext | None = None,
        keep_alive_s: int = 30,
        subscribes: bool = True,
        properties: Properties | None = None,
    ) -> None:
        self.member = member
        self.acks: dict[int, tuple[int, str]] = {}
        self.messages: list[Message] = []
        self.connect_reason: Any = None
        self.connect_properties: Any = None
        self.disconnect_reason: Any = None
        self.suback: list[int] = []
        self._acknowledged = acknowledged
        self._subscribes = subscribes
        self._lock = threading.Lock()
        protocol = mqtt.MQTTv5 if version == 5 else mqtt.MQTTv311
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            member.device,
            protocol=protocol,
            reconnect_on_failure=False,
        )
        self.client.tls_set_context(context or member.context(site))
        self.client.max_inflight_messages_set(400)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_publish = self._on_publish
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port, keep_alive_s, properties=properties)
        self.client.loop_start()

    def __enter__(self) -> PahoPeer:
        wait_until(lambda: self.connect_reason is not None or self.disconnect_reason is not None)
        if self._subscribes and self.client.is_connected():
            wait_until(lambda: bool(self.suback) or self.disconnect_reason is not None)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def publish(self, payload: bytes, topic: str | None = None, qos: int = 1) -> int:
        """Send *payload*; answers its packet identifier."""
        return self.client.publish(topic or record_topic(self.member.device), payload, qos).mid

    def wait_acks(self, count: int) -> None:
        """Return once *count* packets were acknowledged."""
        wait_until(lambda: len(self.acks) >= count, lambda: str(self.acks))

    def _on_connect(self, client: Any, _u: Any, _f: Any, reason: Any, properties: Any) -> None:
        self.connect_properties = properties
        self.connect_reason = reason
        if self._subscribes and not reason.is_failure:
            client.subscribe(receipt_topic(self.member.device), 1)

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:
        self.disconnect_reason = reason

    def _on_subscribe(self, _c: Any, _u: Any, _mid: int, reasons: Any, _p: Any) -> None:
        self.suback = [reason.value for reason in reasons]

    def _on_publish(self, _c: Any, _u: Any, mid: int, reason: Any, properties: Any) -> None:
        self._acknowledged(mid)
        with self._lock:
            self.acks[mid] = (reason.value, getattr(properties, "ReasonString", ""))

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:
        self.messages.append(decode_message(message.payload))


def remaining_length(number: int) -> bytes:
    """MQTT's variable length of *number*."""
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def text(value: str) -> bytes:
    """MQTT's UTF-8 string."""
    data = value.encode()
    return len(data).to_bytes(2) + data


def connect_packet(client_id: str = "x", level: int = 5, keep_alive_s: int = 60) -> bytes:
    """A CONNECT with a clean start."""
    body = text("MQTT") + bytes((level, 2)) + keep_alive_s.to_bytes(2)
    body += (b"\x00" if level == 5 else b"") + text(client_id)
    return b"\x10" + remaining_length(len(body)) + body


def subscribe_packet(topic: str, level: int = 5) -> bytes:
    """A SUBSCRIBE to one topic."""
    body = b"\x00\x01" + (b"\x00" if level == 5 else b"") + text(topic) + b"\x01"
    return b"\x82" + remaining_length(len(body)) + body


def publish_packet(topic: str, payload: bytes, packet_id: int, level: int = 5) -> bytes:
    """A PUBLISH at QoS 1."""
    body = text(topic) + packet_id.to_bytes(2) + (b"\x00" if level == 5 else b"") + payload
    return b"\x32" + remaining_length(len(body)) + body


def bare(site: Site, member: Member, port: int, receive_buffer: int | None = None) -> ssl.SSLSocket:
    """A TLS connection with a member's certificate, and no MQTT said yet."""
    plain = socket.socket()
    if receive_buffer is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.settimeout(20)
    plain.connect(("127.0.0.1", port))
    return member.context(site).wrap_socket(plain, server_hostname="127.0.0.1")


def is_closed_by_peer(connection: ssl.SSLSocket, most_s: float = 20.0) -> bool:
    """Whether the server closes the connection, whatever it says before."""
    connection.settimeout(most_s)
    try:
        while connection.recv(65_536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
