"""Peers that are slow, silent or hostile lose their own connection; the others are served, memory is bounded."""

from __future__ import annotations

import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError
from support_gateway import Site, endpoint, gateway_process, register, stored
from support_mqtt import (
    PahoPeer,
    bare,
    connect_packet,
    is_closed_by_peer,
    publish_packet,
    subscribe_packet,
)
from support_waiting import wait_until

from counterfoil.gateway.doors.limits import Limits
from counterfoil.gateway.ingest.pipeline import Arrival, Pipeline, Verdict
from counterfoil.gateway.record.downlink import receipt_topic, record_topic
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration

QUICK = Limits(
    connect_within_s=1.0,
    handshake_within_s=1.0,
    close_within_s=1.0,
    unread_answers_s=1.0,
    keep_alive_most_s=2,
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def store(site: Site) -> GatewayStore:
    return open_store(site.database_url)


def resident_bytes(pid: int) -> int:
    """How much memory the process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def drips(connection: ssl.SSLSocket, data: bytes) -> bool:
    """Whether all of *data* can be sent, a byte each 50 ms."""
    for at in range(len(data)):
        try:
            connection.sendall(data[at : at + 1])
        except OSError:
            return False
        time.sleep(0.05)
    return True


def takes(connection: ssl.SSLSocket, data: bytes, times: int) -> bool:
    """Whether *data* can be sent *times* over without a wait of a second."""
    connection.settimeout(1.0)
    try:
        for _ in range(times):
            connection.sendall(data)
    except OSError:
        return False
    return True


def test_who_never_finishes_tls_or_never_says_connect_is_cut_off(
    site: Site, store: GatewayStore
) -> None:
    member, good = site.enrol(1), site.enrol(2)
    register(store, good)
    with endpoint(site, store, limits=QUICK) as (_, port):
        silent = [socket.create_connection(("127.0.0.1", port), 20) for _ in range(50)]
        speechless = [bare(site, member, port) for _ in range(10)]
        half = bare(site, member, port)
        half.sendall(connect_packet()[:7])
        with PahoPeer(site, good, port) as peer:
            peer.publish(good.records(1)[0])
            peer.wait_acks(1)
        for plain in silent:
            plain.settimeout(20)
            assert plain.recv(10) == b""
            plain.close()
        assert all(is_closed_by_peer(one) for one in [*speechless, half])
    assert stored(store) == {good.device: [1]}


def test_a_byte_now_and_then_keeps_no_connection_alive(site: Site, store: GatewayStore) -> None:
    """Only whole packets count for the keep-alive (MQTT 5, 3.1.2.10)."""
    member = site.enrol(1)
    with endpoint(site, store, limits=QUICK) as (_, port):
        loris = bare(site, member, port)
        loris.sendall(connect_packet())
        assert loris.recv(100)[:1] == b"\x20"
        packet = publish_packet(record_topic(member.device), b"x" * 5_000, 1)
        assert not drips(loris, packet[:600])


@pytest.mark.parametrize(
    ("junk", "reason"),
    [
        (b"\x30\xff\xff\xff\xff\xff", 0x81),
        (b"\x32\xff\xff\xff\x7f", 0x95),
        (b"\x10" + connect_packet()[1:], 0x82),
        (b"\xf0\x00", 0x82),
        (b"\x00\x00", 0x82),
        (b"\x82\x01\x00", 0x81),
        (b"\x80\x05\x00\x01\x00\x00\x00", 0x81),
        (b"\x36\x02\x00\x00", 0x81),
        (b"\x32\x05\x00\x01\xff\x00\x01", 0x81),
        (b"\x34\x06\x00\x01a\x00\x01\x00", 0x9B),
        (b"\x32\x06\x00\x01a\x00\x00\x00", 0x82),
        (b"\x32\x09\x00\x01a\x00\x01\x03\x23\x00\x01", 0x82),
    ],
)
def test_a_broken_packet_ends_the_connection_with_its_reason(
    site: Site, store: GatewayStore, junk: bytes, reason: int
) -> None:
    member = site.enrol(1)
    with endpoint(site, store) as (_, port):
        peer = bare(site, member, port)
        peer.sendall(connect_packet())
        assert peer.recv(100)[:1] == b"\x20"
        peer.sendall(junk)
        assert peer.recv(100) == bytes((0xE0, 2, reason, 0))
        assert is_closed_by_peer(peer)


def test_garbage_and_other_protocols_are_closed_and_hurt_nobody(
    site: Site, store: GatewayStore
) -> None:
    member, good = site.enrol(1), site.enrol(2)
    register(store, good)
    with endpoint(site, store, limits=QUICK) as (_, port), PahoPeer(site, good, port) as peer:
        for junk in (b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)) * 50, b"\x10\x00", b"\x00" * 9):
            broken = bare(site, member, port)
            broken.sendall(junk)
            assert is_closed_by_peer(broken)
        with socket.create_connection(("127.0.0.1", port), 20) as plain:
            plain.sendall(b"\x10\x0c\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00")
            plain.settimeout(20)
            while plain.recv(1_000):
                pass
        peer.publish(good.records(1)[0])
        peer.wait_acks(1)
    assert stored(store) == {good.device: [1]}


def test_who_never_reads_its_answers_is_cut_off(site: Site, store: GatewayStore) -> None:
    member, good = site.enrol(1), site.enrol(2)
    register(store, member, good)
    limits = Limits(unread_answers_s=1.0, close_within_s=1.0, refusals_at_once=1_000_000)
    with endpoint(site, store, limits=limits) as (server, port):
        deaf = bare(site, member, port, receive_buffer=4_096)
        deaf.sendall(connect_packet() + subscribe_packet(receipt_topic(member.device)))
        # Each of these is answered with a refusal of some 200 bytes.
        junk = b"".join(
            publish_packet(record_topic(member.device), b"junk", 1 + n % 60_000) for n in range(200)
        )
        assert not takes(deaf, junk, 2_000)
        with PahoPeer(site, good, port) as peer:
            for raw in good.records(5):
                peer.publish(raw)
            peer.wait_acks(5)
            wait_until(lambda: len(server._open) == 1)
        deaf.close()
    assert stored(store) == {good.device: [1, 2, 3, 4, 5]}


def test_a_flood_beyond_the_quota_stops_at_the_quota(site: Site) -> None:
    store = open_store(site.database_url)
    flooders = [site.enrol(number) for number in range(1, 4)]
    good = site.enrol(9)
    register(store, good, *flooders)
    stop = threading.Event()
    attempts: list[int] = []

    def flood(number: int) -> None:
        member = flooders[number]
        packet = publish_packet(record_topic(member.device), b"\xd2" + b"junk" * 100, 7)
        while not stop.is_set():
            attempts.append(number)
            try:
                connection = bare(site, member, gateway.mqtt_port)
                connection.sendall(connect_packet())
                while not stop.is_set():
                    connection.sendall(packet * 100)
            except OSError:
                time.sleep(0.02)
            finally:
                connection.close()

    with gateway_process(site, refusals_at_once=300, refusals_a_minute=60) as gateway:
        before = resident_bytes(gateway.pid)
        threads = [threading.Thread(target=flood, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        try:
            with PahoPeer(site, good, gateway.mqtt_port) as peer:
                for raw in good.records(400):
                    peer.publish(raw)
                peer.wait_acks(400)
            wait_until(lambda: len(attempts) > 9)
        finally:
            stop.set()
            for thread in threads:
                thread.join(20)
        grown = resident_bytes(gateway.pid) - before
    assert stored(store) == {good.device: list(range(1, 401))}
    # What was in flight when the quota ran out is judged as well: at most twice 512, and a read's worth.
    assert 300 <= store.refused_count() <= 3 * (300 + 2_048)
    assert grown < 100_000_000


def test_a_locked_database_holds_everybody_back_and_loses_nothing(
    site: Site, store: GatewayStore, tmp_path: Path
) -> None:
    member = site.enrol(1)
    register(store, member)
    raws = member.records(2_000)
    locker = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None, check_same_thread=False)
    with (
        endpoint(site, store, queue=100, batch=50) as (server, port),
        PahoPeer(site, member, port, keep_alive_s=600) as peer,
    ):
        locker.execute("BEGIN IMMEDIATE")
        for raw in raws:
            peer.publish(raw)
        wait_until(lambda: all(connection._is_paused for connection in server._open))
        assert peer.acks == {}
        locker.execute("ROLLBACK")
        peer.wait_acks(2_000)
    locker.close()
    assert {reason for reason, _ in peer.acks.values()} == {0}
    assert stored(store) == {member.device: list(range(1, 2_001))}
    assert store.refused_count() == 0


def test_a_full_disk_is_waited_out_and_reported(site: Site, tmp_path: Path) -> None:
    """SQLite's own limit on pages stands for the disk: the error is the same, SQLITE_FULL."""
    store = open_store(site.database_url)
    member = site.enrol(1)
    register(store, member)
    pipeline = Pipeline(store)
    is_full = threading.Event()
    failures: list[str] = []

    def process(arrivals: Sequence[Arrival]) -> list[Verdict]:
        with store.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            most = pages + 1 if is_full.is_set() else 1_000_000
            connection.exec_driver_sql(f"PRAGMA max_page_count={most}")
        try:
            return pipeline.process(arrivals)
        except OperationalError as failure:
            failures.append(str(failure.orig))
            raise

    raws = member.records(600)
    with endpoint(site, store, process) as (server, port), PahoPeer(site, member, port) as peer:
        for raw in raws[:10]:
            peer.publish(raw)
        peer.wait_acks(10)
        is_full.set()
        for raw in raws[10:]:
            peer.publish(raw)
        wait_until(lambda: len(failures) > 2)
        assert server.intake.failed.is_set()
        assert "full" in failures[0]
        acknowledged = len(peer.acks)
        assert acknowledged == store.size()
        is_full.clear()
        peer.wait_acks(600)
        assert not server.intake.failed.is_set()
        assert peer.client.is_connected()
    assert stored(store) == {member.device: list(range(1, 601))}
    assert store.refused_count() == 0


def test_a_commit_that_fails_for_another_reason_acknowledges_and_refuses_nothing(
    site: Site, store: GatewayStore
) -> None:
    member = site.enrol(1)
    register(store, member)
    pipeline = Pipeline(store)
    calls: list[int] = []

    def process(arrivals: Sequence[Arrival]) -> list[Verdict]:
        calls.append(len(arrivals))
        if len(calls) == 1:
            raise RuntimeError("made for this test")
        return pipeline.process(arrivals)

    raws = member.records(300)
    with endpoint(site, store, process, batch=50) as (_, port):
        with PahoPeer(site, member, port) as peer:
            for raw in raws:
                peer.publish(raw)
            wait_until(lambda: peer.disconnect_reason is not None)
            assert peer.acks == {}
        with PahoPeer(site, member, port) as again:
            for raw in raws:
                again.publish(raw)
            again.wait_acks(300)
    assert stored(store) == {member.device: list(range(1, 301))}
    assert store.refused_count() == 0


def test_too_many_connections_are_refused_and_the_old_ones_served(
    site: Site, store: GatewayStore
) -> None:
    members = [site.enrol(number) for number in range(1, 5)]
    register(store, *members)
    with (
        endpoint(site, store, limits=Limits(connections=3)) as (_, port),
        PahoPeer(site, members[0], port) as first,
        PahoPeer(site, members[1], port),
        PahoPeer(site, members[2], port),
    ):
        one_more = bare(site, members[3], port)
        assert one_more.recv(10) == b"\x20\x02\x00\x03"
        assert is_closed_by_peer(one_more)
        first.publish(members[0].records(1)[0])
        first.wait_acks(1)


def test_a_gateway_told_to_stop_acknowledges_what_it_committed(site: Site) -> None:
    store = open_store(site.database_url)
    member = site.enrol(1)
    register(store, member)
    with (
        gateway_process(site) as gateway,
        PahoPeer(site, member, gateway.mqtt_port) as peer,
    ):
        for raw in member.records(2_000):
            peer.publish(raw)
        wait_until(lambda: store.size() > 0)
        assert httpx.get(f"{gateway.url}/healthz").json()["status"] == "ok"
        gateway.stop()
        wait_until(lambda: peer.disconnect_reason is not None)
        assert peer.disconnect_reason.value == 0x8B
    assert len(peer.acks) == store.size()
