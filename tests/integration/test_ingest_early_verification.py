"""Batches that are verified ahead of their turn: committed in order, given up together, judged by fresh keys."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from support_record import SALE, chain, private_key

from counterfoil.gateway.ingest import pipeline as pipeline_module
from counterfoil.gateway.ingest.early_verification import EarlyVerification
from counterfoil.gateway.ingest.intake import Check, Intake, NotCommitted
from counterfoil.gateway.ingest.pipeline import Arrival, Pipeline, RefusedVerdict, Stored, Verdict
from counterfoil.gateway.ingest.signature_pool import SignaturePool
from counterfoil.gateway.log.receipt import ReceiptSigner, verify_promise
from counterfoil.gateway.record.downlink import PromiseMessage, decode_message
from counterfoil.gateway.record.identity import DeviceId, PublicKey, parse_device_id
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import DeviceKey, KeyStatus
from counterfoil.gateway.store.gateway_store import GatewayStore, open_store

pytestmark = pytest.mark.integration

SIGNER = ReceiptSigner("log.example/fleet", private_key(7))


class Heard:
    """A sender that writes down what it is told."""

    def __init__(self, *, wants_receipts: bool = False) -> None:
        self.wants_receipts = wants_receipts
        self.verdicts: list[tuple[int, Verdict]] = []
        self.messages: list[bytes] = []
        self.is_given_up = False

    def give(self, number: int, verdict: Verdict) -> None:
        self.verdicts.append((number, verdict))

    def send_receipt(self, device: DeviceId, message: bytes) -> None:
        assert self.wants_receipts, "nobody asked for receipts"
        self.messages.append(message)

    def flush(self) -> None:
        """Nothing is buffered."""

    def not_committed(self) -> None:
        self.is_given_up = True


@pytest.fixture
def store(tmp_path: Path) -> GatewayStore:
    return open_store(f"sqlite:///{tmp_path / 'gateway.db'}")


@pytest.fixture
async def pool() -> AsyncIterator[SignaturePool]:
    started = SignaturePool(2)
    await started.start()
    yield started
    await started.stop()


def intake(check: Check, **more: int) -> Intake:
    def never(_: Sequence[Arrival]) -> list[Verdict]:
        raise AssertionError("the check is used in place of the process")

    return Intake(never, SIGNER, check=check, **more)


async def until(condition: Callable[[], bool]) -> None:
    """Return once *condition* holds; the test's own time limit ends it otherwise."""
    while not condition():  # noqa: ASYNC110  # it is another thread's doing
        await asyncio.sleep(0.01)


def device(number: int) -> DeviceId:
    return parse_device_id(f"urn:dev:os:32473-ahead{number:03}")


def register(store: GatewayStore, number: int, until_sequence: int | None = None) -> None:
    key = DeviceKey(device(number), 1, PublicKey.of(private_key(100 + number)))
    if until_sequence is not None:
        key = DeviceKey(
            key.device,
            epoch=1,
            key=key.key,
            from_sequence=1,
            until_sequence=until_sequence,
            status=KeyStatus.REVOKED,
        )
    store.put_device_key(key, bytes(32))


def records(number: int, count: int) -> list[bytes]:
    return chain([SALE] * count, device(number), private_key(100 + number))


async def kill_another(pool: SignaturePool, before: int) -> int:
    """SIGKILL a worker once the pool has replaced the one that was killed *before*; answer its id."""
    await until(lambda: before not in pool.processes and len(pool.processes) == 2)
    pid = pool.processes[0]
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_every_device_keeps_its_order_while_workers_are_killed(
    store: GatewayStore, pool: SignaturePool
) -> None:
    devices, each = 8, 120
    for number in range(devices):
        register(store, number)
    fleet = [records(number, each) for number in range(devices)]
    senders = [Heard() for _ in range(devices)]
    taking = intake(EarlyVerification(Pipeline(store), pool).check, batch=40)
    taking.start()
    killed = 0
    for at in range(each):
        for number, raws in enumerate(fleet):
            taking.submit(senders[number], at, Arrival(raws[at], device(number), "test"))
        if at in (30, 60):
            killed = await kill_another(pool, killed)
        await asyncio.sleep(0)
    await until(lambda: all(len(sender.verdicts) == each for sender in senders))
    await taking.stop()
    for sender in senders:
        assert [number for number, _ in sender.verdicts] == list(range(each))
        assert all(isinstance(v, Stored) and not v.duplicate for _, v in sender.verdicts)
    kept = [decode(raw).record for _, raw in store.records(0, devices * each + 1)]
    assert len(kept) == devices * each
    for number in range(devices):
        sequences = [r.sequence for r in kept if r.device == device(number)]
        assert sequences == list(range(1, each + 1))
    assert store.refused_count() == 0


async def test_the_promise_of_a_batch_is_for_its_furthest_record(
    store: GatewayStore, pool: SignaturePool
) -> None:
    register(store, 1)
    raws = records(1, 3)
    heard = Heard(wants_receipts=True)
    taking = intake(EarlyVerification(Pipeline(store), pool).check)
    for number, raw in enumerate((*raws, raws[0])):  # the first came again, behind the others
        taking.submit(heard, number, Arrival(raw, device(1), "test"))
    taking.start()
    await until(lambda: len(heard.verdicts) == 4 and bool(heard.messages))
    await taking.stop()
    (message,) = (decode_message(one) for one in heard.messages)
    assert isinstance(message, PromiseMessage)
    promise, _ = verify_promise(message.promise, SIGNER.public_key)
    assert (promise.epoch, promise.sequence) == (1, 3)


async def test_a_false_signature_is_refused_and_its_neighbours_are_not(
    store: GatewayStore, pool: SignaturePool
) -> None:
    register(store, 1)
    good = records(1, 3)
    forged = good[1][:-1] + bytes((good[1][-1] ^ 1,))
    taking = intake(EarlyVerification(Pipeline(store), pool).check)
    taking.start()
    arrivals = [good[0], forged, b"\xd2\x84", good[1], good[2]]
    verdicts = await asyncio.gather(
        *(taking.take(Arrival(raw, device(1), "test")) for raw in arrivals)
    )
    await taking.stop()
    assert [v.code if isinstance(v, RefusedVerdict) else "stored" for v in verdicts] == [
        "stored",
        "record.signature_invalid",
        "record.envelope_malformed",
        "stored",
        "stored",
    ]
    assert store.size() == 3
    assert store.refused_count() == 2


async def test_a_key_registered_after_the_start_is_found(
    store: GatewayStore, pool: SignaturePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_module, "_KEYS_RETRY_S", 0.0)
    taking = intake(EarlyVerification(Pipeline(store), pool).check)
    taking.start()
    register(store, 1)
    assert isinstance(await taking.take(Arrival(records(1, 1)[0], None, "test")), Stored)
    await taking.stop()


async def test_a_key_revoked_while_nothing_came_is_not_believed(
    store: GatewayStore, pool: SignaturePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(store, 1)
    taking = intake(EarlyVerification(Pipeline(store), pool).check)
    taking.start()
    first, second = records(1, 2)
    assert isinstance(await taking.take(Arrival(first, None, "test")), Stored)
    register(store, 1, until_sequence=1)
    monkeypatch.setattr(pipeline_module, "_KEYS_FRESH_S", 0.0)
    verdict = await taking.take(Arrival(second, None, "test"))
    await taking.stop()
    assert isinstance(verdict, RefusedVerdict)
    assert verdict.code == "record.key_revoked"


async def test_a_failed_batch_takes_along_what_its_senders_have_behind_it(
    store: GatewayStore,
) -> None:
    register(store, 1)
    register(store, 2)
    pipeline = Pipeline(store)
    batches = 0
    may_fail = asyncio.Event()

    async def check(arrivals: Sequence[Arrival]) -> Callable[[], list[Verdict]]:
        nonlocal batches
        batches += 1
        if batches == 1:
            await may_fail.wait()
            raise RuntimeError("this batch cannot be checked")
        return lambda: pipeline.process(arrivals)

    failing, other = Heard(), Heard()
    taking = intake(check, batch=1)
    taking.start()
    mine, theirs = records(1, 2), records(2, 2)
    taking.submit(failing, 0, Arrival(mine[0], device(1), "test"))
    taking.submit(other, 0, Arrival(theirs[0], device(2), "test"))
    taking.submit(failing, 1, Arrival(mine[1], device(1), "test"))
    taking.submit(other, 1, Arrival(theirs[1], device(2), "test"))
    await until(lambda: batches == 3)
    may_fail.set()
    await until(lambda: len(other.verdicts) == 2)
    await taking.stop()
    assert failing.is_given_up
    assert failing.verdicts == []
    assert not other.is_given_up
    assert [number for number, _ in other.verdicts] == [0, 1]
    assert store.size() == 2
    assert store.refused_count() == 0


async def test_stopping_commits_what_waits(store: GatewayStore, pool: SignaturePool) -> None:
    register(store, 1)
    sender = Heard()
    taking = intake(EarlyVerification(Pipeline(store), pool).check, batch=10)
    taking.start()
    for number, raw in enumerate(records(1, 95)):
        taking.submit(sender, number, Arrival(raw, device(1), "test"))
    await taking.stop()
    assert len(sender.verdicts) == 95
    assert store.size() == 95
    with pytest.raises(NotCommitted):
        await taking.take(Arrival(records(1, 1)[0], device(1), "test"))
