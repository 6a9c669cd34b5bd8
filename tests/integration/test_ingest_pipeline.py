"""What is stored, refused and kept as evidence, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from support_gateway import device_name, sales, stored
from support_postgres import Postgres
from support_record import chain, first_record, next_record, private_key, tip_of
from support_waiting import PATIENCE_S

from counterfoil.gateway.ingest.pipeline import Arrival, Pipeline, RefusedVerdict, Stored, Verdict
from counterfoil.gateway.record.identity import DeviceId, PublicKey
from counterfoil.gateway.record.record import EpochLink, Record
from counterfoil.gateway.record.signed_record import decode, sign_record
from counterfoil.gateway.record.verification import DeviceKey, KeyStatus
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store
from counterfoil.gateway.store.tables import Equivocation, RefusedRecord

pytestmark = pytest.mark.integration
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A, B = device_name(1), device_name(2)
KEYS = {A: private_key(1), B: private_key(2)}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.db'}"
    server: Postgres = request.getfixturevalue("running_postgres")
    return server.new_database()


@pytest.fixture
def store(url: str) -> Iterator[GatewayStore]:
    opened = open_store(url)
    for device, key in KEYS.items():
        opened.put_device_key(DeviceKey(device, 1, PublicKey.of(key)), bytes(32))
    yield opened
    opened.engine.dispose()


def arrivals(raws: list[bytes], device: DeviceId | None = A) -> list[Arrival]:
    return [Arrival(raw, device, "test") for raw in raws]


def raws_of(device: DeviceId, count: int) -> list[bytes]:
    return chain(sales(count), device, KEYS[device])


def codes(verdicts: list[Verdict]) -> list[str]:
    return [
        v.code if isinstance(v, RefusedVerdict) else ("duplicate" if v.duplicate else "stored")
        for v in verdicts
    ]


def signed(record: Record) -> bytes:
    return sign_record(record, KEYS[record.device])


def rows(store: GatewayStore, table: type) -> list[dict[str, object]]:
    with store.engine.connect() as connection:
        found = connection.execute(select(table.__table__)).mappings()  # type: ignore[attr-defined]
        return [dict(row) for row in found]


def test_records_of_several_devices_get_their_places_in_order(store: GatewayStore) -> None:
    pipeline = Pipeline(store, clock_ms=lambda: 1_800_000_000_000)
    mixed = [
        one
        for pair in zip(arrivals(raws_of(A, 5)), arrivals(raws_of(B, 5), B), strict=True)
        for one in pair
    ]
    first, second = pipeline.process(mixed[:6]), pipeline.process(mixed[6:])
    assert [v.log_index for v in first + second if isinstance(v, Stored)] == list(range(10))
    assert {v.received_ms for v in first if isinstance(v, Stored)} == {1_800_000_000_000}
    assert [raw for _, raw in store.records(0, 100)] == [a.raw for a in mixed]
    assert stored(store) == {A: [1, 2, 3, 4, 5], B: [1, 2, 3, 4, 5]}


def test_a_duplicate_is_answered_and_stored_once_within_a_batch_and_across_restarts(
    store: GatewayStore,
) -> None:
    raws = raws_of(A, 3)
    assert codes(Pipeline(store).process(arrivals([raws[0], raws[0], raws[1]]))) == [
        "stored",
        "duplicate",
        "stored",
    ]
    again = Pipeline(store)
    assert codes(again.process(arrivals([raws[0], raws[1], raws[2], raws[0]]))) == [
        "duplicate",
        "duplicate",
        "stored",
        "duplicate",
    ]
    assert stored(store) == {A: [1, 2, 3]}
    assert store.refused_count() == 0


def test_the_same_payload_with_the_other_form_of_s_is_a_duplicate(store: GatewayStore) -> None:
    one = signed(first_record(device=A))
    s = P256_ORDER - int.from_bytes(one[-32:])
    two = one[:-32] + s.to_bytes(32)
    assert codes(Pipeline(store).process(arrivals([one, two]))) == ["stored", "duplicate"]
    assert [raw for _, raw in store.records(0, 10)] == [one]


def test_a_second_payload_under_a_used_number_is_kept_as_evidence_once(
    store: GatewayStore,
) -> None:
    raws = raws_of(A, 3)
    pipeline = Pipeline(store)
    pipeline.process(arrivals(raws))
    tip = tip_of(first_record(sales(1)[0], A))
    other = signed(next_record(tip, sales(1, 7)[0]))
    assert codes(pipeline.process(arrivals([other, other]))) == [
        "record.equivocation",
        "record.equivocation",
    ]
    assert codes(Pipeline(store).process(arrivals([other]))) == ["record.equivocation"]
    assert store.equivocations() == 1
    (evidence,) = rows(store, Equivocation)
    assert (evidence["device"], evidence["epoch"], evidence["sequence"]) == (A, 1, 2)
    assert evidence["first_digest"] == decode(raws[1]).payload_digest
    assert evidence["second_digest"] == decode(other).payload_digest
    assert bytes(evidence["second_raw"]) == other  # type: ignore[call-overload]
    assert store.refused_count() == 3
    assert stored(store) == {A: [1, 2, 3]}


def test_an_equivocation_within_one_batch_is_seen(store: GatewayStore) -> None:
    one, other = (signed(first_record(body, A)) for body in sales(2))
    assert codes(Pipeline(store).process(arrivals([one, other]))) == [
        "stored",
        "record.equivocation",
    ]
    assert store.equivocations() == 1


def test_behind_a_gap_nothing_is_taken_until_it_is_filled(store: GatewayStore) -> None:
    raws = raws_of(A, 5)
    pipeline = Pipeline(store)
    pipeline.process(arrivals(raws[:1]))
    verdicts = pipeline.process(arrivals([raws[2], raws[3], raws[1]]))
    assert codes(verdicts) == ["record.sequence_gap", "record.sequence_gap", "stored"]
    assert isinstance(verdicts[0], RefusedVerdict)
    assert (verdicts[0].position, verdicts[0].expected) == ((1, 3), (1, 2))
    assert codes(pipeline.process(arrivals(raws[2:]))) == ["stored"] * 3
    assert [(r["sequence"], r["code"]) for r in rows(store, RefusedRecord)] == [
        (3, "record.sequence_gap"),
        (4, "record.sequence_gap"),
    ]


def test_a_new_epoch_must_link_and_closes_the_old_one(store: GatewayStore) -> None:
    raws = raws_of(A, 3)
    new_key = private_key(50)
    store.put_device_key(DeviceKey(A, 2, PublicKey.of(new_key)), bytes(32))
    pipeline = Pipeline(store)
    pipeline.process(arrivals(raws[:2]))
    tip = tip_of(decode(raws[1]).record)
    linked = replace(next_record(tip, sales(1, 9)[0]), epoch=2, sequence=1, link=EpochLink(1, 2))
    wrong = replace(linked, link=EpochLink(1, 1))
    verdicts = pipeline.process(
        arrivals([sign_record(wrong, new_key), sign_record(linked, new_key), raws[2], raws[0]])
    )
    assert codes(verdicts) == [
        "record.epoch_link_mismatch",
        "stored",
        "record.epoch_closed",
        "duplicate",
    ]
    assert codes(Pipeline(store).process(arrivals([raws[2], raws[1]]))) == [
        "record.epoch_closed",
        "duplicate",
    ]


def test_a_refused_record_is_kept_whole_with_its_reason(store: GatewayStore) -> None:
    junk = [b"", b"\x00" * 40, b"\xff\x00nul", bytes(range(256)) * 20, raws_of(B, 1)[0]]
    far = signed(replace(first_record(device=A), sequence=2**63 - 1))
    verdicts = Pipeline(store).process(arrivals([*junk, far]))
    assert "stored" not in codes(verdicts)
    kept = rows(store, RefusedRecord)
    assert [bytes(r["raw"]) for r in kept] == [*junk, far]  # type: ignore[call-overload]
    assert [r["code"] for r in kept] == codes(verdicts)
    assert {r["device"] for r in kept} == {A}
    assert all(r["detail"] and r["peer"] == "test" for r in kept)


def test_a_key_that_is_registered_later_is_found_without_a_restart(
    store: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterfoil.gateway.ingest.pipeline._KEYS_RETRY_S", 0.0)
    late = device_name(3)
    raws = chain(sales(2), late, private_key(3))
    pipeline = Pipeline(store)
    assert codes(pipeline.process(arrivals(raws, late))) == [
        "record.key_unknown",
        "record.key_unknown",
    ]
    store.put_device_key(DeviceKey(late, 1, PublicKey.of(private_key(3))), bytes(32))
    assert codes(pipeline.process(arrivals(raws, late))) == ["stored", "stored"]


def test_a_revoked_key_s_records_count_up_to_the_revocation(store: GatewayStore) -> None:
    revoked = DeviceKey(
        device=A,
        epoch=1,
        key=PublicKey.of(KEYS[A]),
        from_sequence=1,
        until_sequence=2,
        status=KeyStatus.REVOKED,
    )
    store.put_device_key(revoked, bytes(32))
    assert codes(Pipeline(store).process(arrivals(raws_of(A, 4)))) == [
        "stored",
        "stored",
        "record.key_revoked",
        "record.key_revoked",
    ]


def test_a_batch_whose_commit_fails_leaves_nothing_behind(
    store: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    raws = raws_of(A, 4)
    pipeline = Pipeline(store)
    pipeline.process(arrivals(raws[:1]))
    with monkeypatch.context() as broken:

        def fail(*_: object) -> None:
            raise RuntimeError("made for this test")

        broken.setattr(GatewayStore, "append", fail)
        with pytest.raises(RuntimeError):
            pipeline.process(arrivals([raws[1], b"junk"]))
    assert stored(store) == {A: [1]}
    assert store.refused_count() == 0
    assert codes(pipeline.process(arrivals(raws[1:]))) == ["stored"] * 3


def test_two_gateways_on_one_database_take_turns(store: GatewayStore, url: str) -> None:
    other_store = open_store(url)
    one, two = Pipeline(store), Pipeline(other_store)
    raws = raws_of(A, 30)
    for at, raw in enumerate(raws):
        here, there = (one, two) if at % 2 else (two, one)
        assert codes(here.process(arrivals([raw]))) == ["stored"]
        assert codes(there.process(arrivals([raw]))) == ["duplicate"]
    other_store.engine.dispose()
    assert stored(store) == {A: list(range(1, 31))}


def test_two_gateways_that_race_store_everything_once(store: GatewayStore, url: str) -> None:
    """Both are sent all: whoever comes second must see a duplicate, or a gap and then try again."""
    other_store = open_store(url)
    fleet = {A: raws_of(A, 120), B: raws_of(B, 120)}
    begin = threading.Barrier(4)
    failures: list[BaseException] = []

    def send(pipeline: Pipeline, device: DeviceId) -> None:
        begin.wait()
        try:
            left = arrivals(fleet[device], device)
            while left:
                verdicts = pipeline.process(left[:7])
                done = 0
                while done < len(verdicts) and isinstance(verdicts[done], Stored):
                    done += 1
                left = left[done:]
        except BaseException as failure:
            failures.append(failure)

    threads = [
        threading.Thread(target=send, args=(Pipeline(where), device))
        for where in (store, other_store)
        for device in fleet
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    other_store.engine.dispose()
    assert failures == []
    assert stored(store) == {A: list(range(1, 121)), B: list(range(1, 121))}
    assert store.refused_count() == 0


def test_gateways_that_start_together_make_the_tables_once(url: str) -> None:
    code = f"from counterfoil.gateway.store.gateway_store import open_store; print(open_store({url!r}).size())"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    for process in started:
        out, err = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, out) == (0, "0\n"), err
