"""kill -9 of the gateway while a fleet sends: nothing acknowledged is lost, nothing is stored twice."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from support_gateway import GatewayProcess, Site, register, sales, stored
from support_waiting import wait_until

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.store.gateway_store import open_store

pytestmark = pytest.mark.integration
RECORDS = 1_500
KILLS = 5


def answered(device: Device) -> set[tuple[int, int]]:
    """The numbers that the device's journal holds as answered."""
    with sqlite3.connect(device.folder / "journal.db") as journal:
        rows = journal.execute("SELECT epoch, sequence FROM record WHERE state = 2").fetchall()
    journal.close()
    return set(rows)


def test_nothing_acknowledged_is_lost_over_five_kills(tmp_path: Path) -> None:
    site = Site(tmp_path)
    store = open_store(site.database_url)
    fleet = [site.enrol_device(number) for number in range(1, 5)]
    register(store, *fleet)
    for device in fleet:
        device.append_all(Event(body, at) for at, body in enumerate(sales(RECORDS)))
    gateway = GatewayProcess(site)
    gateway.start()
    clients = [
        MqttSender(
            device,
            Endpoint(
                host="127.0.0.1",
                port=gateway.mqtt_port,
                ca_file=site.server_ca,
                mqtt_version=5 if n % 2 else 3,
            ),
            window=40,
            longest_pause=1.0,
        )
        for n, device in enumerate(fleet)
    ]
    threads = [
        threading.Thread(target=client.run, kwargs={"until_done": True, "timeout_s": 240})
        for client in clients
    ]
    try:
        for thread in threads:
            thread.start()
        for kill in range(1, KILLS + 1):
            size = store.size()
            enough = max(size + 1, RECORDS * len(fleet) * kill // (KILLS + 2))
            wait_until(lambda enough=enough: store.size() >= enough, gateway.log)  # type: ignore[misc]
            gateway.kill()
            promised = [answered(device) for device in fleet]
            log = stored(store)
            for device, numbers in zip(fleet, promised, strict=True):
                assert {sequence for _, sequence in numbers} <= set(log.get(device.device_id, []))
            assert any(promised)
            assert any(thread.is_alive() for thread in threads)
            gateway.start()
        for thread in threads:
            thread.join(240)
    finally:
        for client in clients:
            client.stop()
        for thread in threads:
            thread.join(30)
        gateway.stop()
    assert stored(store) == {d.device_id: list(range(1, RECORDS + 1)) for d in fleet}
    for device in fleet:
        assert len(answered(device)) == RECORDS
        device.close()
