"""Devices that send at full speed: MQTT 3.1.1 over TLS, with packets made beforehand, so that sending costs little.

Each device has one connection and keeps a window of packets unacknowledged. The figures count acknowledgements.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

from stand import EnrolledDevice

from counterfoil.gateway.record.downlink import record_topic
from counterfoil.gateway.record.identity import DeviceId

WINDOW = 256
_PIECE = 32


def packets(device: DeviceId, raws: Iterable[bytes]) -> Iterator[bytes]:
    """A PUBLISH at QoS 1 for each record; the packet identifiers go round from 1 to 65,535."""
    topic = record_topic(device).encode()
    head = len(topic).to_bytes(2, "big") + topic
    for at, raw in enumerate(raws):
        body = head + (at % 65_535 + 1).to_bytes(2, "big") + raw
        yield b"\x32" + bytes((len(body) & 0x7F | 0x80, len(body) >> 7)) + body


@dataclass(frozen=True)
class FloodResult:
    """The acknowledged records of a flood, and its time."""

    records: int
    seconds: float

    @property
    def per_s(self) -> float:
        return self.records / self.seconds


class _DeviceConnection(asyncio.Protocol):
    def __init__(self, member: EnrolledDevice, source: Iterator[bytes]) -> None:
        self.connected = asyncio.get_running_loop().create_future()
        self.done = asyncio.get_running_loop().create_future()
        self.acknowledged = 0
        self._source = source
        self._device = member.device.encode()
        self._sent = 0
        self._ended = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        name = self._device
        body = b"\0\4MQTT\4\2\0\x3c" + len(name).to_bytes(2, "big") + name
        self._transport.write(b"\x10" + bytes((len(body),)) + body)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        whole = len(data) & ~3
        self._rest = data[whole:]
        at = 0
        if not self.connected.done():
            if data[:4] != b"\x20\2\0\0":
                self.connected.set_exception(RuntimeError(f"CONNACK {data[:4].hex()}"))
                return
            self.connected.set_result(None)
            at = 4
        for start in range(at, whole, 4):
            self.acknowledged += 1
            expected = (self.acknowledged - 1) % 65_535 + 1
            if data[start : start + 4] != b"\x40\2" + expected.to_bytes(2, "big"):
                self.done.set_exception(RuntimeError(f"got {data[start : start + 4].hex()}"))
                return
        if at == 0:
            self.send()

    def send(self) -> None:
        """Fill the window, in pieces of whole TLS records."""
        while not self._ended and WINDOW - (self._sent - self.acknowledged) >= _PIECE:
            piece = list(islice(self._source, _PIECE))
            self._ended = len(piece) < _PIECE
            self._sent += len(piece)
            if piece:
                self._transport.write(b"".join(piece))
        if self._ended and self.acknowledged == self._sent and not self.done.done():
            self.done.set_result(None)
            self._transport.write(b"\xe0\0")
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        for waiting in (self.connected, self.done):
            if not waiting.done():
                waiting.set_exception(exc or RuntimeError("the connection was closed"))


async def flood(
    port: int, fleet: list[EnrolledDevice], sources: list[Iterator[bytes]]
) -> FloodResult:
    """Send each of *sources* from its device. The time runs from the first packet to the last acknowledgement.

    Raises:
        RuntimeError: a packet was refused or acknowledged out of order, or a connection ended.
    """
    loop = asyncio.get_running_loop()
    senders = []
    for member, source in zip(fleet, sources, strict=True):
        _, sender = await loop.create_connection(
            lambda m=member, s=source: _DeviceConnection(m, s),  # type: ignore[misc]
            "127.0.0.1",
            port,
            ssl=member.tls,
        )
        senders.append(sender)
        await sender.connected
    began = time.perf_counter()
    for sender in senders:
        sender.send()
    await asyncio.gather(*(sender.done for sender in senders))
    return FloodResult(sum(s.acknowledged for s in senders), time.perf_counter() - began)
