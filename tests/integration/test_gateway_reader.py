"""The gateway's door for readers of the log: who comes in, what a range gives, and that a slow reader is waited for."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from support_gateway import Site
from support_world import DEVICES, World

from counterfoil.gateway.certificate.enrolment import make_enrolment_request
from counterfoil.gateway.doors.reader import LOG_SIZE, create_reader, reader_tls
from counterfoil.gateway.errors import TileError
from counterfoil.gateway.log.tile_format import decode_entries, encode_bundle
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.key_file import create_key
from counterfoil.gateway.record.identity import parse_device_id
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.gateway.store.tables import StoredRecord
from counterfoil.oracle.quorum.door import DoorServer
from counterfoil.oracle.quorum.peers import create_identity, gateway_tls

pytestmark = pytest.mark.integration


@dataclass
class Door:
    """An open door over a log, and the files of who may come in and who may not."""

    folder: Path
    world: World
    server: DoorServer
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.server.port}/v1/log"

    def client(self, name: str) -> httpx.Client:
        tls = gateway_tls(
            self.folder / f"{name}.crt", self.folder / f"{name}.key", self.folder / "ca.pem"
        )
        return httpx.Client(verify=tls, timeout=10)

    def entries(self, client: httpx.Client, start: int, limit: int) -> list[bytes]:
        answer = client.get(self.url, params={"start": start, "limit": limit})
        assert answer.status_code == 200
        assert answer.headers[LOG_SIZE] == str(len(self.world.records))
        return list(decode_entries([answer.content]))


class CountedStore(GatewayStore):
    """The store, and which pieces were read of it."""

    reads: list[tuple[int, int]]

    def records(self, start: int, limit: int) -> list[tuple[int, bytes]]:
        self.reads.append((start, limit))
        return super().records(start, limit)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    site = Site(tmp_path)
    world = World(devices=DEVICES[:2])
    world.sell(days=5, sales_a_day=150)
    store = CountedStore(world.store(site.database_url).engine)
    store.reads = []
    for name in ("pinned", "stranger"):
        create_identity(
            certificate=tmp_path / f"{name}.crt",
            key=tmp_path / f"{name}.key",
            name=name,
            hosts=["127.0.0.1"],
        )
    bank = CertificateAuthority.create(tmp_path / "bank", "a passphrase for tests", "A bank")
    keys = create_key(tmp_path / "member.key"), create_key(tmp_path / "unused.key")
    name = parse_device_id("urn:dev:os:32473-oracle1")
    enrolment = bank.enrol(make_enrolment_request(name, *keys))
    (tmp_path / "member.crt").write_bytes(enrolment.tls_certificate)
    readers = (tmp_path / "pinned.crt").read_bytes() + bank.chain_pem
    (tmp_path / "readers.pem").write_bytes(readers)
    tls = reader_tls(tmp_path / "gateway.crt", tmp_path / "gateway.key", tmp_path / "readers.pem")
    server = DoorServer(app=create_reader(store), host="127.0.0.1", port=0, tls=tls)
    server.start()
    found = Door(folder=tmp_path, world=world, server=server, reads=store.reads)
    yield found
    server.stop()
    store.engine.dispose()


def test_who_is_listed_comes_in_by_certificate_or_by_authority(door: Door) -> None:
    for name in ("pinned", "member"):
        with door.client(name) as client:
            assert door.entries(client, 0, 3) == [one.raw for one in door.world.records[:3]]


def test_who_is_not_listed_or_shows_nothing_stays_outside(door: Door) -> None:
    nobody = ssl.create_default_context(cafile=str(door.folder / "ca.pem"))
    with door.client("stranger") as client, pytest.raises(httpx.HTTPError):
        client.get(door.url)
    with httpx.Client(verify=nobody) as client, pytest.raises(httpx.HTTPError):
        client.get(door.url)
    assert door.reads == []


def test_any_range_goes_on_where_the_last_one_ended(door: Door) -> None:
    raws = [one.raw for one in door.world.records]
    with door.client("pinned") as client:
        found: list[bytes] = []
        while piece := door.entries(client, len(found), 333):
            found += piece
        assert found == raws
        assert door.entries(client, len(raws) + 10, 5) == []


@pytest.mark.parametrize(
    "asked",
    [{"start": "-1"}, {"start": "1.5"}, {"start": "²"}, {"start": ""}, {"start": str(2**53 + 1)}]
    + [{"limit": wrong} for wrong in ("0", "10001", "1e3", "9" * 400)],
)
def test_a_range_that_is_none_is_refused_with_its_reason(door: Door, asked: dict[str, str]) -> None:
    with door.client("pinned") as client:
        wrong = client.get(door.url, params=asked)
        assert (wrong.status_code, wrong.json()["code"]) == (422, "request.malformed")
        assert wrong.json()["detail"].startswith(f"{next(iter(asked))}: ")
    assert door.reads == []


def test_a_slow_reader_is_waited_for(door: Door) -> None:
    """Of a log that is larger than what the sockets hold, only so much is read as was taken."""
    store = CountedStore(open_store(f"sqlite:///{door.folder / 'large.db'}").engine)
    store.reads = []
    blank = {"epoch": 1, "payload_digest": bytes(32), "kind": 4, "time_ms": 0, "received_ms": 0}
    blank |= {"device": "large", "business_date": 19700101, "raw": b"x" * 60_000}
    with store.engine.begin() as connection:
        rows = [blank | {"log_index": n, "sequence": n + 1} for n in range(2_000)]
        connection.execute(StoredRecord.__table__.insert(), rows)  # type: ignore[attr-defined]
    tls = reader_tls(
        *(door.folder / name for name in ("gateway.crt", "gateway.key", "readers.pem"))
    )
    server = DoorServer(app=create_reader(store), host="127.0.0.1", port=0, tls=tls)
    server.start()
    try:
        url = f"https://127.0.0.1:{server.port}/v1/log"
        with door.client("pinned") as client, client.stream("GET", url) as answer:
            pieces = answer.iter_bytes()
            next(pieces)
            time.sleep(1.0)
            waited_at = len(store.reads)
            assert waited_at < 5, "it is not read to its end"
            rest = b"".join(pieces)
        assert len(store.reads) == 8
        assert len(rest) > 100_000_000
    finally:
        server.stop()
        store.engine.dispose()


def test_entries_come_whole_however_they_are_cut() -> None:
    entries = [bytes([n]) * n for n in range(60)]
    data = encode_bundle(entries)
    for cut in (1, 2, 3, 7, 1_000):
        pieces = [data[at : at + cut] for at in range(0, len(data), cut)]
        assert list(decode_entries(pieces)) == entries
    with pytest.raises(TileError):
        list(decode_entries([data[:-1]]))
