"""Latency in the process tree with its chain: from publish to PUBACK, to the receipt, to the head on the chain.

The rate is low, so that no queue is measured. "Receipt" is the moment from which the gateway returns the record's
inclusion proof; "mined" is the moment from which the contract's newest head covers the record. Both are polled every
20 ms; blocks come every second.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from flood import packets
from tree_stand import enrolled, tls_of

from counterfoil.gateway.device.device import Device
from counterfoil.gateway.record.bodies import Status
from counterfoil.up.data_folder import House, open_house
from counterfoil.up.process_tree import Tree

RATE_PER_S = 20
_LOOK_S = 0.02


def measure(
    folder: Path, say: Callable[[str], None], records: int = 400, oracles: int = 1
) -> dict[str, object]:
    """The median and the 99th percentile of each latency, in milliseconds."""
    say("latency: process tree")
    house = open_house(folder / "latency", oracles=oracles)
    with Tree(house) as tree:
        (device,) = enrolled(house, tree, 1)
        say(f"latency: {records} records, {RATE_PER_S} a second")
        watcher = _Watcher(house, tree, records)
        watcher.start()
        sent, acknowledged = _publish(house, device, records)
        watcher.join(60)
        return {
            "records": records,
            "records_per_s": RATE_PER_S,
            "publish_to_puback_ms": _percentiles(sent, acknowledged),
            "publish_to_receipt_ms": _percentiles(sent, watcher.covered(watcher.published)),
            "publish_to_mined_ms": _percentiles(sent, watcher.covered(watcher.mined)),
        }


class _Watcher(threading.Thread):
    """Records when the published tree and the contract's head have grown, and to which size."""

    def __init__(self, house: House, tree: Tree, records: int) -> None:
        super().__init__(daemon=True)
        self._gateway = httpx.Client(base_url=house.gateway_url, timeout=5, trust_env=False)
        self._client = tree.client
        self._records = records
        self.published: list[tuple[float, int]] = []
        self.mined: list[tuple[float, int]] = []

    def run(self) -> None:
        while not self._is_done():
            self._note(self.published, self._published_size())
            head = self._client.call("RecordAnchor", "latestHead")
            self._note(self.mined, int(head["size"]))
            time.sleep(_LOOK_S)

    def _is_done(self) -> bool:
        return all(seen and seen[-1][1] >= self._records for seen in (self.published, self.mined))

    def _published_size(self) -> int:
        try:
            found = self._gateway.get("/checkpoint").raise_for_status()
        except httpx.HTTPError:
            return 0
        return int(found.content.split(b"\n")[1])

    @staticmethod
    def _note(seen: list[tuple[float, int]], size: int) -> None:
        if not seen or seen[-1][1] != size:
            seen.append((time.perf_counter(), size))

    def covered(self, seen: list[tuple[float, int]]) -> list[float]:
        """For each record, the time when *seen* first covered it."""
        return [next(at for at, size in seen if size > number) for number in range(self._records)]


def _publish(house: House, device: Device, records: int) -> tuple[list[float], list[float]]:
    """The times when each record was sent and when it was acknowledged."""
    raws = [device.append(Status("running")) for _ in range(records)]
    sent: list[float] = []
    acknowledged: list[float] = []
    name = device.device_id.encode()
    connect = b"\0\4MQTT\4\2\0\x3c" + len(name).to_bytes(2, "big") + name
    with (
        socket.create_connection(("127.0.0.1", house.ports["mqtt"])) as plain,
        tls_of(device).wrap_socket(plain, server_hostname="127.0.0.1") as line,
    ):
        line.sendall(b"\x10" + bytes((len(connect),)) + connect)
        if _exactly(line, 4) != b"\x20\2\0\0":
            raise RuntimeError("no CONNACK")
        began = time.perf_counter()
        for number, packet in enumerate(packets(device.device_id, raws)):
            time.sleep(max(0.0, began + number / RATE_PER_S - time.perf_counter()))
            sent.append(time.perf_counter())
            line.sendall(packet)
            _exactly(line, 4)
            acknowledged.append(time.perf_counter())
    return sent, acknowledged


def _exactly(line: ssl.SSLSocket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        piece = line.recv(size - len(read))
        if not piece:
            raise RuntimeError("the gateway closed the connection")
        read += piece
    return read


def _percentiles(begins: list[float], ends: list[float]) -> dict[str, float]:
    waits = sorted((end - begin) * 1_000 for begin, end in zip(begins, ends, strict=True))
    return {
        "p50": round(waits[len(waits) // 2], 1),
        "p99": round(waits[min(len(waits) - 1, len(waits) * 99 // 100)], 1),
        "max": round(waits[-1], 1),
    }
