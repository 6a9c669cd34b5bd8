"""Two gateway processes on one PostgreSQL: kills of a gateway and a crash of the server lose nothing acknowledged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from support_gateway import GatewayProcess, Site, register, sales, stored
from support_postgres import Postgres
from support_waiting import wait_until

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.mqtt_sender import Endpoint, MqttSender
from counterfoil.gateway.store.durability import StoreNotDurableError
from counterfoil.gateway.store.gateway_store import open_store

pytestmark = pytest.mark.integration
RECORDS = 800


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.close()


def answered(device: Device) -> set[int]:
    """The sequence numbers that the device's journal holds as answered."""
    with sqlite3.connect(device.folder / "journal.db") as journal:
        rows = journal.execute("SELECT sequence FROM record WHERE state = 2").fetchall()
    journal.close()
    return {row[0] for row in rows}


def test_two_gateways_survive_kills_and_the_server_s_crash(
    tmp_path: Path, postgres: Postgres
) -> None:
    postgres.start()
    site = Site(tmp_path)
    site.database_url = postgres.new_database()
    store = open_store(site.database_url)
    fleet = [site.enrol_device(number) for number in range(1, 5)]
    register(store, *fleet)
    for device in fleet:
        device.append_all(Event(body, at) for at, body in enumerate(sales(RECORDS)))
    gateways = [GatewayProcess(site, verify_processes=0) for _ in range(2)]
    clients = [
        MqttSender(
            device,
            Endpoint("127.0.0.1", gateways[n % 2].mqtt_port, site.server_ca),
            window=40,
            longest_pause=1.0,
        )
        for n, device in enumerate(fleet)
    ]
    threads = [
        threading.Thread(target=client.run, kwargs={"until_done": True, "timeout_s": 150})
        for client in clients
    ]

    def check() -> None:
        promised = [answered(device) for device in fleet]
        log = stored(store)
        assert any(promised)
        for device, numbers in zip(fleet, promised, strict=True):
            assert numbers <= set(log.get(device.device_id, []))

    def wait_for(part: int) -> None:
        wait_until(
            lambda: store.size() >= RECORDS * len(fleet) * part // 5,
            lambda: gateways[0].log() + gateways[1].log(),
        )

    try:
        for gateway in gateways:
            gateway.start()
        for thread in threads:
            thread.start()
        for part, gateway in enumerate(gateways, 1):
            wait_for(part)
            gateway.kill()
            check()
            gateway.start()
        wait_for(3)
        postgres.stop("immediate")
        wait_until(lambda: httpx.get(f"{gateways[0].url}/healthz").status_code == 503)
        postgres.start()
        check()
        for thread in threads:
            thread.join(150)
        assert httpx.get(f"{gateways[0].url}/healthz").json()["status"] == "ok"
    finally:
        for client in clients:
            client.stop()
        for thread in threads:
            thread.join(30)
        for gateway in gateways:
            gateway.stop()
    assert stored(store) == {d.device_id: list(range(1, RECORDS + 1)) for d in fleet}
    assert all(len(answered(device)) == RECORDS for device in fleet)
    for device in fleet:
        device.close()
    store.engine.dispose()


def test_a_server_that_may_lose_commits_is_refused(postgres: Postgres) -> None:
    postgres.start("fsync=off")
    url = postgres.new_database()
    with pytest.raises(StoreNotDurableError) as refused:
        open_store(url)
    assert "fsync is off" in str(refused.value)
    assert refused.value.code == "store.not_durable"


def test_commits_are_synchronous_whatever_the_server_s_default(postgres: Postgres) -> None:
    postgres.start("synchronous_commit=off")
    url = postgres.new_database()
    with create_engine(url).connect() as plain:
        assert plain.execute(text("SHOW synchronous_commit")).scalar_one() == "off"
    store = open_store(url)
    with store.appending() as connection:
        assert connection.execute(text("SHOW synchronous_commit")).scalar_one() == "on"
    store.engine.dispose()
