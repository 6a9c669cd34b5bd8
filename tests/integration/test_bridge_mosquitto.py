"""Records through Mosquitto: a device keeps its journal until the gateway's own signature answers for it."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode
from support_brokers import BridgeProcess, Mosquitto, bridges
from support_gateway import SIGNER, Site, register, sales, stored
from support_mqtt import PahoPeer
from support_waiting import wait_until

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.device.outbox import Retention
from counterfoil.gateway.doors.bridge.mqtt_link import Broker, MqttLink
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.process.bridge_settings import BridgeSettings, SettingsError
from counterfoil.gateway.record.downlink import RefusalMessage
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def store(site: Site) -> GatewayStore:
    return open_store(site.database_url)


def client_of(
    site: Site, device: Device, port: int, retention: Retention, **more: float
) -> MqttSender:
    return MqttSender(
        device,
        Endpoint("127.0.0.1", port, site.server_ca),
        retention=retention,
        gateway_key=SIGNER.public_key,
        window=50,
        longest_pause=1.0,
        answer_timeout=more.get("answer_timeout", 5.0),
    )


def publish_log(store: GatewayStore, tiles: Path) -> None:
    """Do as the oracle does: publish the log as it is now."""
    writer = TileWriter.open(tiles)
    writer.append(raw for _, raw in store.records(writer.size, 1_000_000))
    writer.publish()


def test_records_arrive_once_and_the_journal_waits_for_the_receipt(
    site: Site, store: GatewayStore, tmp_path: Path
) -> None:
    tiles = tmp_path / "tiles"
    TileWriter.open(tiles).publish()
    device = site.enrol_device(1)
    register(store, device)
    device.append_all(Event(body, at) for at, body in enumerate(sales(300)))
    with (
        Mosquitto(site) as broker,
        bridges(site, f"mqtt://127.0.0.1:{broker.gateway_port}", probe=3_000, tiles=tiles),
    ):
        first = client_of(site, device, broker.device_port, retention=Retention.RECEIPT)
        assert not first.run(until_done=True, timeout_s=4)
        assert first.outbox.tally.acknowledged >= 300
        assert first.outbox.tally.promises > 0
        assert device.status()["answered_kept"] == 0
        assert stored(store) == {device.device_id: list(range(1, 301))}
        publish_log(store, tiles)
        second = client_of(site, device, broker.device_port, retention=Retention.RECEIPT)
        assert second.run(until_done=True, timeout_s=60)
    assert second.outbox.tally.receipts > 0
    assert second.outbox.tally.unbelieved == 0
    assert device.status()["answered_kept"] == 300
    assert stored(store) == {device.device_id: list(range(1, 301))}
    device.close()


def test_gateways_share_a_fleet_and_one_is_killed(site: Site, store: GatewayStore) -> None:
    fleet = [site.enrol_device(number) for number in range(1, 4)]
    register(store, *fleet)
    for device in fleet:
        device.append_all(Event(body, at) for at, body in enumerate(sales(400)))
    with (
        Mosquitto(site) as broker,
        bridges(site, f"mqtt://127.0.0.1:{broker.gateway_port}", 2, gap_within_s=2.0) as (one, two),
    ):
        clients = [
            client_of(site, device, broker.device_port, retention=Retention.PROMISE)
            for device in fleet
        ]
        threads = [
            threading.Thread(target=client.run, kwargs={"until_done": True, "timeout_s": 120})
            for client in clients
        ]
        try:
            for thread in threads:
                thread.start()
            wait_until(lambda: store.size() > 200, lambda: one.log() + two.log())
            one.kill()
            kept = store.size()
            wait_until(lambda: store.size() > kept, two.log)
            one.start_and_wait()
            for thread in threads:
                thread.join(120)
        finally:
            for client in clients:
                client.stop()
            for thread in threads:
                thread.join(30)
        assert "Traceback" not in one.log() + two.log()
    assert stored(store) == {device.device_id: list(range(1, 401)) for device in fleet}
    assert all(client.outbox.is_done for client in clients)
    for device in fleet:
        device.close()


def test_what_is_not_committed_stays_with_the_broker(site: Site, store: GatewayStore) -> None:
    """A gateway that is away: Mosquitto acknowledges for it, and keeps for it."""
    member = site.enrol(1)
    register(store, member)
    with (
        Mosquitto(site) as broker,
        bridges(site, f"mqtt://127.0.0.1:{broker.gateway_port}") as (bridge,),
    ):
        bridge.kill()
        with PahoPeer(site, member, broker.device_port) as peer:
            for raw in member.records(2_000):
                peer.publish(raw)
            peer.wait_acks(2_000)
            assert store.size() == 0
            bridge.start_and_wait()
            wait_until(lambda: store.size() == 2_000, bridge.log)
            wait_until(lambda: bool(peer.messages))
    assert stored(store) == {member.device: list(range(1, 2_001))}
    assert store.refused_count() == 0


def test_a_refusal_reaches_the_device_and_a_gap_is_waited_for(
    site: Site, store: GatewayStore
) -> None:
    member, other = site.enrol(1), site.enrol(2)
    register(store, member, other)
    raws = member.records(5)
    with (
        Mosquitto(site) as broker,
        bridges(site, f"mqtt://127.0.0.1:{broker.gateway_port}", gap_within_s=1.0) as (bridge,),
        PahoPeer(site, member, broker.device_port) as peer,
    ):
        peer.publish(raws[4])
        for at in (2, 1, 0):
            peer.publish(raws[at])
        peer.publish(other.records(1)[0])
        wait_until(lambda: store.size() == 3, bridge.log)
        wait_until(
            lambda: sum(isinstance(m, RefusalMessage) for m in peer.messages) == 2, bridge.log
        )
    told = {m.code: m for m in peer.messages if isinstance(m, RefusalMessage)}
    assert set(told) == {"record.issuer_mismatch", "record.sequence_gap"}
    assert (told["record.sequence_gap"].position, told["record.sequence_gap"].expected) == (
        (1, 5),
        (1, 4),
    )
    assert stored(store) == {member.device: [1, 2, 3]}
    assert store.refused_count() == 2


class Taken:
    """What a link delivers, and nothing done with it."""

    open_count = 0

    def __init__(self) -> None:
        self.records: list[bytes] = []

    def take(self, device_name: str, raw: bytes, message: object) -> None:
        del device_name, message
        self.records.append(raw)

    def forget(self) -> None:
        """Nothing is open."""


async def test_a_broker_that_refuses_the_subscription_later_is_asked_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = site.enrol(1)
    (raw,) = member.records(1)
    with Mosquitto(site) as broker:
        link, taken = MqttLink(Broker("127.0.0.1", broker.gateway_port, "gateway")), Taken()
        await link.start(taken)
        subscribe, asked = link._client.subscribe, list[str]()

        def subscribe_badly(topic: str, qos: int) -> Any:
            asked.append(topic)
            if len(asked) > 1:
                return subscribe(topic, qos)
            refused = [ReasonCode(PacketTypes.SUBACK, identifier=0x87)]
            return link._on_subscribe(link._client, None, 0, refused, None)

        monkeypatch.setattr(link._client, "subscribe", subscribe_badly)
        link.deliver_again(())
        await asyncio.to_thread(wait_until, lambda: len(asked) == 2)
        with PahoPeer(site, member, broker.device_port) as peer:
            peer.publish(raw)
            await asyncio.to_thread(wait_until, lambda: taken.records == [raw])
        await link.stop()


def failure_of(bridge: BridgeProcess) -> dict[str, str]:
    """What the bridge says on its way out, which it must take."""
    bridge.start()
    assert bridge.process is not None
    assert bridge.process.wait(60) == 2, bridge.log()
    found: dict[str, str] = json.loads(bridge.log().strip().splitlines()[-1])
    return found


def test_a_broker_that_drops_what_it_acknowledged_is_refused_at_the_start(
    site: Site, store: GatewayStore
) -> None:
    with Mosquitto(site, "max_queued_messages 1000") as broker:
        bridge = BridgeProcess(
            site, f"mqtt://127.0.0.1:{broker.gateway_port}", "gateway", probe=2_000
        )
        found = failure_of(bridge)
    assert found["code"] == "bridge.broker_unfit"
    assert "max_queued_messages" in found["detail"]


def test_a_broker_that_is_not_there_is_named(site: Site, store: GatewayStore) -> None:
    bridge = BridgeProcess(site, "mqtt://127.0.0.1:9", "gateway")
    assert failure_of(bridge)["code"] == "bridge.broker_unreachable"


def test_a_broker_that_is_no_broker_is_a_setting_to_mend(site: Site, store: GatewayStore) -> None:
    assert failure_of(BridgeProcess(site, "mqtts://127.0.0.1:8883", "gateway"))["code"] == (
        "settings.invalid"
    )
    for broker in ("http://127.0.0.1:1883", "mqtt://"):
        settings = BridgeSettings(broker=broker, name="one", receipt_key=site.folder / "none")
        with pytest.raises(SettingsError):
            settings.mqtt_broker()
