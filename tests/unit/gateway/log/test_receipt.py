"""Promises, receipts and the messages that carry them: good ones hold, changed ones do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cbor2
import pytest
from support_record import DEVICE, OTHER_DEVICE, SALE, chain, private_key

from counterfoil.gateway.errors import ReceiptError
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner, verify_promise, verify_receipt
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.downlink import (
    PromiseMessage,
    ReceiptMessage,
    RefusalMessage,
    decode_message,
    receipt_topic,
    record_topic,
)
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.signed_record import decode

SIGNER = ReceiptSigner("log.example/fleet", private_key(7))
KEY = SIGNER.public_key
RECORDS = chain([SALE] * 11)
TREE = MemoryTree(map(hash_leaf, RECORDS))
PROMISE = Promise(
    DEVICE,
    epoch=1,
    sequence=4,
    payload_digest=decode(RECORDS[3]).payload_digest,
    accepted_ms=1_700_000_000_000,
    deadline_ms=1_700_000_060_000,
    log_index=3,
)


def receipt_of(index: int, size: int = 11) -> bytes:
    signed_root = SIGNER.sign_root(size, TREE.root(size))
    return signed_root.receipt(index, TREE.inclusion_proof(index, size))


@pytest.mark.parametrize("promise", [PROMISE, replace(PROMISE, log_index=None)])
def test_a_promise_is_read_back_and_covers_its_record(promise: Promise) -> None:
    data = SIGNER.sign_promise(promise)
    assert verify_promise(data, KEY) == (promise, "log.example/fleet")
    assert promise.covers(decode(RECORDS[3]))
    assert not promise.covers(decode(RECORDS[4]))
    for change in (
        {"device": OTHER_DEVICE},
        {"epoch": 2},
        {"sequence": 5},
        {"payload_digest": Digest(bytes(32))},
    ):
        assert not replace(promise, **change).covers(decode(RECORDS[3]))  # type: ignore[arg-type]


def test_a_promise_by_another_key_or_with_any_changed_byte_is_refused() -> None:
    data = SIGNER.sign_promise(PROMISE)
    with pytest.raises(ReceiptError):
        verify_promise(data, PublicKey.of(private_key(8)))
    for at in range(len(data)):
        with pytest.raises(ReceiptError):
            verify_promise(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :], KEY)


@pytest.mark.parametrize("size", [1, 2, 5, 8, 11])
def test_a_receipt_proves_its_record_at_every_size(size: int) -> None:
    for index in range(size):
        receipt = verify_receipt(receipt_of(index, size), RECORDS[index], KEY)
        assert (receipt.log_index, receipt.tree_size) == (index, size)
        assert receipt.root == TREE.root(size)
        assert receipt.origin == "log.example/fleet"


def test_a_receipt_is_a_cose_receipt_of_rfc_9942() -> None:
    message = cbor2.loads(receipt_of(4))
    assert message.tag == 18
    protected, unprotected, payload, _ = message.value
    header = cbor2.loads(protected)
    assert (header[1], header[395]) == (-7, 1)
    assert payload is None
    assert list(unprotected) == [396]
    size, index, path = cbor2.loads(unprotected[396][-1][0])
    assert (size, index, path) == (11, 4, TREE.inclusion_proof(4))


def test_a_receipt_does_not_prove_another_record() -> None:
    with pytest.raises(ReceiptError):
        verify_receipt(receipt_of(4), RECORDS[5], KEY)
    with pytest.raises(ReceiptError):
        verify_receipt(receipt_of(4), RECORDS[4], PublicKey.of(private_key(8)))


def test_a_receipt_with_any_changed_byte_is_refused() -> None:
    data = receipt_of(4)
    for at in range(len(data)):
        with pytest.raises(ReceiptError):
            verify_receipt(data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :], RECORDS[4], KEY)
    for cut in (data[:-1], data + b"\x00", b"", b"\xd2\x84"):
        with pytest.raises(ReceiptError):
            verify_receipt(cut, RECORDS[4], KEY)


def test_a_receipt_for_another_size_than_signed_is_refused() -> None:
    signed_root = replace(SIGNER.sign_root(11, TREE.root(11)), tree_size=12)
    with pytest.raises(ReceiptError):
        verify_receipt(signed_root.receipt(10, TREE.inclusion_proof(10)), RECORDS[10], KEY)


@pytest.mark.parametrize("length", [0, 256])
def test_an_origin_has_1_to_255_characters(length: int) -> None:
    claims = {1: "é" * length, 2: DEVICE}
    longest = ReceiptSigner("é" * 255, private_key(7))
    data = longest.sign_promise(PROMISE)
    assert verify_promise(data, KEY) == (PROMISE, "é" * 255)
    with pytest.raises(ReceiptError, match="origin"):
        ReceiptSigner("é" * length, private_key(7))
    protected = cbor2.dumps({1: -7, 4: KEY.kid, 15: claims})
    with pytest.raises(ReceiptError, match="origin"):
        verify_promise(cose.sign1(protected, cose.split_sign1(data).payload, private_key(7)), KEY)


def test_a_promise_of_another_form_is_refused_though_it_is_signed() -> None:
    parts = cose.split_sign1(SIGNER.sign_promise(PROMISE))
    header, payload = parts.protected, parts.payload

    def verified(header: bytes, payload: bytes) -> Promise:
        return verify_promise(cose.sign1(header, payload, private_key(7)), KEY)[0]

    without_index = b"\xa6" + payload[1:-2]
    assert payload[-2:] == b"\x07\x03"
    assert verified(header, payload) == PROMISE
    assert verified(header, without_index) == replace(PROMISE, log_index=None)
    for other in (header + b"\0", b"\xa4" + header[1:], b"\xa2" + header[1:]):
        with pytest.raises(ReceiptError, match="header"):
            verified(other, payload)
    for other in (payload + b"\0", *(bytes((0xA0 | n,)) + without_index[1:] for n in (0, 5, 8))):
        with pytest.raises(ReceiptError, match="payload"):
            verified(header, other)


def test_a_receipt_with_another_header_is_refused_though_it_is_signed() -> None:
    signed_root = SIGNER.sign_root(11, TREE.root(11))

    def verified(change: Callable[[bytes], bytes]) -> int:
        protected = change(signed_root.protected)
        signature = cose.sign(cose.signed_bytes(protected, signed_root.root), private_key(7))
        changed = replace(signed_root, protected=protected, signature=signature)
        receipt = verify_receipt(changed.receipt(4, TREE.inclusion_proof(4)), RECORDS[4], KEY)
        return receipt.log_index

    assert verified(bytes) == 4
    size = cbor2.dumps(-65_537)
    for change in (
        lambda header: b"\xa4" + header[1:].replace(b"\x0f\xa1", b"\x0f\xa2", 1),
        lambda header: header.replace(b"\x19\x01\x8b\x01", b"\x19\x01\x8b\x02"),
        lambda header: header.replace(b"\x19\x01\x8b\x01", b"\x19\x01\x8a\x01"),
        lambda header: header.replace(size, cbor2.dumps(-65_538)),
        lambda header: header + b"\0",
        lambda header: header.replace(KEY.kid, bytes(32)),
    ):
        assert change(signed_root.protected) != signed_root.protected
        with pytest.raises(ReceiptError):
            verified(change)


def test_a_receipt_at_a_million_records_stays_under_900_bytes() -> None:
    size = 1_000_000
    path = [bytes((level,)) * 32 for level in range((size - 1).bit_length())]
    data = SIGNER.sign_root(size, Digest(bytes(32))).receipt(size - 1, path)
    assert len(data) <= 900


MESSAGES = [
    PromiseMessage(SIGNER.sign_promise(PROMISE)),
    ReceiptMessage(receipt_of(4), 1, 5),
    RefusalMessage(Digest(bytes(32)), "record.envelope_malformed", "it is cut off"),
    RefusalMessage(
        raw_digest=Digest(bytes(32)),
        code="record.sequence_gap",
        detail="expected 1/2",
        position=(1, 9),
        expected=(1, 2),
    ),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_are_read_back(
    message: PromiseMessage | ReceiptMessage | RefusalMessage,
) -> None:
    data = message.encode()
    assert decode_message(data) == message
    decoded = cbor2.loads(data)
    assert cbor2.dumps(decoded, canonical=True) == data
    for cut in (data[:-1], data + b"\x00", b"", b"\xa0", b"\xa2\x01\x02\x02\x01"):
        with pytest.raises(ReceiptError):
            decode_message(cut)


def test_topics_name_the_device() -> None:
    assert record_topic(DEVICE) == f"v1/{DEVICE}/rec"
    assert receipt_topic(DEVICE) == f"v1/{DEVICE}/rcpt"
