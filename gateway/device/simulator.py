"""Simulated machines: sales and meter intervals that look real, and are marked as simulated.

Rules kept here:

* The same seed gives the same events on any day.
* Every payment reference and commodity begins with ``SIM``, so that nothing simulated can be taken
  for real. The shapes (hours of trade, prices, share of cards, load of a workshop) are assumptions
  about small vending machines and a small factory's main meter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from counterfoil.gateway.device.device import Event
from counterfoil.gateway.record.bodies import DailyClosing, MeterInterval, Refund, Sale, Status
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.gateway.record.utc_date import midnight_ms

_HOURS = (1, 1, 0, 0, 0, 1, 3, 8, 10, 9, 9, 11, 14, 11, 9, 8, 9, 10, 8, 6, 5, 4, 3, 2)
_GOODS = (
    ("SIM-WATER", 150, 8),
    ("SIM-COLA", 200, 6),
    ("SIM-CRISPS", 175, 4),
    ("SIM-BAR", 125, 4),
    ("SIM-COFFEE", 250, 5),
)
_WORKSHOP_KW = (2, 2, 2, 2, 2, 3, 8, 24, 38, 41, 42, 36, 20, 37, 42, 41, 38, 26, 9, 4, 3, 2, 2, 2)


@dataclass(frozen=True, slots=True)
class VendingShape:
    """How a simulated vending machine trades: on average *sales_a_day*, in *currency*."""

    sales_a_day: int = 40
    card_share: float = 0.6
    refund_share: float = 0.01
    currency: str = "USD"


def simulate_vending(
    seed: str, first_day: date, days: int, shape: VendingShape | None = None
) -> Iterator[Event]:
    """Yield *days* of a simulated machine's life in time order, each day ended by its closing.

    Refunds name a sale by its place in this sequence, which is right for a device whose first record
    is the first event, in epoch 1.
    """
    shape = shape or VendingShape()
    random = Random(f"vending {seed}")  # noqa: S311  # a simulation, no secret
    sequence = 1
    yield Event(Status("running", "simulated"), midnight_ms(first_day))
    for offset in range(days):
        day = first_day + timedelta(days=offset)
        midnight = midnight_ms(day)
        weekday_factor = 0.6 if day.weekday() >= 5 else 1.1
        number = max(1, round(random.gauss(shape.sales_a_day * weekday_factor, 4)))
        hours = random.choices(range(24), weights=_HOURS, k=number)
        times = sorted(midnight + hour * 3_600_000 + random.randrange(3_500_000) for hour in hours)
        count = amount = 0
        for time_ms in times:
            sale = _simulated_sale(random, seed, sequence=sequence + 1, shape=shape)
            sequence += 1
            count, amount = count + 1, amount + sale.amount_minor
            yield Event(sale, time_ms)
            if random.random() < shape.refund_share:
                refund = Refund(
                    sale.amount_minor,
                    sale.currency,
                    refunded_epoch=1,
                    refunded_sequence=sequence,
                    reason="nothing came out (simulated)",
                    payment_reference=sale.payment_reference,
                )
                sequence += 1
                count, amount = count + 1, amount - refund.amount_minor
                yield Event(refund, time_ms + 20_000)
        sequence += 1
        closing = DailyClosing(
            business_date=int(f"{day:%Y%m%d}"),
            count=count,
            amount_minor=amount,
            currency=shape.currency,
            energy_wh=0,
        )
        yield Event(closing, midnight + 86_399_000)


def _simulated_sale(random: Random, seed: str, sequence: int, shape: VendingShape) -> Sale:
    pieces = 2 if random.random() < 0.08 else 1
    chosen = random.choices(range(len(_GOODS)), weights=[good[2] for good in _GOODS], k=pieces)
    lines = tuple(
        SaleLine(
            commodity=_GOODS[at][0], quantity=1, unit_price_minor=_GOODS[at][1], slot=f"A{at + 1}"
        )
        for at in chosen
    )
    by_card = random.random() < shape.card_share
    return Sale(
        amount_minor=sum(line.unit_price_minor for line in lines),
        currency=shape.currency,
        payment_method="card" if by_card else "cash",
        payment_reference=f"SIM-{seed}-{sequence:06}" if by_card else None,
        lines=lines,
        commodity_scheme="own",
    )


def simulate_meter(
    seed: str, first_day: date, days: int, register_wh: int = 0, minutes: int = 15
) -> Iterator[Event]:
    """Yield the intervals of a simulated factory meter, from *register_wh* on."""
    random = Random(f"meter {seed}")  # noqa: S311  # a simulation, no secret
    for offset in range(days):
        day = first_day + timedelta(days=offset)
        midnight = midnight_ms(day)
        idle = day.weekday() >= 5
        for start in range(0, 24 * 60, minutes):
            load_kw = 2 if idle else _WORKSHOP_KW[start // 60]
            energy_wh = int(load_kw * 1000 * minutes / 60 * random.uniform(0.8, 1.2))
            register_wh += energy_wh
            start_ms, end_ms = midnight + start * 60_000, midnight + (start + minutes) * 60_000
            yield Event(MeterInterval(start_ms, end_ms, energy_wh, register_wh), end_ms)
