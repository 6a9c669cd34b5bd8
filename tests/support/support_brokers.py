"""Real brokers for tests: Mosquitto with TLS and access lists, NATS servers alone or as a cluster."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support_gateway import ORIGIN, Site, free_port
from support_waiting import wait_until

_LOOPBACK = "127.0.0.1"


def answers(port: int) -> bool:
    """Whether somebody listens on *port*."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((_LOOPBACK, port)) == 0


class Child:
    """A process of the tests' own, whose output goes to a file."""

    def __init__(self, command: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self._command, self._log, self._env = command, log, env
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return at once."""
        with self._log.open("ab") as out:
            self.process = subprocess.Popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, env=self._env
            )

    def log(self) -> str:
        """What it has written."""
        return self._log.read_text(errors="replace")[-4_000:]

    def kill(self) -> None:
        """End it at once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def stop(self) -> None:
        """End it as an operator does, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()


class Mosquitto:
    """Mosquitto: devices over TLS with their certificates, gateways in clear on another listener."""

    def __init__(self, site: Site, *settings: str) -> None:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if program is None:
            pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
        self.device_port, self.gateway_port = free_port(), free_port()
        folder = site.folder / "mosquitto"
        folder.mkdir()
        (folder / "devices.acl").write_text(
            "pattern write v1/urn:dev:os:%u/rec\npattern read v1/urn:dev:os:%u/rcpt\n",
            encoding="utf-8",
        )
        lines = [
            "per_listener_settings true",
            *(settings or ("max_queued_messages 0", "max_inflight_messages 0")),
            f"listener {self.device_port} {_LOOPBACK}",
            f"cafile {site.server_ca}",
            f"certfile {site.folder / 'gateway.crt'}",
            f"keyfile {site.folder / 'gateway.key'}",
            f"crlfile {site.folder / 'crls.pem'}",
            "require_certificate true",
            "use_identity_as_username true",
            f"acl_file {folder / 'devices.acl'}",
            f"listener {self.gateway_port} {_LOOPBACK}",
            "allow_anonymous true",
        ]
        lines = [line for line in lines if not line.startswith("crlfile")]
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        for path in (folder, *folder.iterdir()):
            path.chmod(0o755)
        command = [program, "-c", str(folder / "mosquitto.conf")]
        if os.getuid() == 0:
            (folder / "mosquitto.conf").write_text(
                "user root\n" + (folder / "mosquitto.conf").read_text()
            )
        self._child = Child(command, folder / "mosquitto.log")

    def __enter__(self) -> Mosquitto:
        self._child.start()
        wait_until(lambda: answers(self.gateway_port) and answers(self.device_port), self.log)
        return self

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def log(self) -> str:
        """What it has written."""
        return self._child.log()


class NatsServers:
    """*count* NATS servers with JetStream and MQTT over TLS; a cluster when there are several."""

    def __init__(self, site: Site, count: int = 1) -> None:
        program = Path(sys.executable).parent / "nats-server"
        if not program.exists():
            pytest.skip("no nats-server beside this Python (it is in the dev requirements)")
        self.ports = [free_port() for _ in range(count)]
        self.mqtt_ports = [free_port() for _ in range(count)]
        routes = [free_port() for _ in range(count)]
        self._children: list[Child] = []
        for at in range(count):
            folder = site.folder / f"nats-{at}"
            folder.mkdir()
            text = f"""
                server_name: n{at}
                listen: "{_LOOPBACK}:{self.ports[at]}"
                jetstream {{ store_dir: "{folder / "jetstream"}", sync_interval: always }}
                mqtt {{
                    listen: "{_LOOPBACK}:{self.mqtt_ports[at]}"
                    max_ack_pending: 10000
                    tls {{
                        cert_file: "{site.folder / "gateway.crt"}"
                        key_file: "{site.folder / "gateway.key"}"
                        ca_file: "{site.server_ca}"
                        verify: true
                    }}
                }}
            """
            if count > 1:
                others = ", ".join(f'"nats://{_LOOPBACK}:{port}"' for port in routes)
                text += f"""
                    cluster {{ name: fleet, listen: "{_LOOPBACK}:{routes[at]}", routes: [{others}] }}
                """
            (folder / "nats.conf").write_text(text, encoding="utf-8")
            command = [str(program), "-c", str(folder / "nats.conf")]
            self._children.append(Child(command, folder / "nats.log"))

    @property
    def url(self) -> str:
        """All servers, as the bridge is given them."""
        return ",".join(f"nats://{_LOOPBACK}:{port}" for port in self.ports)

    def __enter__(self) -> NatsServers:
        for child in self._children:
            child.start()
        for port in (*self.ports, *self.mqtt_ports):
            wait_until(lambda port=port: answers(port), self.log)  # type: ignore[misc]
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            child.stop()

    def kill(self, at: int) -> None:
        """End server *at* at once."""
        self._children[at].kill()

    def log(self) -> str:
        """What the servers have written."""
        return "\n".join(child.log()[-1_500:] for child in self._children)


class BridgeProcess(Child):
    """``counterfoil gateway bridge`` as a process of its own."""

    def __init__(self, site: Site, broker: str, name: str, **settings: Any) -> None:
        self.http_port = free_port()
        values = {
            "broker": broker,
            "name": name,
            "database_url": site.database_url,
            "receipt_key": site.folder / "receipt.pem",
            "log_origin": ORIGIN,
            "http_port": self.http_port,
            "verify_processes": 0,
            "probe": 0,
            **settings,
        }
        env = dict(os.environ) | {
            f"COUNTERFOIL_BRIDGE_{key.upper()}": str(value) for key, value in values.items()
        }
        command = [sys.executable, "-m", "counterfoil", "gateway", "bridge"]
        super().__init__(command, site.folder / f"bridge-{name}.log", env)
        self._ready = 0

    def start_and_wait(self) -> None:
        """Start it, and return when it reads from the broker."""
        self._ready += 1
        self.start()
        wait_until(self._is_ready, self.log)

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        return self._log.read_text(errors="replace").count("bridge_ready") >= self._ready


@contextmanager
def bridges(
    site: Site, broker: str, count: int = 1, **settings: Any
) -> Iterator[list[BridgeProcess]]:
    """*count* gateways that share the records of *broker*."""
    started = [BridgeProcess(site, broker, f"gateway-{at}", **settings) for at in range(count)]
    try:
        for one in started:
            one.start_and_wait()
        yield started
    finally:
        for one in started:
            one.stop()
