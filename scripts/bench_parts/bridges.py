"""Records per second through a fleet's own broker and the bridge; `ingest` measures the gateway's own endpoint.

The broker's acknowledgement says nothing about the gateway, so the clock stops when the last record is in the gateway's
store. Devices, broker and bridge share the machine.
"""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from flood import flood, packets
from ingest import bare_per_s, signed_records
from stand import GatewayFiles, cpu_seconds, prepare_gateway, running

from counterfoil.chain.nodes.ports import free_ports

DEVICES = 16


@dataclass(frozen=True)
class _Broker:
    process: subprocess.Popen[bytes]
    device_port: int
    url: str


def measure(folder: Path, say: Callable[[str], None], records: int = 32_000) -> dict[str, object]:
    """For each broker on this machine, the rates and their ratio to bare P-256 on one core."""
    found: dict[str, object] = {}
    for name, program, start in (
        ("mosquitto", _mosquitto_program(), _mosquitto),
        ("nats", _nats_program(), _nats),
    ):
        if program is None:
            found[name] = "not installed here"
            continue
        say(f"bridges: {name}")
        files = prepare_gateway(folder / f"bridge-{name}", DEVICES)
        with ExitStack() as stack:
            broker = stack.enter_context(start(program, files))
            found[name] = _measure(stack, files, broker, records)
    return found


def _measure(
    stack: ExitStack, files: GatewayFiles, broker: _Broker, records: int
) -> dict[str, object]:
    (http_port,) = free_ports(1)
    settings = {
        "BROKER": broker.url,
        "NAME": "bench",
        "DATABASE_URL": f"sqlite:///{files.database}",
        "RECEIPT_KEY": files.folder / "receipt.pem",
        "HTTP_PORT": http_port,
    }
    bridge = stack.enter_context(
        running(
            [sys.executable, "-m", "counterfoil", "gateway", "bridge"],
            files.folder / "bridge.log",
            {f"COUNTERFOIL_BRIDGE_{name}": str(value) for name, value in settings.items()},
        )
    )
    each = records // DEVICES
    signed = signed_records(files.fleet, each)
    # NATS has a stream for the bridge only after a device was connected, and keeps only what a consumer waits for.
    _send(broker, files, [[] for _ in signed])
    _wait(files, bridge, lambda: "bridge_ready" in _log(files))
    before, cpu = bare_per_s(), cpu_seconds(bridge.pid)
    began = time.perf_counter()
    _send(broker, files, signed)
    acknowledged = time.perf_counter() - began
    with sqlite3.connect(f"file:{files.database}?mode=ro", uri=True) as db:
        _wait(files, bridge, lambda: _stored(db) >= each * DEVICES)
    took = time.perf_counter() - began
    cpu = cpu_seconds(bridge.pid) - cpu
    bare, sent = (before + bare_per_s()) / 2, each * DEVICES
    return {
        "records": sent,
        "stored_per_s": round(sent / took),
        "broker_acknowledged_per_s": round(sent / acknowledged),
        "bare_p256_per_s_one_core": round(bare),
        "stored_to_bare": round(sent / took / bare, 3),
        "bridge_cpu_us_a_record": round(cpu / sent * 1e6, 1),
    }


def _send(broker: _Broker, files: GatewayFiles, raws: list[list[bytes]]) -> None:
    sources = [
        iter(list(packets(member.device, one)))
        for member, one in zip(files.fleet, raws, strict=True)
    ]
    uvloop.run(flood(broker.device_port, files.fleet, sources))


def _stored(db: sqlite3.Connection) -> int:
    (newest,) = db.execute("SELECT max(log_index) FROM record").fetchone()
    return 0 if newest is None else int(newest) + 1


def _wait(files: GatewayFiles, bridge: subprocess.Popen[bytes], until: Callable[[], bool]) -> None:
    last = time.monotonic() + 120
    while not until():
        if bridge.poll() is not None or time.monotonic() > last:
            raise RuntimeError(_log(files)[-2_000:])
        time.sleep(0.01)


def _log(files: GatewayFiles) -> str:
    return (files.folder / "bridge.log").read_text()


# ---- the brokers


def _mosquitto_program() -> Path | None:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    return Path(program) if program else None


@contextmanager
def _mosquitto(program: Path, files: GatewayFiles) -> Iterator[_Broker]:
    """Mosquitto with the settings in the bridge's documentation."""
    folder, (devices, gateways) = files.folder, free_ports(2)
    (folder / "devices.acl").write_text(
        "pattern write v1/urn:dev:os:%u/rec\npattern read v1/urn:dev:os:%u/rcpt\n"
    )
    lines = [
        *(["user root"] if os.getuid() == 0 else []),
        "per_listener_settings true",
        "max_queued_messages 0",
        "max_inflight_messages 0",
        f"listener {devices} 127.0.0.1",
        f"cafile {folder / 'ca.pem'}",
        f"certfile {folder / 'gateway.crt'}",
        f"keyfile {folder / 'gateway.key'}",
        "require_certificate true",
        "use_identity_as_username true",
        f"acl_file {folder / 'devices.acl'}",
        f"listener {gateways} 127.0.0.1",
        "allow_anonymous true",
    ]
    (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
    command = [str(program), "-c", str(folder / "mosquitto.conf")]
    with running(command, folder / "mosquitto.log") as process:
        _wait_listening(devices, gateways)
        yield _Broker(process, devices, f"mqtt://127.0.0.1:{gateways}")


def _nats_program() -> Path | None:
    program = Path(sys.executable).parent / "nats-server"
    return program if program.exists() else None


@contextmanager
def _nats(program: Path, files: GatewayFiles) -> Iterator[_Broker]:
    """One NATS server that writes its stream to the disk before it acknowledges."""
    folder, (clients, devices) = files.folder, free_ports(2)
    (folder / "nats.conf").write_text(f"""
        server_name: bench
        listen: "127.0.0.1:{clients}"
        jetstream {{ store_dir: "{folder / "jetstream"}", sync_interval: always }}
        mqtt {{
            listen: "127.0.0.1:{devices}"
            max_ack_pending: 10000
            tls {{
                cert_file: "{folder / "gateway.crt"}"
                key_file: "{folder / "gateway.key"}"
                ca_file: "{folder / "ca.pem"}"
                verify: true
            }}
        }}
    """)
    with running([str(program), "-c", str(folder / "nats.conf")], folder / "nats.log") as process:
        _wait_listening(clients, devices)
        yield _Broker(process, devices, f"nats://127.0.0.1:{clients}")


def _wait_listening(*ports: int) -> None:
    until = time.monotonic() + 30
    for port in ports:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > until:
                raise RuntimeError(f"nobody listens on {port}")
            time.sleep(0.05)
