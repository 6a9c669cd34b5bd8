"""Signed sales to measure with: each device's as one chain, made from a counter and nothing random."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.record.bodies import Sale, SaleLine
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.signed_record import (
    ZERO_DIGEST,
    Clock,
    Record,
    open_envelope,
    payload_digest,
    sign_record,
)
from counterfoil.gateway.record.verification import next_counters

START_MS = 1_704_067_200_000


def sign_sales(device: DeviceId, key: ec.EllipticCurvePrivateKey, number: int) -> Iterator[bytes]:
    """*number* sales of *device*, a second apart, oldest first."""
    prev, counters = ZERO_DIGEST, None
    for at in range(number):
        body = Sale(
            350, "USD", "card", f"psp-{at:07}", (SaleLine("04012345678901", 1, 350, "A1"),), "gtin"
        )
        counters = next_counters(body, counters)
        record = Record(
            device,
            "sales",
            1,
            at + 1,
            prev,
            START_MS + at * 1_000,
            Clock.SYNCHRONISED,
            at * 1_000,
            body,
            counters,
        )
        raw = sign_record(record, key)
        prev = payload_digest(open_envelope(raw).payload)
        yield raw
