"""The ingest endpoint with independent clients: acknowledged means committed, and a refusal says why."""

from __future__ import annotations

import asyncio
import sqlite3
from hashlib import sha256
from pathlib import Path

import gmqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from support_gateway import SIGNER, Site, endpoint, register, sales, stored
from support_mqtt import PahoPeer
from support_record import chain
from support_waiting import wait_until

from counterfoil.gateway.doors.limits import Limits
from counterfoil.gateway.log.receipt import verify_promise
from counterfoil.gateway.record.downlink import (
    PromiseMessage,
    RefusalMessage,
    decode_message,
    receipt_topic,
    record_topic,
)
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey, KeyStatus
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


@pytest.fixture
def store(site: Site) -> GatewayStore:
    return open_store(site.database_url)


@pytest.mark.parametrize("version", [5, 3])
def test_what_paho_is_acknowledged_for_is_in_the_database(
    site: Site, store: GatewayStore, tmp_path: Path, version: int
) -> None:
    member = site.enrol(1)
    register(store, member)
    raws = member.records(300)
    other_eyes = sqlite3.connect(tmp_path / "gateway.db", check_same_thread=False)
    missing: list[int] = []
    sent: dict[int, bytes] = {}

    def look(mid: int) -> None:
        digest = decode(raws[mid - first]).payload_digest
        found = other_eyes.execute("SELECT 1 FROM record WHERE payload_digest = ?", (digest,))
        if found.fetchone() is None:
            missing.append(mid)

    with (
        endpoint(site, store) as (_, port),
        PahoPeer(site, member, port, version=version, acknowledged=look) as peer,
    ):
        first = peer.client._mid_generate() + 1
        for raw in raws:
            sent[peer.publish(raw)] = raw
        peer.wait_acks(300)
        wait_until(lambda: bool(peer.messages))
    assert missing == []
    assert {reason for reason, _ in peer.acks.values()} == {0}
    assert stored(store) == {member.device: list(range(1, 301))}
    promises = [m for m in peer.messages if isinstance(m, PromiseMessage)]
    last, origin = verify_promise(promises[-1].promise, SIGNER.public_key)
    assert origin == SIGNER.origin
    assert last.covers(decode(raws[last.sequence - 1]))


@pytest.mark.parametrize("version", [5, 4])
async def test_gmqtt_is_acknowledged_for_what_is_stored(
    site: Site, store: GatewayStore, version: int
) -> None:
    member = site.enrol(1)
    register(store, member)
    client = gmqtt.Client(member.device)
    promised = asyncio.Event()

    def take(_client: object, _topic: str, payload: bytes, *_: object) -> int:
        if isinstance(decode_message(bytes(payload)), PromiseMessage):
            promised.set()
        return 0

    client.on_message = take
    with endpoint(site, store) as (_, port):
        await client.connect("127.0.0.1", port, ssl=member.context(site), version=version)
        client.subscribe(receipt_topic(member.device), qos=1)
        for raw in member.records(100):
            client.publish(record_topic(member.device), raw, qos=1)
        async with asyncio.timeout(30):
            await client._persistent_storage.wait_empty()
            assert stored(store) == {member.device: list(range(1, 101))}
            await promised.wait()
        await client.disconnect()


def test_v5_says_why_each_record_is_refused(site: Site, store: GatewayStore) -> None:
    member, stranger = site.enrol(1), site.enrol(2)
    register(store, member)
    raws = member.records(3)
    forged = raws[0][:-1] + bytes((raws[0][-1] ^ 1,))
    cases = [
        (raws[2], 0x83, "record.sequence_gap"),
        (chain(sales(1), stranger.device, stranger.record_key)[0], 0x87, "record.issuer_mismatch"),
        (forged, 0x87, "record.signature_invalid"),
        (b"no record at all", 0x99, "record.envelope_malformed"),
        (raws[0] + b"\0", 0x99, "record.envelope_malformed"),
        (b"", 0x99, "record.envelope_malformed"),
    ]
    with endpoint(site, store) as (_, port), PahoPeer(site, member, port) as peer:
        mids = [peer.publish(raw) for raw, _, _ in cases]
        elsewhere = peer.publish(raws[0], record_topic(stranger.device))
        peer.wait_acks(len(cases) + 1)
        wait_until(lambda: len(peer.messages) == len(cases))
        for mid, (_, reason, code) in zip(mids, cases, strict=True):
            assert peer.acks[mid][0] == reason
            assert peer.acks[mid][1].startswith(f"{code}: ")
        assert peer.acks[elsewhere] == (
            0x87,
            f"topic_not_yours: the topic is {record_topic(member.device)}",
        )
        assert peer.client.is_connected()
    told = [m for m in peer.messages if isinstance(m, RefusalMessage)]
    assert [(m.raw_digest, m.code) for m in told] == [
        (sha256(raw).digest(), code) for raw, _, code in cases
    ]
    assert told[0].expected == (1, 1)
    assert store.size() == 0
    assert store.refused_count() == len(cases)


def test_v5_names_a_key_that_is_not_registered_and_one_that_is_revoked(
    site: Site, store: GatewayStore
) -> None:
    unknown, revoked = site.enrol(1), site.enrol(2)
    key = PublicKey.of(revoked.record_key)
    store.put_device_key(
        DeviceKey(
            revoked.device,
            epoch=1,
            key=key,
            from_sequence=1,
            until_sequence=1,
            status=KeyStatus.REVOKED,
        ),
        bytes(32),
    )
    with endpoint(site, store) as (_, port):
        with PahoPeer(site, unknown, port) as peer:
            mid = peer.publish(unknown.records(1)[0])
            peer.wait_acks(1)
            assert peer.acks[mid][0] == 0x87
            assert peer.acks[mid][1].startswith("record.key_unknown: ")
        with PahoPeer(site, revoked, port) as peer:
            mids = [peer.publish(raw) for raw in revoked.records(2)]
            peer.wait_acks(2)
            assert peer.acks[mids[0]] == (0, "")
            assert peer.acks[mids[1]][0] == 0x87
            assert peer.acks[mids[1]][1].startswith("record.key_revoked: ")


def test_v311_devices_learn_of_a_refusal_on_their_receipt_topic(
    site: Site, store: GatewayStore
) -> None:
    member = site.enrol(1)
    register(store, member)
    raws = member.records(3)
    with endpoint(site, store) as (_, port), PahoPeer(site, member, port, version=3) as peer:
        peer.publish(raws[2])
        peer.publish(raws[0])
        peer.wait_acks(2)
        wait_until(lambda: len(peer.messages) >= 2)
    refusal = next(m for m in peer.messages if isinstance(m, RefusalMessage))
    assert refusal.raw_digest == sha256(raws[2]).digest()
    assert (refusal.code, refusal.position, refusal.expected) == (
        "record.sequence_gap",
        (1, 3),
        (1, 1),
    )
    assert stored(store) == {member.device: [1]}


def test_v311_without_its_receipt_topic_is_never_acknowledged_for_what_was_refused(
    site: Site, store: GatewayStore
) -> None:
    member = site.enrol(1)
    register(store, member)
    with (
        endpoint(site, store) as (_, port),
        PahoPeer(site, member, port, version=3, subscribes=False) as peer,
    ):
        peer.publish(member.records(3)[2])
        wait_until(lambda: peer.disconnect_reason is not None)
    assert peer.acks == {}
    assert store.refused_count() == 1


def test_v311_on_the_topic_of_another_device_is_disconnected(
    site: Site, store: GatewayStore
) -> None:
    member, other = site.enrol(1), site.enrol(2)
    register(store, member, other)
    with (
        endpoint(site, store) as (_, port),
        PahoPeer(site, member, port, version=3) as peer,
    ):
        peer.publish(other.records(1)[0], record_topic(other.device))
        wait_until(lambda: peer.disconnect_reason is not None)
    assert peer.acks == {}
    assert store.size() == 0


@pytest.mark.parametrize(("version", "refused"), [(5, 0x87), (3, 0x80)])
def test_nobody_subscribes_to_what_is_told_to_another(
    site: Site, store: GatewayStore, version: int, refused: int
) -> None:
    member, other = site.enrol(1), site.enrol(2)
    with (
        endpoint(site, store) as (_, port),
        PahoPeer(site, member, port, version=version) as peer,
    ):
        assert peer.suback == [0]
        for topic in (receipt_topic(other.device), "v1/+/rcpt", "#", "$share/a/v1/+/rec"):
            peer.suback = []
            peer.client.subscribe(topic, 1)
            wait_until(lambda: bool(peer.suback))
            assert peer.suback == [refused]


def test_a_quota_of_refusals_ends_the_connection_and_the_next_one(
    site: Site, store: GatewayStore
) -> None:
    member, other = site.enrol(1), site.enrol(2)
    register(store, member, other)
    limits = Limits(refusals_at_once=20, refusals_a_minute=0)
    with endpoint(site, store, limits=limits) as (_, port):
        with PahoPeer(site, member, port) as peer:
            for number in range(60):
                peer.publish(b"junk %d" % number)
            wait_until(lambda: peer.disconnect_reason is not None)
            assert peer.disconnect_reason.value == 0x97
        with PahoPeer(site, member, port) as again:
            assert again.connect_reason.value == 0x97
        with PahoPeer(site, member, port, version=3) as older:
            assert older.connect_reason.value == 0x88  # paho's word for return code 3
        with PahoPeer(site, other, port) as good:
            good.publish(other.records(1)[0])
            good.wait_acks(1)
    assert stored(store) == {other.device: [1]}


def test_qos_0_is_not_taken_for_a_record(site: Site, store: GatewayStore) -> None:
    member = site.enrol(1)
    register(store, member)
    with endpoint(site, store) as (_, port), PahoPeer(site, member, port) as peer:
        peer.publish(member.records(1)[0], qos=0)
        wait_until(lambda: peer.disconnect_reason is not None)
    assert peer.disconnect_reason.value == 0x9B
    assert store.size() == 0


def test_v5_is_told_the_limits_and_keeps_its_own(site: Site, store: GatewayStore) -> None:
    member = site.enrol(1)
    asked = Properties(PacketTypes.CONNECT)
    asked.MaximumPacketSize = 40
    with (
        endpoint(site, store, limits=Limits(in_flight=77, keep_alive_most_s=30)) as (_, port),
        PahoPeer(site, member, port, keep_alive_s=600, properties=asked) as peer,
    ):
        told = peer.connect_properties
        assert (told.ReceiveMaximum, told.MaximumQoS, told.RetainAvailable) == (77, 1, 0)
        assert (told.ServerKeepAlive, told.SessionExpiryInterval) == (30, 0)
        mid = peer.publish(b"junk")
        peer.wait_acks(1)
        assert peer.acks[mid] == (0x99, "")
    assert peer.messages == []


def test_a_second_connection_of_a_device_takes_over(site: Site, store: GatewayStore) -> None:
    member = site.enrol(1)
    register(store, member)
    with (
        endpoint(site, store) as (_, port),
        PahoPeer(site, member, port) as first,
        PahoPeer(site, member, port) as second,
    ):
        wait_until(lambda: first.disconnect_reason is not None)
        assert first.disconnect_reason.value == 0x8E
        second.publish(member.records(1)[0])
        second.wait_acks(1)
    assert stored(store) == {member.device: [1]}


def test_sent_twice_is_acknowledged_twice_and_stored_once(site: Site, store: GatewayStore) -> None:
    member = site.enrol(1)
    register(store, member)
    raws = member.records(20)
    with endpoint(site, store) as (_, port):
        for _ in range(2):
            with PahoPeer(site, member, port) as peer:
                for raw in raws:
                    peer.publish(raw)
                peer.wait_acks(20)
                assert {reason for reason, _ in peer.acks.values()} == {0}
    assert stored(store) == {member.device: list(range(1, 21))}
    assert store.refused_count() == 0
