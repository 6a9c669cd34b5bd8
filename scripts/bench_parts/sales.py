"""Makes signed sales for the bench: one chain per device, from a counter, without randomness."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.chain_check import next_counters
from counterfoil.gateway.record.identity import DeviceId
from counterfoil.gateway.record.record import ZERO_DIGEST, Clock, Record
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.signed_record import open_envelope, payload_digest, sign_record

START_MS = 1_704_067_200_000


def sign_sales(device: DeviceId, key: ec.EllipticCurvePrivateKey, number: int) -> Iterator[bytes]:
    """*number* sales of *device*, a second apart, oldest first."""
    prev, counters = ZERO_DIGEST, None
    for at in range(number):
        body = Sale(
            amount_minor=350,
            currency="USD",
            payment_method="card",
            payment_reference=f"psp-{at:07}",
            lines=(
                SaleLine(commodity="04012345678901", quantity=1, unit_price_minor=350, slot="A1"),
            ),
            commodity_scheme="gtin",
        )
        counters = next_counters(body, counters)
        record = Record(
            device,
            stream="sales",
            epoch=1,
            sequence=at + 1,
            prev=prev,
            time_ms=START_MS + at * 1_000,
            clock=Clock.SYNCHRONISED,
            uptime_ms=at * 1_000,
            body=body,
            counters=counters,
        )
        raw = sign_record(record, key)
        prev = payload_digest(open_envelope(raw).payload)
        yield raw
