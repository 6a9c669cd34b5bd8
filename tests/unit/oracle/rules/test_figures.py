"""What a batch adds up to: counted over machines, projects and goods, in one form of bytes."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from support_world import DEVICES, FIRST_MS, World

from counterfoil.gateway.record.bodies import Body, MeterInterval, Refund, Sale, Status
from counterfoil.gateway.record.identity import DeviceId, device_hash, on_chain_id
from counterfoil.gateway.record.sale_line import SaleLine
from counterfoil.oracle.errors import InputMalformed
from counterfoil.oracle.rules.figures import (
    NO_PROJECT,
    Figures,
    GoodsFigures,
    Tally,
    decode_figures,
    differences,
)

FIRST, SECOND, METER = DEVICES[:3]
LAKESIDE = on_chain_id("lakeside")
COLA = SaleLine("cola", 2, 150)
HOUR_MS = 3_600_000
BODIES: tuple[tuple[DeviceId, Body], ...] = (
    (
        FIRST,
        Sale(
            amount_minor=300,
            currency="USD",
            payment_method="card",
            payment_reference="pay-1",
            lines=(COLA,),
        ),
    ),
    (
        SECOND,
        Sale(
            amount_minor=450,
            currency="USD",
            payment_method="cash",
            payment_reference=None,
            lines=(COLA, SaleLine("water", 1, 150)),
        ),
    ),
    (FIRST, Refund(amount_minor=300, currency="USD", refunded_epoch=1, refunded_sequence=1)),
    (
        METER,
        MeterInterval(
            start_ms=FIRST_MS, end_ms=FIRST_MS + HOUR_MS, energy_wh=1_250, register_wh=10_000
        ),
    ),
    (
        METER,
        MeterInterval(
            start_ms=FIRST_MS + HOUR_MS,
            end_ms=FIRST_MS + 2 * HOUR_MS,
            energy_wh=750,
            register_wh=10_750,
        ),
    ),
    (METER, Status("running")),
)


def project_of(device: DeviceId) -> bytes:
    return NO_PROJECT if device == METER else LAKESIDE


def figures() -> Figures:
    world = World(devices=(FIRST, SECOND, METER))
    tally = Tally()
    for number, (device, body) in enumerate(BODIES):
        tally.add(world.add(device, body, FIRST_MS + number))
    return tally.figures(10, 16, 7, project_of)


def test_takings_add_up_by_project_and_goods_and_energy_by_machine() -> None:
    (lakeside,) = figures().projects
    assert lakeside[:6] == (LAKESIDE, "USD", 2, 750, 1, 300)
    assert lakeside.goods == (GoodsFigures("cola", 4, 600), GoodsFigures("water", 1, 150))
    devices = {d.device: d[1:] for d in figures().devices}
    assert devices[device_hash(METER)] == (3, 2, 2_000)
    assert devices[device_hash(FIRST)] == (2, 0, 0)
    assert sum(records for records, _, _ in devices.values()) == len(BODIES)


def test_the_order_of_the_records_does_not_matter() -> None:
    world = World(devices=(FIRST, SECOND, METER))
    signed = [world.add(device, body, FIRST_MS) for device, body in BODIES]
    tally = Tally()
    for one in reversed(signed):
        tally.add(one)
    assert tally.figures(10, 16, 7, project_of) == figures()


def test_the_published_vector() -> None:
    """As in docs/formats/figures.md."""
    project, device = b"\1" * 32, b"\2" * 32
    raw = cbor2.dumps(
        [
            "counterfoil figures",
            1,
            10,
            16,
            7,
            [[project, "USD", 2, 750, 1, 300, [["cola", 4, 600]]]],
            [[device, 3, 2, 2000]],
        ]
    )
    found = decode_figures(raw)
    assert found.encode() == raw
    assert raw.hex() == (
        "8773636f756e746572666f696c2066696775726573010a10078187582001010101010101010101010101010101010101"
        "0101010101010101010101010163555344021902ee0119012c818364636f6c6104190258818458200202020202020202"
        "02020202020202020202020202020202020202020202020203021907d0"
    )
    assert found.digest.hex() == "7814f22cacee1754db548ecf2efa819daaed675b88e83f835e9f3712de5274a5"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x80",
        cbor2.dumps(["counterfoil figures", 2, 0, 1, 0, [], []]),
        cbor2.dumps(["counterfoil figures", 1, 0, 1, 0, []]),
        b"\x9f" + figures().encode()[1:] + b"\xff",
        figures().encode() + b"\x00",
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(InputMalformed):
        decode_figures(raw)


def test_a_wrong_total_is_named() -> None:
    mine = figures()
    (lakeside,) = mine.projects
    more = replace(mine, projects=(lakeside._replace(gross_minor=751),))
    assert list(differences(mine, more)) == [
        f"project {LAKESIDE.hex()[:16]} in USD: gross_minor 751, here 750"
    ]
    goods = (GoodsFigures("cola", 5, 600), *lakeside.goods[1:])
    more = replace(mine, projects=(lakeside._replace(goods=goods),))
    assert [d.rsplit(", ", 2)[-2:] for d in differences(mine, more)] == [
        ["goods 'cola': units 5", "here 4"]
    ]
    less = replace(mine, devices=mine.devices[1:])
    assert [d.split()[-3:] for d in differences(mine, less)] == [["is", "missing", "there"]]
    assert list(differences(mine, mine)) == []
