"""A gateway on loopback with an enrolled fleet: the real command, real certificates, a store of its own.

The registered keys are written into the store; the oracle would copy them there from the chain.
"""

from __future__ import annotations

import contextlib
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.chain.nodes.ports import free_ports
from counterfoil.gateway.certificate.enrolment import make_enrolment_request
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import create_key
from counterfoil.gateway.record.identity import DeviceId, PublicKey, parse_device_id
from counterfoil.gateway.record.verification import DeviceKey
from counterfoil.gateway.store.gateway_store import open_store


@dataclass(frozen=True)
class EnrolledDevice:
    """A device of the fleet: its signing key, and the TLS context that shows its certificate."""

    device: DeviceId
    key: ec.EllipticCurvePrivateKey
    tls: ssl.SSLContext


@dataclass(frozen=True)
class Stand:
    """A running gateway."""

    process: subprocess.Popen[bytes]
    fleet: list[EnrolledDevice]
    mqtt_port: int
    http_port: int
    database: Path
    ready_s: float

    def cpu_seconds(self) -> float:
        """CPU seconds that the gateway and its worker processes have used up to now."""
        return cpu_seconds(self.process.pid)

    def memory_bytes(self) -> int:
        """Memory of the gateway and its workers, shared pages counted once (PSS)."""
        total = 0
        for pid in _tree(self.process.pid):
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += next(
                    int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
                )
        return total * 1_024


@dataclass(frozen=True)
class GatewayFiles:
    """A gateway's files, in *folder*, and the fleet that it knows."""

    folder: Path
    database: Path
    fleet: list[EnrolledDevice]


def prepare_gateway(folder: Path, devices: int) -> GatewayFiles:
    """A device CA, the gateway's keys and certificate, and a store that knows *devices* enrolled devices."""
    folder.mkdir(parents=True, exist_ok=True)
    authority = CertificateAuthority.create(folder / "pki", "bench")
    server_key = create_key(folder / "gateway.key")
    (folder / "gateway.crt").write_bytes(
        authority.certify_server(server_key.public_key(), ["localhost", "127.0.0.1"])
    )
    (folder / "ca.pem").write_bytes(authority.chain_pem)
    create_key(folder / "receipt.pem")
    database = folder / "gateway.db"
    store = open_store(f"sqlite:///{database}")
    fleet = []
    for number in range(devices):
        device = parse_device_id(f"urn:dev:os:32473-bench{number:06}")
        tls_key = create_key(folder / f"{number}.key")
        key = ec.generate_private_key(ec.SECP256R1())
        enrolment = authority.enrol(make_enrolment_request(device, tls_key, key))
        (folder / f"{number}.crt").write_bytes(enrolment.tls_certificate)
        tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        tls.load_cert_chain(folder / f"{number}.crt", folder / f"{number}.key")
        store.put_device_key(
            DeviceKey(device, 1, PublicKey.of(key)), enrolment.record_certificate_hash
        )
        fleet.append(EnrolledDevice(device, key, tls))
    authority.close()
    store.engine.dispose()
    return GatewayFiles(folder, database, fleet)


@contextlib.contextmanager
def gateway_stand(folder: Path, devices: int) -> Iterator[Stand]:
    """A gateway over *folder* with *devices* enrolled devices. It ends with the block."""
    found = prepare_gateway(folder, devices)
    mqtt_port, http_port = free_ports(2)
    settings = {
        "DATABASE_URL": f"sqlite:///{found.database}",
        "MQTT_PORT": mqtt_port,
        "HTTP_PORT": http_port,
        "TLS_CERTIFICATE": folder / "gateway.crt",
        "TLS_KEY": folder / "gateway.key",
        "DEVICE_CA": folder / "ca.pem",
        "RECEIPT_KEY": folder / "receipt.pem",
    }
    environment = {f"COUNTERFOIL_GATEWAY_{name}": str(value) for name, value in settings.items()}
    began = time.monotonic()
    command = [sys.executable, "-m", "counterfoil", "gateway", "run"]
    with running(command, folder / "gateway.log", environment) as process:
        wait_until_healthy(f"http://127.0.0.1:{http_port}/healthz", process)
        ready = time.monotonic() - began
        yield Stand(
            process,
            found.fleet,
            mqtt_port,
            http_port=http_port,
            database=found.database,
            ready_s=ready,
        )


@contextlib.contextmanager
def running(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """*command* as a process whose output goes to *log*. It ends with the block, and is killed if it does not end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=os.environ | dict(environment or {}), stdout=out, stderr=out
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_healthy(url: str, process: subprocess.Popen[bytes], within_s: float = 60) -> None:
    """Wait until *url* returns status 200. Raises RuntimeError when *process* ends, or the time is over, before."""
    until = time.monotonic() + within_s
    with httpx.Client(timeout=1, trust_env=False) as client:
        while time.monotonic() < until:
            if process.poll() is not None:
                raise RuntimeError(f"the process ended with {process.returncode}")
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.02)
    raise RuntimeError(f"{url} does not answer")


def cpu_seconds(pid: int) -> float:
    """CPU seconds that process *pid* and its children have used up to now."""
    ticks = sum(ticks for one in _tree(pid) for ticks in _ticks(one))
    return ticks / os.sysconf("SC_CLK_TCK")


def _tree(pid: int) -> list[int]:
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _tree(int(child))
    return found


def _ticks(pid: int) -> tuple[int, int]:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0, 0
    return int(fields[11]), int(fields[12])
