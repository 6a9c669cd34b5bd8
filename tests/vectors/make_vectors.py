"""Makes the record and receipt vectors beside it; the same bytes every time it is run.

Run it as ``python tests/vectors/make_vectors.py``; a test compares its output with the files.
The keys are published here, so nothing signed with them proves anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf
from counterfoil.gateway.log.receipt import Promise, ReceiptSigner
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import (
    Alarm,
    Body,
    DailyClosing,
    Location,
    MeterInterval,
    Refund,
    Sale,
    Status,
)
from counterfoil.gateway.record.chain_check import next_counters
from counterfoil.gateway.record.identity import DeviceId, Digest, PublicKey, parse_device_id
from counterfoil.gateway.record.record import (
    ZERO_DIGEST,
    Clock,
    Counters,
    EpochLink,
    GossipedHead,
    Record,
)
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import (
    decode,
    encode_payload,
    encode_protected,
    sign_record,
)

FOLDER = Path(__file__).resolve().parent
DEVICE = parse_device_id("urn:dev:os:32473-vj300320611")
OTHER = parse_device_id("urn:dev:os:32473-vj300320612")
START_MS = 1_704_067_200_000

BODIES: list[tuple[str, Body]] = [
    ("status", Status("running")),
    (
        "sale by card with two lines",
        Sale(
            amount_minor=550,
            currency="USD",
            payment_method="card",
            payment_reference="psp-7731-000042",
            lines=(
                SaleLine(commodity="04012345678901", quantity=2, unit_price_minor=150, slot="A1"),
                SaleLine(commodity="04012345678918", quantity=1, unit_price_minor=250, slot="B3"),
            ),
            commodity_scheme="gtin",
        ),
    ),
    ("sale in cash without lines", Sale(200, "USD", "cash")),
    (
        "refund",
        Refund(
            amount_minor=200,
            currency="USD",
            refunded_epoch=1,
            refunded_sequence=3,
            reason="nothing came out",
        ),
    ),
    (
        "meter interval",
        MeterInterval(
            START_MS,
            end_ms=START_MS + 900_000,
            energy_wh=1_250,
            register_wh=1_250,
            reactive_varh=-40,
        ),
    ),
    ("location", Location(473769000, 85417000, 12)),
    ("alarm", Alarm("door_open", "opened without a service key")),
    (
        "daily closing",
        DailyClosing(
            business_date=20240101, count=3, amount_minor=550, currency="USD", energy_wh=1_250
        ),
    ),
]


def key(number: int) -> ec.EllipticCurvePrivateKey:
    """The private key whose scalar is 0xC0FFEE + *number*."""
    return ec.derive_private_key(0xC0FFEE + number, ec.SECP256R1())


def key_entry(device: DeviceId, epoch: int, number: int, **changes: Any) -> dict[str, Any]:
    """A registered key as the vectors write it."""
    public = PublicKey.of(key(number))
    return {
        "device": device,
        "epoch": epoch,
        "x": public.x.hex(),
        "y": public.y.hex(),
        "from_sequence": 1,
        "until_sequence": None,
        "status": "active",
    } | changes


KEYS = [key_entry(DEVICE, 1, 1), key_entry(DEVICE, 2, 2), key_entry(OTHER, 1, 3)]


@dataclass
class Chain:
    """The good chain while it is built."""

    raws: list[bytes]
    records: list[Record]


def make_chain() -> Chain:
    """All kinds of body in epoch 1, then one record of epoch 2, linked."""
    chain = Chain([], [])
    for at, (_, body) in enumerate(BODIES):
        before = chain.records[-1].counters if chain.records else None
        record = Record(
            device=DEVICE,
            stream="sales",
            epoch=1,
            sequence=at + 1,
            prev=decode(chain.raws[-1]).payload_digest if chain.raws else ZERO_DIGEST,
            time_ms=START_MS + 60_000 * at,
            clock=Clock(at % 4),
            uptime_ms=5_000 + 60_000 * at,
            body=body,
            counters=next_counters(body, before),
            head=GossipedHead(70_000, Digest(bytes(range(32)))) if at == 2 else None,
        )
        chain.records.append(record)
        chain.raws.append(sign_record(record, key(1)))
    last = chain.records[-1]
    linked = replace(
        last,
        epoch=2,
        sequence=1,
        prev=decode(chain.raws[-1]).payload_digest,
        body=SALE,
        counters=next_counters(SALE, last.counters),
        link=EpochLink(1, last.sequence),
    )
    chain.records.append(linked)
    chain.raws.append(sign_record(linked, key(2)))
    return chain


SALE = Sale(200, "USD", "cash")


def tip_of(raw: bytes) -> dict[str, Any]:
    """The chain's end after *raw*, as the vectors write it."""
    signed = decode(raw)
    counters = signed.record.counters
    return {
        "device": signed.record.device,
        "epoch": signed.record.epoch,
        "sequence": signed.record.sequence,
        "payload_digest": signed.payload_digest.hex(),
        "counters": [counters.count, counters.amount_minor, counters.energy_register_wh],
    }


def sign_any(
    payload: bytes, number: int = 1, protected: bytes | None = None, device: DeviceId = DEVICE
) -> bytes:
    """A truly signed message around any payload and header."""
    header = protected
    if header is None:
        header = encode_protected(device, "sales", PublicKey.of(key(number)).kid)
    return cose.sign1(header, payload, key(number))


def bad_envelopes(raw: bytes) -> list[tuple[str, bytes, str]]:
    """Messages that fail at steps 1, 2 or 6, by their bytes alone."""
    payload = cose.split_sign1(raw).payload
    kid = PublicKey.of(key(1)).kid
    fields = cbor2.loads(payload)
    half = cose.P256_ORDER // 2

    def header(change: dict[int, Any]) -> bytes:
        return cbor2.dumps({1: -7, 4: kid, 15: {1: DEVICE, 2: "sales"}} | change)

    assert int.from_bytes(raw[-32:], "big") <= half
    return [
        ("empty", b"", "record.envelope_malformed"),
        ("cut off", raw[:-1], "record.envelope_malformed"),
        ("a byte follows", raw + b"\x00", "record.envelope_malformed"),
        ("untagged", raw[1:], "record.envelope_malformed"),
        ("tag 98 (COSE_Sign)", b"\xd8\x62" + raw[1:], "record.envelope_malformed"),
        ("indefinite array", b"\xd2\x9f" + raw[2:] + b"\xff", "record.envelope_malformed"),
        (
            "an unprotected header",
            raw.replace(b"\xa0", b"\xa1\x01\x26", 1),
            "record.envelope_malformed",
        ),
        ("over 8 KiB", sign_any(payload + bytes(8192)), "record.too_large"),
        ("version 2", sign_any(cbor2.dumps(fields | {1: 2})), "record.version_unsupported"),
        ("no payload map", sign_any(b"\x80"), "record.envelope_malformed"),
        ("algorithm ES384", sign_any(payload, 1, header({1: -35})), "record.header_malformed"),
        (
            "key id of 31 bytes",
            sign_any(payload, 1, header({4: kid[:31]})),
            "record.header_malformed",
        ),
        ("no subject", sign_any(payload, 1, header({15: {1: DEVICE}})), "record.header_malformed"),
        (
            "issuer that is no device",
            sign_any(payload, 1, header({15: {1: "urn:uuid:1", 2: "sales"}})),
            "record.header_malformed",
        ),
        ("one header more", sign_any(payload, 1, header({16: "x"})), "record.header_malformed"),
        (
            "header in another order",
            sign_any(payload, 1, cbor2.dumps({4: kid, 1: -7, 15: {1: DEVICE, 2: "sales"}})),
            "record.header_malformed",
        ),
        (
            "signature of another key",
            sign_any(payload, 2, encode_protected(DEVICE, "sales", kid)),
            "record.signature_invalid",
        ),
        ("signature of zeros", raw[:-64] + bytes(64), "record.signature_invalid"),
        (
            "r not below the group's order",
            raw[:-64] + cose.P256_ORDER.to_bytes(32, "big") + raw[-32:],
            "record.signature_invalid",
        ),
        (
            "amount changed by one",
            raw.replace(b"\x01\x18\xc8", b"\x01\x18\xc9", 1),
            "record.signature_invalid",
        ),
    ]


def bad_payloads(raw: bytes) -> list[tuple[str, bytes, str]]:
    """Messages, truly signed, that fail at step 7."""
    payload = cose.split_sign1(raw).payload
    fields: dict[int, Any] = cbor2.loads(payload)
    changes: list[tuple[str, dict[Any, Any]]] = [
        ("time before 1970", {5: -1}),
        ("time as a float", {5: 1.5}),
        ("time as true", {5: True}),
        ("clock status 4", {6: 4}),
        ("previous digest of 31 bytes", {4: bytes(31)}),
        ("kind 8", {8: 8}),
        ("a sale's body under kind refund", {8: 2}),
        ("currency in small letters", {9: {1: 200, 2: "usd", 3: "cash"}}),
        ("amount as a float", {9: {1: 2.0, 2: "USD", 3: "cash"}}),
        ("negative amount", {9: {1: -1, 2: "USD", 3: "cash"}}),
        ("amount over 2^63 - 1", {9: {1: 2**63, 2: "USD", 3: "cash"}}),
        ("amount as a bignum", {9: {1: 2**70, 2: "USD", 3: "cash"}}),
        ("a key unknown in the body", {9: {1: 200, 2: "USD", 3: "cash", 9: 0}}),
        ("no lines, but the key", {9: {1: 200, 2: "USD", 3: "cash", 5: []}}),
        ("a reference with a line break", {9: {1: 200, 2: "USD", 3: "cash", 4: "a\nb"}}),
        ("two counters", {10: {1: 2, 2: 750}}),
        ("a head without root", {11: [1]}),
        ("a link inside an epoch", {12: [1, 2]}),
        ("an unknown key", {13: 0}),
        ("a text key", {"x": 0}),
    ]
    vectors = [
        (name, sign_any(cbor2.dumps({**fields, **change})), "record.payload_malformed")
        for name, change in changes
    ]
    clock = bytes((6, fields[6]))
    encodings = [
        ("a byte after the map", payload + b"\x00"),
        ("an integer in a longer form", payload.replace(clock, bytes((6, 0x18, fields[6])), 1)),
        ("text of indefinite length", payload.replace(b"\x63USD", b"\x7f\x63USD\xff", 1)),
        ("text that is no UTF-8", payload.replace(b"\x63USD", b"\x63US\xff", 1)),
        ("a key twice", bytes((payload[0] + 1,)) + payload[1:] + b"\x0b" + cbor2.dumps(fields[11])),
        (
            "keys in another order",
            cbor2.dumps({**{k: fields[k] for k in (1, 2, 3, 5, 4)}, **fields}),
        ),
        ("a tag before the body", payload.replace(b"\x09\xa3", b"\x09\xc1\xa3", 1)),
    ]
    return vectors + [
        (name, sign_any(data), "record.payload_malformed") for name, data in encodings
    ]


def record_vectors() -> dict[str, Any]:
    """The whole document of record vectors."""
    chain = make_chain()
    good, bad = [], []
    names = [name for name, _ in BODIES] + ["first of epoch 2, linked"]
    for at, (name, raw) in enumerate(zip(names, chain.raws, strict=True)):
        signed = decode(raw)
        good.append(
            {
                "name": name,
                "raw": raw.hex(),
                "payload_digest": signed.payload_digest.hex(),
                "leaf_hash": hash_leaf(raw).hex(),
                "tip": tip_of(chain.raws[at - 1]) if at else None,
            }
        )
    cash = chain.raws[2]
    s = int.from_bytes(cash[-32:], "big")
    high = cash[:-32] + (cose.P256_ORDER - s).to_bytes(32, "big")
    before = tip_of(chain.raws[1])
    good.append(
        {
            "name": "the same with s in its high form",
            "raw": high.hex(),
            "payload_digest": decode(cash).payload_digest.hex(),
            "leaf_hash": hash_leaf(high).hex(),
            "tip": before,
        }
    )

    def add(
        name: str, raw: bytes, code: str, tip: dict[str, Any] | None = before, **more: Any
    ) -> None:
        bad.append({"name": name, "raw": raw.hex(), "tip": tip, "code": code} | more)

    for name, raw, code in [*bad_envelopes(cash), *bad_payloads(chain.raws[2])]:
        add(name, raw, code)
    record = chain.records[2]
    add(
        "another device's record",
        sign_record(replace(record, device=OTHER), key(3)),
        "record.issuer_mismatch",
    )
    add(
        "epoch without a key",
        sign_any(encode_payload(replace(record, epoch=3)), 1),
        "record.key_unknown",
    )
    for name, code, changes in (
        ("number before the key's first", "record.sequence_outside_key", {"from_sequence": 4}),
        ("number after the key's last", "record.sequence_outside_key", {"until_sequence": 2}),
        (
            "number after the revocation",
            "record.key_revoked",
            {"until_sequence": 2, "status": "revoked"},
        ),
    ):
        add(name, cash, code, keys=[key_entry(DEVICE, 1, 1, **changes)])
    add(
        "key id of another key",
        sign_any(
            encode_payload(record), 1, encode_protected(DEVICE, "sales", PublicKey.of(key(2)).kid)
        ),
        "record.key_id_mismatch",
    )
    add("a gap", chain.raws[3], "record.sequence_gap")
    add(name="a chain that begins late", raw=chain.raws[1], code="record.sequence_gap", tip=None)
    other = sign_record(replace(record, time_ms=record.time_ms + 1), key(1))
    add(
        name="a second payload under a used number",
        raw=other,
        code="record.equivocation",
        tip=tip_of(cash),
    )
    add(
        name="epoch 1 continued after epoch 2 began",
        raw=sign_record(
            replace(
                record,
                sequence=9,
                prev=decode(chain.raws[7]).payload_digest,
                counters=next_counters(record.body, chain.records[7].counters),
                head=None,
            ),
            key(1),
        ),
        code="record.epoch_closed",
        tip=tip_of(chain.raws[8]),
    )
    add(
        "another previous payload",
        sign_record(replace(record, prev=Digest(b"\x01" * 32)), key(1)),
        "record.previous_mismatch",
    )
    linked = chain.records[8]
    add(
        name="a link to another record",
        raw=sign_record(replace(linked, link=EpochLink(1, 7)), key(2)),
        code="record.epoch_link_mismatch",
        tip=tip_of(chain.raws[7]),
    )
    counters = record.counters
    for name, change in (
        ("count not raised", {"count": counters.count - 1}),
        ("amount off by one", {"amount_minor": counters.amount_minor + 1}),
        ("register moved by a sale", {"energy_register_wh": 1}),
    ):
        wrong = replace(record, counters=replace(counters, **change))
        add(name, sign_record(wrong, key(1)), "record.counters_inconsistent")
    meter = chain.records[4]
    assert isinstance(meter.body, MeterInterval)
    jump = replace(
        meter,
        body=replace(meter.body, register_wh=2_000),
        counters=Counters(meter.counters.count, meter.counters.amount_minor, 2_000),
    )
    add(
        name="a register that jumps",
        raw=sign_record(jump, key(1)),
        code="record.counters_inconsistent",
        tip=tip_of(chain.raws[3]),
    )
    return {"device": DEVICE, "keys": KEYS, "good": good, "bad": bad}


def receipt_vectors() -> dict[str, Any]:
    """A promise and a receipt for each good record, and receipts that prove nothing."""
    raws = make_chain().raws
    signer = ReceiptSigner("log.example/fleet", key(9))
    tree = MemoryTree(map(hash_leaf, raws))
    signed_root = signer.sign_root(len(raws), tree.root())
    receipts = [
        {
            "index": at,
            "raw": raw.hex(),
            "receipt": signed_root.receipt(at, tree.inclusion_proof(at)).hex(),
        }
        for at, raw in enumerate(raws)
    ]
    signed = decode(raws[2])
    promise = Promise(
        DEVICE,
        epoch=1,
        sequence=3,
        payload_digest=signed.payload_digest,
        accepted_ms=START_MS,
        deadline_ms=START_MS + 60_000,
        log_index=2,
    )
    stale = signer.sign_root(len(raws) - 1, tree.root(len(raws) - 1))
    other_key = ReceiptSigner("log.example/fleet", key(8)).sign_root(len(raws), tree.root())
    path = tree.inclusion_proof(2)
    return {
        "origin": signer.origin,
        "key": {"x": signer.public_key.x.hex(), "y": signer.public_key.y.hex()},
        "root": tree.root().hex(),
        "size": len(raws),
        "promise": {"raw": raws[2].hex(), "promise": signer.sign_promise(promise).hex()},
        "receipts": receipts,
        "bad": [
            {
                "name": "the proof of another record",
                "raw": raws[3].hex(),
                "receipt": signed_root.receipt(2, path).hex(),
            },
            {
                "name": "another index",
                "raw": raws[2].hex(),
                "receipt": signed_root.receipt(3, path).hex(),
            },
            {
                "name": "a proof into an older root",
                "raw": raws[2].hex(),
                "receipt": stale.receipt(2, path).hex(),
            },
            {
                "name": "another log's key",
                "raw": raws[2].hex(),
                "receipt": other_key.receipt(2, path).hex(),
            },
            {
                "name": "a proof cut short",
                "raw": raws[2].hex(),
                "receipt": signed_root.receipt(2, path[:-1]).hex(),
            },
            {
                "name": "a size that was not signed",
                "raw": raws[2].hex(),
                "receipt": replace(signed_root, tree_size=len(raws) + 1).receipt(2, path).hex(),
            },
        ],
    }


def documents() -> dict[str, str]:
    """The files' names and texts."""
    return {
        "records.json": json.dumps(record_vectors(), indent=1) + "\n",
        "receipts.json": json.dumps(receipt_vectors(), indent=1) + "\n",
    }


if __name__ == "__main__":
    for name, text in documents().items():
        (FOLDER / name).write_text(text)
