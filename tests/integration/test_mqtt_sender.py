"""The device's client against the gateway's own endpoint: TLS, both versions, refusals, restarts."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support_record import DEVICE, SALE, private_key

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.device.outbox import Retention
from counterfoil.gateway.doors.mqtt.server import IngestServer
from counterfoil.gateway.ingest.pipeline import Arrival, Pipeline, Verdict
from counterfoil.gateway.log.receipt import ReceiptSigner
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration
SIGNER = ReceiptSigner("log.example/fleet", private_key(7))
PEM = serialization.Encoding.PEM


class Authority:
    """A CA for one test: its own certificate, and those that it issues."""

    def __init__(self, folder: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.file = folder / "ca.crt"
        self.file.write_bytes(self.issue(self._key.public_key(), None).public_bytes(PEM))

    def issue(
        self, key: ec.EllipticCurvePublicKey, san: x509.GeneralName | None
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        subject = self._name
        if san is not None:
            subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=san is None, path_length=None), critical=True)
        )
        if san is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([san]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def server_context(self, folder: Path) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.issue(key.public_key(), x509.IPAddress(ip_address("127.0.0.1")))
        (folder / "server.crt").write_bytes(certificate.public_bytes(PEM))
        (folder / "server.key").write_bytes(
            key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.crt", folder / "server.key")
        context.load_verify_locations(self.file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


@contextmanager
def running(
    store: GatewayStore,
    tls: ssl.SSLContext,
    port: int = 0,
    process: Callable[[Sequence[Arrival]], list[Verdict]] | None = None,
) -> Iterator[int]:
    """The ingest endpoint in a thread of its own; yields its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> IngestServer:
        server = IngestServer(process or Pipeline(store).process, SIGNER)
        await server.start("127.0.0.1", port, tls)
        return server

    try:
        server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
        yield server.port
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@pytest.fixture
def store(tmp_path: Path) -> GatewayStore:
    return open_store(f"sqlite:///{tmp_path / 'gateway.db'}")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def device(tmp_path: Path, authority: Authority) -> Iterator[Device]:
    made = Device.create(tmp_path / "device", DEVICE, "sales")
    csr = made.enrolment_request().verify()
    key = csr.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    certificate = authority.issue(key, x509.UniformResourceIdentifier(DEVICE))
    (made.folder / "tls.crt").write_bytes(certificate.public_bytes(PEM))
    yield made
    made.close()


def register(store: GatewayStore, device: Device, epoch: int = 1) -> None:
    store.put_device_key(DeviceKey(DEVICE, epoch, device.public_key), bytes(32))


def stored_sequences(store: GatewayStore) -> list[tuple[int, int]]:
    records = [decode(raw).record for _, raw in store.records(0, 10_000)]
    return [(record.epoch, record.sequence) for record in records]


@pytest.mark.parametrize("version", [5, 3])
def test_every_record_arrives_once_and_in_order(
    store: GatewayStore, authority: Authority, device: Device, tmp_path: Path, version: int
) -> None:
    register(store, device)
    device.append_all(Event(SALE, at) for at in range(700))
    with running(store, authority.server_context(tmp_path)) as port:
        endpoint = Endpoint(
            host="127.0.0.1", port=port, ca_file=authority.file, mqtt_version=version
        )
        assert MqttSender(device, endpoint, window=150).run(until_done=True, timeout_s=60)
    assert stored_sequences(store) == [(1, at) for at in range(1, 701)]


def test_a_promise_is_awaited_and_believed(
    store: GatewayStore, authority: Authority, device: Device, tmp_path: Path
) -> None:
    register(store, device)
    device.append_all(Event(SALE, at) for at in range(50))
    with running(store, authority.server_context(tmp_path)) as port:
        client = MqttSender(
            device,
            Endpoint("127.0.0.1", port, authority.file),
            retention=Retention.PROMISE,
            gateway_key=SIGNER.public_key,
        )
        assert client.run(until_done=True, timeout_s=60)
    assert client.outbox.tally.promises > 0
    assert client.outbox.tally.unbelieved == 0


@pytest.mark.parametrize("version", [5, 3])
def test_refused_records_are_kept_and_accepted_once_the_key_is_registered(
    store: GatewayStore, authority: Authority, device: Device, tmp_path: Path, version: int
) -> None:
    device.append_all(Event(SALE, at) for at in range(30))
    with running(store, authority.server_context(tmp_path)) as port:
        endpoint = Endpoint(
            host="127.0.0.1", port=port, ca_file=authority.file, mqtt_version=version
        )
        client = MqttSender(device, endpoint, window=10, longest_pause=1.0)
        assert not client.run(until_done=True, timeout_s=4)
        assert client.outbox.tally.refused > 0
        assert stored_sequences(store) == []
        register(store, device)
        again = MqttSender(device, endpoint, window=10, longest_pause=1.0)
        assert again.run(until_done=True, timeout_s=60)
    assert stored_sequences(store) == [(1, at) for at in range(1, 31)]


def test_a_gateway_that_goes_away_gets_the_rest_when_it_is_back(
    store: GatewayStore, authority: Authority, device: Device, tmp_path: Path
) -> None:
    register(store, device)
    tls = authority.server_context(tmp_path)
    device.append_all(Event(SALE, at) for at in range(400))
    with running(store, tls) as port:
        client = MqttSender(
            device, Endpoint("127.0.0.1", port, authority.file), window=20, longest_pause=1.0
        )
        thread = threading.Thread(target=client.run, kwargs={"until_done": True, "timeout_s": 60})
        thread.start()
        while store.size() < 20:
            thread.join(0.01)
            assert thread.is_alive() or store.size() >= 20
    register(store, device)
    device.append_all(Event(SALE, at) for at in range(100))
    with running(store, tls, port):
        thread.join(60)
        rest = MqttSender(device, Endpoint("127.0.0.1", port, authority.file))
        assert rest.run(until_done=True, timeout_s=60)
    assert stored_sequences(store) == [(1, at) for at in range(1, 501)]


def test_a_new_epoch_is_accepted_behind_the_old_one(
    store: GatewayStore, authority: Authority, device: Device, tmp_path: Path
) -> None:
    register(store, device)
    device.append_all(Event(SALE, at) for at in range(3))
    device.begin_epoch()
    register(store, device, 2)
    device.append(SALE)
    with running(store, authority.server_context(tmp_path)) as port:
        client = MqttSender(device, Endpoint("127.0.0.1", port, authority.file))
        assert client.run(until_done=True, timeout_s=60)
    assert stored_sequences(store) == [(1, 1), (1, 2), (1, 3), (2, 1)]


def test_a_server_that_stops_acknowledging_is_left_and_asked_again(
    store: GatewayStore, authority: Authority, device: Device, tmp_path: Path
) -> None:
    """As a broker does that lost what it had taken over: the connection lives, the answers never come."""
    register(store, device)
    device.append_all(Event(SALE, at) for at in range(30))
    pipeline = Pipeline(store)
    connected: list[int] = []
    came_again = threading.Event()
    held_back: list[bool] = []

    def process(arrivals: Sequence[Arrival]) -> list[Verdict]:
        verdicts = pipeline.process(arrivals)
        if not held_back:
            held_back.append(came_again.wait(20))
        return verdicts

    with running(store, authority.server_context(tmp_path), process=process) as port:
        client = MqttSender(
            device,
            Endpoint("127.0.0.1", port, authority.file),
            longest_pause=1.0,
            answer_timeout=0.5,
        )
        on_connect = client._mqtt.on_connect
        assert on_connect is not None

        def count(*arguments: Any) -> None:
            connected.append(1)
            if len(connected) == 2:
                came_again.set()
            on_connect(*arguments)

        client._mqtt.on_connect = count
        assert client.run(until_done=True, timeout_s=60)
    assert held_back == [True]
    assert client.outbox.tally.acknowledged == 30
    assert stored_sequences(store) == [(1, at) for at in range(1, 31)]


@pytest.mark.parametrize("version", [3, 5])
@pytest.mark.parametrize("first", ["refused", "never answered"])
def test_a_server_that_does_not_let_it_hear_its_answers_is_left_and_asked_again(
    first: str,
    version: int,
    store: GatewayStore,
    authority: Authority,
    device: Device,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a broker's cluster does that has just lost a server: it takes records, and the promises reach nobody."""
    register(store, device)
    device.append_all(Event(SALE, at) for at in range(30))
    with running(store, authority.server_context(tmp_path)) as port:
        client = MqttSender(
            device,
            Endpoint(host="127.0.0.1", port=port, ca_file=authority.file, mqtt_version=version),
            retention=Retention.PROMISE,
            gateway_key=SIGNER.public_key,
            longest_pause=1.0,
            answer_timeout=0.5,
        )
        subscribe, asked = client._mqtt.subscribe, list[str]()

        def subscribe_badly(topic: str, qos: int) -> Any:
            asked.append(topic)
            if len(asked) == 1:
                return subscribe("v1/another/rcpt", qos) if first == "refused" else None
            return subscribe(topic, qos)

        monkeypatch.setattr(client._mqtt, "subscribe", subscribe_badly)
        assert client.run(until_done=True, timeout_s=60)
    assert len(asked) == 2
    assert (client.outbox.tally.sent, client.outbox.tally.promises > 0) == (30, True)
    assert stored_sequences(store) == [(1, at) for at in range(1, 31)]
