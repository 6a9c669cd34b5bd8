"""The gateway over HTTP and HTTPS: records from devices without MQTT, receipts, tiles and the checkpoint."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_gateway import (
    ORIGIN,
    SIGNER,
    GatewayProcess,
    Member,
    Site,
    free_port,
    register,
    sales,
    stored,
)
from support_waiting import PATIENCE_S, wait_until

from counterfoil.gateway.device.device import Event
from counterfoil.gateway.device.https_sender import HttpsSender
from counterfoil.gateway.device.outbox import Retention
from counterfoil.gateway.log.checkpoint import (
    Checkpoint,
    Head,
    log_key_of,
    sign_checkpoint,
    verify_checkpoint,
)
from counterfoil.gateway.log.receipt import verify_promise, verify_receipt
from counterfoil.gateway.logfiles.tiles import TileReader, TileWriter
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x07")


class Stand:
    """A gateway process with its HTTP and HTTPS doors, and the log's folder."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.tiles = folder / "tiles"
        TileWriter.open(self.tiles).publish()
        self.store: GatewayStore = open_store(self.site.database_url)
        self.port = free_port()
        self.gateway = GatewayProcess(
            self.site,
            https_port=self.port,
            tiles=self.tiles,
            verify_processes=0,
            refusals_at_once=20,
            refusals_a_minute=0,
        )
        self.gateway.start()
        self.url = f"https://127.0.0.1:{self.port}"

    def client(self, member: Member | None = None) -> httpx.Client:
        """A client with a member's certificate, or none."""
        if member is None:
            context = ssl.create_default_context(cafile=str(self.site.server_ca))
        else:
            context = member.context(self.site)
        return httpx.Client(base_url=self.url, verify=context, timeout=20)

    def publish_log(self) -> None:
        """Do as the oracle does: publish the log as it is now, and sign its checkpoint."""
        writer = TileWriter.open(self.tiles)
        writer.append(raw for _, raw in self.store.records(writer.size, 1_000_000))
        root = writer.publish()
        head = Head(writer.size, root, Digest(bytes(32)))
        note = sign_checkpoint(Checkpoint(ORIGIN, head), ORIGIN, LOG_KEY)
        writer.write_checkpoint(note)
        writer.write_log_key(log_key_of(ORIGIN, LOG_KEY).verifier_key())


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    made = Stand(tmp_path_factory.mktemp("http"))
    yield made
    made.gateway.stop()


def post(client: httpx.Client, member: Member, raw: bytes) -> httpx.Response:
    """Post a record as a device does: again while the gateway has not read the newest keys yet."""
    deadline = time.monotonic() + 20
    while True:
        answer = client.post(
            f"/v1/{member.device}/records",
            content=raw,
            headers={"Content-Type": "application/cose"},
        )
        if answer.status_code != 422 or answer.json()["code"] != "record.key_unknown":
            return answer
        assert time.monotonic() < deadline, "the gateway never learned the key"
        time.sleep(0.3)


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_a_posted_record_is_stored_before_it_is_answered_with_a_promise(stand: Stand) -> None:
    member = stand.site.enrol(1)
    register(stand.store, member)
    raws = member.records(3)
    with stand.client(member) as client:
        for raw in raws:
            answer = post(client, member, raw)
            assert answer.status_code == 201
            promise, origin = verify_promise(answer.content, SIGNER.public_key)
            assert origin == ORIGIN
            signed = decode(raw)
            assert promise.covers(signed)
            found = stand.store.find(member.device, 1, signed.record.sequence)
            assert found == (promise.log_index, raw)
        again = post(client, member, raws[1])
        assert again.status_code == 200
        assert verify_promise(again.content, SIGNER.public_key)[0].sequence == 2
    assert stored(stand.store)[member.device] == [1, 2, 3]


def test_who_may_post_over_tls(stand: Stand) -> None:
    member, other, revoked = (stand.site.enrol(number) for number in (11, 12, 13))
    register(stand.store, member, other, revoked)
    raw = member.records(1)[0]
    with stand.client() as nobody:
        assert code_of(post(nobody, member, raw)) == (401, "device.not_authorised")
        assert nobody.get("/checkpoint").status_code in (200, 404)
    with stand.client(other) as client:
        assert code_of(post(client, member, raw)) == (403, "device.not_authorised")
    with stand.client(revoked) as client:
        assert post(client, revoked, revoked.records(1)[0]).status_code == 201
        stand.site.pki.revoke(revoked.serial)
        wait_until(lambda: post(client, revoked, revoked.records(2)[1]).status_code == 401)
    with pytest.raises(httpx.TransportError), stand.client(revoked) as client:
        post(client, revoked, revoked.records(2)[1])
    assert member.device not in stored(stand.store)


def test_a_refusal_is_a_problem_with_its_code(stand: Stand) -> None:
    member, other = stand.site.enrol(21), stand.site.enrol(22)
    register(stand.store, member, other)
    raws = member.records(3)
    with stand.client(member) as client:
        gap = post(client, member, raws[2])
        assert code_of(gap) == (409, "record.sequence_gap")
        assert gap.json()["expected"] == [1, 1]
        assert code_of(post(client, member, b"junk")) == (422, "record.envelope_malformed")
        assert code_of(post(client, member, other.records(1)[0])) == (422, "record.issuer_mismatch")
        assert code_of(post(client, member, b"x" * 100_000)) == (413, "record.too_large")
        nameless = client.post("/v1/nobody/records", content=raws[0])
        assert code_of(nameless) == (422, "name.malformed")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/{device}/receipts/1/99", (404, "request.not_found")),
        ("GET", f"/v1/{{device}}/receipts/{2**64}/{2**64}", (404, "request.not_found")),
        ("GET", "/v1/{device}/receipts/one/2", (404, "request.not_found")),
        ("GET", "/v1/nobody/receipts/1/1", (422, "name.malformed")),
        ("GET", "/v1/{device}/records", (405, "request.method_not_allowed")),
        ("GET", "/nothing/here", (404, "request.not_found")),
    ],
)
def test_what_is_not_there_is_a_problem_with_its_code(
    stand: Stand, method: str, path: str, expected: tuple[int, str]
) -> None:
    member = stand.site.enrol(25)
    with stand.client() as client:
        answer = client.request(method, path.format(device=member.device))
        assert code_of(answer) == expected
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_device_that_is_refused_too_often_is_told_to_wait(stand: Stand) -> None:
    member, other = stand.site.enrol(31), stand.site.enrol(32)
    register(stand.store, member, other)
    with stand.client(member) as client:
        answers = [post(client, member, b"junk %d" % number) for number in range(30)]
        assert code_of(answers[-1]) == (429, "request.quota_exceeded")
        assert answers[-1].headers["retry-after"]
        kept = sum(answer.status_code == 422 for answer in answers)
        assert 0 < kept <= 20
        assert code_of(post(client, member, member.records(1)[0])) == (
            429,
            "request.quota_exceeded",
        )
    with stand.client(other) as client:
        assert post(client, other, other.records(1)[0]).status_code == 201


def test_receipts_tiles_and_the_checkpoint_prove_every_record(stand: Stand) -> None:
    member = stand.site.enrol(41)
    register(stand.store, member)
    raws = member.records(4)
    with stand.client(member) as client:
        for raw in raws[:3]:
            assert post(client, member, raw).status_code == 201
        stand.publish_log()
        post(client, member, raws[3])
    with stand.client() as reader:
        note = reader.get("/checkpoint")
        assert note.headers["cache-control"] == "no-cache"
        key = log_key_of(ORIGIN, LOG_KEY)
        said = reader.get("/log-key")
        assert said.text.strip() == key.verifier_key(), "to be compared with what members say"
        assert said.headers["cache-control"] == "no-cache"
        head = verify_checkpoint(note.content, key, ORIGIN).head

        def read(path: str) -> bytes:
            answer = reader.get(f"/{path}")
            assert answer.status_code == 200, path
            return answer.content

        entries = list(TileReader(read, head.size).entries())
        assert len(entries) == head.size
        for sequence, raw in enumerate(raws[:3], 1):
            answer = reader.get(f"/v1/{member.device}/receipts/1/{sequence}")
            assert answer.status_code == 200
            receipt = verify_receipt(answer.content, raw, SIGNER.public_key)
            assert (receipt.tree_size, receipt.root) == (head.size, head.root)
            assert entries[receipt.log_index] == raw
        waiting = reader.get(f"/v1/{member.device}/receipts/1/4")
        assert code_of(waiting) == (404, "record.not_anchored")
        assert waiting.headers["retry-after"]
        unknown = reader.get(f"/v1/{member.device}/receipts/1/99")
        assert code_of(unknown) == (404, "request.not_found")


@pytest.mark.parametrize(
    "path",
    [
        "/tile/..%2f..%2freceipt.pem",
        "/tile/%2e%2e/%2e%2e/receipt.pem",
        "/tile/0/999",
        "/tile/",
        "/tile/%2fetc%2fpasswd",
        "/tile/0/x001/000.p/7",
    ],
)
def test_no_file_beside_the_log_is_given_away(stand: Stand, path: str) -> None:
    with stand.client() as reader:
        assert reader.get(path).status_code == 404


def test_in_clear_a_record_is_known_by_its_signature(stand: Stand) -> None:
    member = stand.site.enrol(51)
    register(stand.store, member)
    with httpx.Client(base_url=stand.gateway.url, timeout=20) as client:
        assert post(client, member, member.records(1)[0]).status_code == 201
        metrics = client.get("/metrics").text
        assert 'counterfoil_gateway_records_total{verdict="accepted"}' in metrics
        assert client.get("/healthz").json()["status"] == "ok"


def test_a_device_sends_its_journal_over_https_until_it_has_receipts(stand: Stand) -> None:
    device = stand.site.enrol_device(61)
    device.append_all(Event(body, at) for at, body in enumerate(sales(120)))
    sender = HttpsSender(
        device,
        stand.url,
        stand.site.server_ca,
        retention=Retention.RECEIPT,
        gateway_key=SIGNER.public_key,
        longest_pause=1.0,
    )
    assert not sender.run(until_done=True, timeout_s=1)
    assert sender.outbox.tally.last_refusal == "record.key_unknown"
    register(stand.store, device)
    again = HttpsSender(
        device,
        stand.url,
        stand.site.server_ca,
        retention=Retention.RECEIPT,
        gateway_key=SIGNER.public_key,
        longest_pause=1.0,
    )
    deadline = time.monotonic() + PATIENCE_S
    while again.outbox.tally.promises < 120:
        assert not again.run(until_done=True, timeout_s=4)
        assert time.monotonic() < deadline, again.outbox.tally
    assert device.status()["answered_kept"] == 0
    stand.publish_log()
    last = HttpsSender(
        device,
        stand.url,
        stand.site.server_ca,
        retention=Retention.RECEIPT,
        gateway_key=SIGNER.public_key,
        answer_timeout=0.5,
    )
    assert last.run(until_done=True, timeout_s=60)
    assert last.outbox.tally.receipts > 0
    assert last.outbox.tally.unbelieved == 0
    assert stored(stand.store)[device.device_id] == list(range(1, 121))
    device.close()


def test_the_command_sends_over_https(stand: Stand) -> None:
    device = stand.site.enrol_device(71)
    register(stand.store, device)
    device.append_all(Event(body, at) for at, body in enumerate(sales(10)))
    name = device.device_id
    device.close()
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "counterfoil",
            "device",
            "send",
            str(device.folder),
            "--url",
            stand.url,
            "--ca",
            str(stand.site.server_ca),
            "--json",
        ],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["acknowledged"] == 10
    assert stored(stand.store)[name] == list(range(1, 11))
