"""A gateway for tests: a device CA from gateway/pki, members with certificates, the endpoint in a thread or process."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from support_record import chain, private_key
from support_waiting import wait_until

from counterfoil.chain.nodes.ports import free_ports
from counterfoil.gateway.certificate.enrolment import make_enrolment_request
from counterfoil.gateway.device.device import Device
from counterfoil.gateway.doors.limits import Limits
from counterfoil.gateway.doors.mqtt.server import IngestServer
from counterfoil.gateway.ingest.pipeline import Pipeline
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import create_key
from counterfoil.gateway.process.gateway_run import device_tls
from counterfoil.gateway.process.gateway_settings import GatewaySettings
from counterfoil.gateway.record.bodies import Body, Sale
from counterfoil.gateway.record.identity import DeviceId, PublicKey, parse_device_id
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey
from counterfoil.gateway.store.gateway_store import GatewayStore

ORIGIN = "log.example/fleet"
RECEIPT_KEY = private_key(7)
SIGNER = ReceiptSigner(ORIGIN, RECEIPT_KEY)
_PEM = serialization.Encoding.PEM


def device_name(number: int) -> DeviceId:
    """The name of the test fleet's member *number*."""
    return parse_device_id(f"urn:dev:os:32473-vm{number:06}")


def sales(count: int, first: int = 0) -> list[Body]:
    """*count* sales, each of another amount."""
    return [
        Sale(
            amount_minor=100 + number,
            currency="USD",
            payment_method="cash",
            payment_reference=None,
            lines=(
                SaleLine(
                    commodity="04012345678901", quantity=1, unit_price_minor=100 + number, slot="A1"
                ),
            ),
            commodity_scheme="gtin",
        )
        for number in range(first, first + count)
    ]


@dataclass
class Member:
    """An enrolled device: its name, its TLS files and its record key."""

    device: DeviceId
    certificate: Path
    key: Path
    record_key: ec.EllipticCurvePrivateKey
    serial: int

    def records(self, count: int) -> list[bytes]:
        """The first *count* signed records of this device."""
        return chain(sales(count), self.device, self.record_key)

    def context(self, site: Site) -> ssl.SSLContext:
        """TLS as this device does it."""
        context = ssl.create_default_context(cafile=str(site.server_ca))
        context.load_cert_chain(self.certificate, self.key)
        return context


class Site:
    """Everything that a gateway needs but the database, in *folder*: a device CA, keys, a revocation list."""

    def __init__(self, folder: Path, now: Callable[[], datetime] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.pki = CertificateAuthority.create(folder / "pki", "a passphrase for tests")
        if now is not None:
            self.pki = CertificateAuthority(folder / "pki", now)
        self.server_ca = folder / "ca.pem"
        self.server_ca.write_bytes(self.pki.chain_pem)
        key = create_key(folder / "gateway.key")
        server = CertificateAuthority(folder / "pki")
        (folder / "gateway.crt").write_bytes(
            server.certify_server(key.public_key(), ["127.0.0.1", "localhost"])
        )
        server.write_crl()
        server.close()
        (folder / "receipt.pem").write_bytes(
            RECEIPT_KEY.private_bytes(
                _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        self.database_url = f"sqlite:///{folder / 'gateway.db'}"

    def settings(self, **changes: Any) -> GatewaySettings:
        """The gateway's settings, as the command reads them from the environment."""
        return GatewaySettings(
            tls_certificate=self.folder / "gateway.crt",
            tls_key=self.folder / "gateway.key",
            device_ca=self.server_ca,
            crl=self.pki.crl_path,
            receipt_key=self.folder / "receipt.pem",
            log_origin=ORIGIN,
            **{"database_url": self.database_url, **changes},
        )

    def enrol(self, number: int, authority: CertificateAuthority | None = None) -> Member:
        """A new member of the fleet, certified by this site's CA or by *authority*."""
        folder = self.folder / f"device-{number}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        device, record_key = device_name(number), private_key(1_000 + number)
        tls_key = create_key(folder / "tls.key")
        request = make_enrolment_request(device, tls_key, record_key)
        enrolment = (authority or self.pki).enrol(request)
        (folder / "tls.crt").write_bytes(enrolment.tls_certificate)
        (folder / "record.crt").write_bytes(enrolment.record_certificate)
        serial = x509.load_pem_x509_certificate(enrolment.tls_certificate).serial_number
        return Member(
            device,
            certificate=folder / "tls.crt",
            key=folder / "tls.key",
            record_key=record_key,
            serial=serial,
        )

    def enrol_device(self, number: int) -> Device:
        """A device of the device library, enrolled, with an empty journal."""
        folder = self.folder / f"device-{number}"
        device = Device.create(folder, device_name(number), "sales")
        enrolment = self.pki.enrol(device.enrolment_request())
        (folder / "tls.crt").write_bytes(enrolment.tls_certificate)
        return device


def register(store: GatewayStore, *members: Member | Device) -> None:
    """Make the store know the record keys of *members*, as the registry would state them."""
    for member in members:
        if isinstance(member, Device):
            key = DeviceKey(member.device_id, 1, member.public_key)
        else:
            key = DeviceKey(member.device, 1, PublicKey.of(member.record_key))
        store.put_device_key(key, bytes(32))


def stored(store: GatewayStore) -> dict[DeviceId, list[int]]:
    """The sequence numbers that the log holds of each device, in the log's order."""
    found: dict[DeviceId, list[int]] = {}
    rows = store.records(0, 1_000_000)
    assert [index for index, _ in rows] == list(range(len(rows)))
    for _, raw in rows:
        record = decode(raw).record
        found.setdefault(record.device, []).append(record.sequence)
    return found


@contextmanager
def loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def endpoint(
    site: Site, store: GatewayStore, process: Any = None, limits: Limits | None = None, **more: Any
) -> Iterator[tuple[IngestServer, int]]:
    """The MQTT endpoint in a thread, with the TLS that the gateway's process has; yields it and its port."""
    with loop_in_thread() as loop:

        async def start() -> IngestServer:
            server = IngestServer(process or Pipeline(store).process, SIGNER, limits=limits, **more)
            await server.start("127.0.0.1", 0, device_tls(site.settings()))
            return server

        server = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
        try:
            yield server, server.port
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)


def free_port() -> int:
    """A port that nobody listens on now."""
    return free_ports(1)[0]


class GatewayProcess:
    """``counterfoil gateway run`` as a process of its own, which can be killed and started again."""

    def __init__(self, site: Site, **settings: Any) -> None:
        self.mqtt_port, self.http_port = free_port(), free_port()
        made = site.settings(mqtt_port=self.mqtt_port, http_port=self.http_port, **settings)
        self._env = dict(os.environ) | {
            f"COUNTERFOIL_GATEWAY_{name.upper()}": str(value)
            for name, value in made.model_dump().items()
            if value is not None
        }
        self._log = site.folder / "gateway.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its HTTP answers."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self, command: tuple[str, ...] = ("gateway", "run")) -> None:
        """Start it; it answers when this returns."""
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "counterfoil", *command],
                env=self._env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._answers, self.log)

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)

    def stop(self) -> None:
        """End it as an operator does, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def log(self) -> str:
        """What it has written."""
        return self._log.read_text(errors="replace")[-4_000:]

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        try:
            return httpx.get(f"{self.url}/healthz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


@contextmanager
def gateway_process(site: Site, **settings: Any) -> Iterator[GatewayProcess]:
    """A running gateway process, stopped at the end."""
    process = GatewayProcess(site, **settings)
    process.start()
    try:
        yield process
    finally:
        process.stop()


def utc_now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)
