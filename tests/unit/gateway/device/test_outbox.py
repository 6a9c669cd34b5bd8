"""What the device sends next, and what it takes for an answer, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from support_record import DEVICE, SALE, private_key

from counterfoil.gateway.device.device import Device, Event
from counterfoil.gateway.device.journal import EntryState, JournalEntry
from counterfoil.gateway.device.outbox import Outbox, Retention
from counterfoil.gateway.errors import DeviceError
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner
from counterfoil.gateway.record.downlink import PromiseMessage, ReceiptMessage, RefusalMessage
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.signed_record import decode

SIGNER = ReceiptSigner("log.example/fleet", private_key(7))


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device.create(tmp_path / "device", DEVICE, "sales")
    made.append_all(Event(SALE, at) for at in range(10))
    yield made
    made.close()


def take_all(outbox: Outbox, now: float) -> list[JournalEntry]:
    taken = []
    while (entry := outbox.next_entry(now)) is not None:
        taken.append(entry)
    return taken


def test_the_oldest_go_first_and_no_more_than_the_window(device: Device) -> None:
    outbox = Outbox(device.journal, window=4)
    assert [entry.sequence for entry in take_all(outbox, 0)] == [1, 2, 3, 4]
    outbox.acknowledge(1, 0)
    assert [entry.sequence for entry in take_all(outbox, 0)] == [5]
    outbox.flush()
    assert device.journal.counts()[EntryState.ANSWERED] == 1


def test_everything_acknowledged_is_done(device: Device) -> None:
    outbox = Outbox(device.journal)
    for entry in take_all(outbox, 0):
        outbox.acknowledge(entry.number, 0)
    assert not outbox.is_done
    outbox.flush()
    assert outbox.is_done
    assert outbox.tally.acknowledged == 10


def test_what_was_under_way_at_the_end_is_sent_again(device: Device) -> None:
    take_all(Outbox(device.journal), 0)
    assert len(take_all(Outbox(device.journal), 0)) == 10


def test_a_refusal_pauses_then_begins_at_the_oldest_unanswered(device: Device) -> None:
    outbox = Outbox(device.journal, window=5, first_pause=1.0)
    entries = take_all(outbox, 0)
    outbox.acknowledge(entries[0].number, 0)
    outbox.acknowledge(entries[1].number, 0, "request.quota_exceeded")
    assert outbox.next_entry(5) is None, "what is under way has to come back first"
    for entry in entries[2:]:
        outbox.acknowledge(entry.number, 0, "record.sequence_gap")
    assert outbox.next_entry(0.5) is None
    assert [entry.sequence for entry in take_all(outbox, 1.5)] == [2, 3, 4, 5, 6]
    assert outbox.tally.last_refusal == "record.sequence_gap"


def test_pauses_grow_while_the_same_record_is_refused(device: Device) -> None:
    outbox = Outbox(device.journal, window=1, first_pause=1.0, longest_pause=5.0)
    now, pauses = 0.0, []
    entry = outbox.next_entry(now)
    for _ in range(5):
        assert entry is not None
        assert entry.sequence == 1
        outbox.acknowledge(entry.number, now, "record.key_unknown")
        began = now
        while (entry := outbox.next_entry(now)) is None:
            now += 0.25
        pauses.append(now - began)
    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_gateway_that_awaits_an_answered_record_gets_it_again(device: Device) -> None:
    outbox = Outbox(device.journal)
    entries = take_all(outbox, 0)
    for entry in entries[:6]:
        outbox.acknowledge(entry.number, 0)
    outbox.flush()
    refusal = RefusalMessage(
        raw_digest=Digest(sha256(entries[6].raw).digest()),
        code="record.sequence_gap",
        detail="",
        position=(1, 7),
        expected=(1, 3),
    )
    outbox.take_message(refusal.encode(), 0)
    for entry in entries[6:]:
        outbox.acknowledge(entry.number, 0)
    assert [entry.sequence for entry in take_all(outbox, 100)] == [3, 4, 5, 6, 7, 8, 9, 10]


def test_a_refusal_by_message_counts_though_the_broker_acknowledges(device: Device) -> None:
    outbox = Outbox(device.journal, window=1)
    entry = outbox.next_entry(0)
    assert entry is not None
    refusal = RefusalMessage(Digest(sha256(entry.raw).digest()), "record.payload_malformed", "no")
    outbox.take_message(refusal.encode(), 0)
    outbox.acknowledge(entry.number, 0)
    outbox.flush()
    assert device.journal.counts()[EntryState.ANSWERED] == 0
    assert outbox.tally.last_refusal == "record.payload_malformed"


def test_a_refusal_after_the_acknowledgement_brings_the_record_back(device: Device) -> None:
    outbox = Outbox(device.journal)
    entries = take_all(outbox, 0)
    for entry in entries:
        outbox.acknowledge(entry.number, 0)
    outbox.flush()
    assert outbox.is_done
    refusal = RefusalMessage(
        raw_digest=Digest(sha256(entries[7].raw).digest()),
        code="record.key_unknown",
        detail="",
        position=(1, 8),
    )
    outbox.take_message(refusal.encode(), 0)
    assert [entry.sequence for entry in take_all(outbox, 100)] == [8, 9, 10]


def promise_for(raw: bytes) -> bytes:
    signed = decode(raw)
    record = signed.record
    promise = Promise(
        DEVICE,
        record.epoch,
        record.sequence,
        payload_digest=signed.payload_digest,
        accepted_ms=1,
        deadline_ms=2,
        log_index=0,
    )
    return PromiseMessage(SIGNER.sign_promise(promise)).encode()


def test_under_promise_only_a_true_promise_lets_records_go(device: Device) -> None:
    outbox = Outbox(device.journal, Retention.PROMISE, SIGNER.public_key)
    entries = take_all(outbox, 0)
    for entry in entries:
        outbox.acknowledge(entry.number, 0)
    outbox.flush()
    assert device.journal.counts()[EntryState.SENT] == 10
    outbox.take_message(b"noise", 0)
    stranger = ReceiptSigner("log.example/fleet", private_key(8))
    forged = Promise(
        DEVICE,
        epoch=1,
        sequence=10,
        payload_digest=decode(entries[9].raw).payload_digest,
        accepted_ms=1,
        deadline_ms=2,
    )
    outbox.take_message(PromiseMessage(stranger.sign_promise(forged)).encode(), 0)
    assert outbox.tally.unbelieved == 2
    assert device.journal.counts()[EntryState.SENT] == 10
    outbox.take_message(promise_for(entries[6].raw), 0)
    assert device.journal.counts() == {
        EntryState.UNSENT: 0,
        EntryState.SENT: 3,
        EntryState.ANSWERED: 7,
    }
    outbox.take_message(promise_for(entries[9].raw), 0)
    assert outbox.is_done


def test_under_receipt_a_promise_is_not_enough(device: Device) -> None:
    outbox = Outbox(device.journal, Retention.RECEIPT, SIGNER.public_key, answer_timeout=10)
    entries = take_all(outbox, 0)
    for entry in entries:
        outbox.acknowledge(entry.number, 0)
    outbox.take_message(promise_for(entries[9].raw), 0)
    assert not outbox.is_done
    tree = MemoryTree(hash_leaf(entry.raw) for entry in entries)
    receipt = SIGNER.sign_root(10, tree.root()).receipt(9, tree.inclusion_proof(9))
    outbox.take_message(ReceiptMessage(receipt, 1, 9).encode(), 0)
    assert outbox.tally.unbelieved == 1, "it proves record 10, not 9"
    outbox.take_message(ReceiptMessage(receipt, 1, 10).encode(), 0)
    assert outbox.is_done
    assert outbox.head is not None
    assert (outbox.head.size, outbox.head.root) == (10, tree.root())


def test_what_nobody_answers_for_is_sent_again(device: Device) -> None:
    outbox = Outbox(device.journal, Retention.RECEIPT, SIGNER.public_key, answer_timeout=10)
    for entry in take_all(outbox, 0):
        outbox.acknowledge(entry.number, 0)
    outbox.flush()
    assert take_all(outbox, 5) == []
    assert take_all(outbox, 11) == []
    assert len(take_all(outbox, 11)) == 10


def test_retention_beyond_the_broker_needs_the_gateways_key(device: Device) -> None:
    with pytest.raises(DeviceError):
        Outbox(device.journal, Retention.RECEIPT)
