"""Records through NATS: its servers speak MQTT with the devices, the gateways share a durable consumer."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from support_brokers import BridgeProcess, NatsServers, bridges
from support_gateway import SIGNER, Site, register, sales, stored
from support_mqtt import PahoPeer
from support_waiting import wait_until

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.device.outbox import Retention
from counterfoil.gateway.doors.bridge.nats_link import device_name, receipt_subject
from counterfoil.gateway.record.downlink import RefusalMessage
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def store(site: Site) -> GatewayStore:
    return open_store(site.database_url)


def client_of(site: Site, device: Device, port: int) -> MqttSender:
    """NATS speaks MQTT 3.1.1."""
    return MqttSender(
        device,
        Endpoint(host="127.0.0.1", port=port, ca_file=site.server_ca, mqtt_version=3),
        retention=Retention.PROMISE,
        gateway_key=SIGNER.public_key,
        window=50,
        longest_pause=1.0,
        answer_timeout=5.0,
    )


@pytest.mark.parametrize("serial", ["32473-vm000001", "32473.vm.1", "a..b"])
def test_a_device_keeps_its_name_through_a_subject(serial: str) -> None:
    device = parse_device_id(f"urn:dev:os:{serial}")
    subject = receipt_subject(device)
    assert subject == f"v1.{device.replace('.', '//')}.rcpt"
    assert device_name(f"$MQTT.msgs.{subject.removesuffix('.rcpt')}.rec") == device


def test_records_are_stored_and_the_promise_comes_back(site: Site, store: GatewayStore) -> None:
    device = site.enrol_device(1)
    register(store, device)
    device.append_all(Event(body, at) for at, body in enumerate(sales(300)))
    with NatsServers(site) as servers:
        bridge = BridgeProcess(site, servers.url, "gateway")
        bridge.start()
        try:
            wait_until(lambda: "waits_for_the_first_mqtt_client" in bridge.log(), bridge.log)
            client = client_of(site, device, servers.mqtt_ports[0])
            assert client.run(until_done=True, timeout_s=60), bridge.log()
        finally:
            bridge.stop()
        assert "Traceback" not in bridge.log()
    assert client.outbox.tally.promises > 0
    assert client.outbox.tally.unbelieved == 0
    assert stored(store) == {device.device_id: list(range(1, 301))}
    device.close()


def test_what_came_while_no_gateway_ran_is_kept_and_a_refusal_is_told(
    site: Site, store: GatewayStore
) -> None:
    member, other = site.enrol(1), site.enrol(2)
    register(store, member, other)
    with NatsServers(site) as servers:
        port = servers.mqtt_ports[0]
        with PahoPeer(site, member, port, version=3) as peer:
            with bridges(site, servers.url):
                pass  # the consumer is there from now on
            for raw in member.records(1_000):
                peer.publish(raw)
            peer.publish(other.records(1)[0])
            peer.wait_acks(1_001)
            assert store.size() == 0
            with bridges(site, servers.url) as (bridge,):
                wait_until(lambda: store.size() == 1_000, bridge.log)
                wait_until(lambda: any(isinstance(m, RefusalMessage) for m in peer.messages))
    assert stored(store) == {member.device: list(range(1, 1_001))}
    refusals = [m.code for m in peer.messages if isinstance(m, RefusalMessage)]
    assert refusals == ["record.issuer_mismatch"]


def test_a_cluster_loses_a_server_and_the_gateways_lose_nothing(
    site: Site, store: GatewayStore
) -> None:
    fleet = [site.enrol_device(number) for number in range(1, 4)]
    register(store, *fleet)
    for device in fleet:
        device.append_all(Event(body, at) for at, body in enumerate(sales(300)))
    with NatsServers(site, 3) as servers:
        waker = site.enrol(9)
        wait_until(lambda: is_served(site, waker, servers.mqtt_ports[2]), servers.log)
        with bridges(site, servers.url, 2, copies=3, gap_within_s=3.0) as (one, two):
            # The devices' servers stay; the one that goes may well lead the stream or the consumer.
            clients = [
                client_of(site, device, servers.mqtt_ports[1 + n % 2])
                for n, device in enumerate(fleet)
            ]
            threads = [
                threading.Thread(target=client.run, kwargs={"until_done": True, "timeout_s": 150})
                for client in clients
            ]
            try:
                for thread in threads:
                    thread.start()
                wait_until(lambda: store.size() > 150, lambda: one.log() + servers.log())
                servers.kill(0)
                for thread in threads:
                    thread.join(150)
            finally:
                for client in clients:
                    client.stop()
                for thread in threads:
                    thread.join(30)
            assert "Traceback" not in one.log() + two.log()
    assert stored(store) == {device.device_id: list(range(1, 301)) for device in fleet}
    waiting = [(c.outbox.tally, c.last_error) for c in clients if not c.outbox.is_done]
    assert not waiting, one.log() + two.log()
    for device in fleet:
        device.close()


def is_served(site: Site, member: object, port: int) -> bool:
    """Whether an MQTT client is answered: a cluster first has to choose its leaders."""
    try:
        with PahoPeer(site, member, port, version=3, subscribes=False) as peer:  # type: ignore[arg-type]
            return peer.connect_reason is not None and not peer.connect_reason.is_failure
    except (OSError, AssertionError):
        return False


def test_too_few_copies_are_refused_at_the_start(site: Site, store: GatewayStore) -> None:
    member = site.enrol(1)
    with NatsServers(site) as servers:
        with PahoPeer(site, member, servers.mqtt_ports[0], version=3):
            pass
        bridge = BridgeProcess(site, servers.url, "gateway", copies=3)
        bridge.start()
        assert bridge.process is not None
        assert bridge.process.wait(60) == 2, bridge.log()
    found = json.loads(bridge.log().strip().splitlines()[-1])
    assert found["code"] == "bridge.broker_unfit"
    assert "1 copies of a record, not 3" in found["detail"]
