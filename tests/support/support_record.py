"""Records, keys and chains for tests: deterministic, so that a failure reads the same twice."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.record.bodies import Body, Sale
from counterfoil.gateway.record.chain_check import ChainTip, next_counters
from counterfoil.gateway.record.identity import DeviceId, PublicKey, parse_device_id
from counterfoil.gateway.record.record import ZERO_DIGEST, Clock, Record
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import encode_payload, payload_digest, sign_record
from counterfoil.gateway.record.verification import DeviceKey, KeyRing

DEVICE = parse_device_id("urn:dev:os:32473-vj300320611")
OTHER_DEVICE = parse_device_id("urn:dev:os:32473-vj300320612")
START_MS = 1_700_000_000_000
SALE = Sale(
    amount_minor=350,
    currency="USD",
    payment_method="card",
    payment_reference="ref-1234567",
    lines=(SaleLine(commodity="04012345678901", quantity=1, unit_price_minor=350, slot="A1"),),
    commodity_scheme="gtin",
)


def private_key(number: int = 1) -> ec.EllipticCurvePrivateKey:
    """The P-256 key whose secret scalar follows from *number*: for tests only."""
    return ec.derive_private_key(0xC0FFEE + number, ec.SECP256R1())


def key_ring(device: DeviceId = DEVICE, *keys: ec.EllipticCurvePrivateKey) -> KeyRing:
    """A ring with *keys* as the device's epochs 1, 2, …; by default one key for epoch 1."""
    return {
        (device, epoch): DeviceKey(device, epoch, PublicKey.of(key))
        for epoch, key in enumerate(keys or (private_key(),), start=1)
    }


def first_record(body: Body = SALE, device: DeviceId = DEVICE) -> Record:
    """The record with which a device's chain begins."""
    return Record(
        device=device,
        stream="sales",
        epoch=1,
        sequence=1,
        prev=ZERO_DIGEST,
        time_ms=START_MS,
        clock=Clock.SYNCHRONISED,
        uptime_ms=1_000,
        body=body,
        counters=next_counters(body, None),
    )


def tip_of(record: Record) -> ChainTip:
    """The chain's end after *record*."""
    digest = payload_digest(encode_payload(record))
    return ChainTip(
        record.device,
        record.epoch,
        record.sequence,
        payload_digest=digest,
        counters=record.counters,
    )


def next_record(tip: ChainTip, body: Body = SALE) -> Record:
    """The record that continues *tip* with *body*."""
    return Record(
        device=tip.device,
        stream="sales",
        epoch=tip.epoch,
        sequence=tip.sequence + 1,
        prev=tip.payload_digest,
        time_ms=START_MS + 1_000 * tip.sequence,
        clock=Clock.SYNCHRONISED,
        uptime_ms=1_000 * (tip.sequence + 1),
        body=body,
        counters=next_counters(body, tip.counters),
    )


def chain(
    bodies: Iterable[Body], device: DeviceId = DEVICE, key: ec.EllipticCurvePrivateKey | None = None
) -> list[bytes]:
    """Signed records, one for each of *bodies*, as one chain in epoch 1."""
    signer = key or private_key()
    raws: list[bytes] = []
    tip: ChainTip | None = None
    for body in bodies:
        record = first_record(body, device) if tip is None else next_record(tip, body)
        raws.append(sign_record(record, signer))
        tip = tip_of(record)
    return raws
