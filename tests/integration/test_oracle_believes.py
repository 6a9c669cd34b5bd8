"""What the oracle believes of the gateway's store: no key in it, and no record whose key the registry lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select
from support_chain import deployed_world
from support_oracle import OracleHouse
from support_world import DEVICES, FIRST_MS, World, private_key

from counterfoil.gateway.record.bodies import Status
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.verification import DeviceKey
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.run.process_parts import OracleParts
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.head_tables import SlotRow

pytestmark = pytest.mark.integration

OURS, STRANGER = DEVICES[:2], DEVICES[2]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OracleHouse]:
    world = World(devices=DEVICES[:3])
    world.devices = OURS
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path, world=world)
        yield house
        house.engine.dispose()


def test_log_waits_for_a_key_and_goes_on_once_it_is_registered(house: OracleHouse) -> None:
    for number, device in enumerate((OURS[0], STRANGER, OURS[1])):
        house.world.add(device, Status("running"), FIRST_MS + number)
    house.keep()
    parts = house.parts()
    while not anchored(house):
        step_all(parts)
    for _ in range(5):
        step_all(parts)
    assert anchored(house) == [1]
    parts = house.parts()  # as after a start
    for _ in range(3):
        step_all(parts)
    assert alarms(house) == ["head.key_awaited"]
    house.register(STRANGER)
    house.run_until_quiet(parts)
    assert anchored(house)[-1] == 3
    assert house.on_chain("RecordAnchor", "HeadAnchored")[-1]["root"] == house.world.tree.root()
    assert alarms(house) == ["head.key_awaited"], "told of once"


def test_key_in_the_gateways_store_that_is_not_the_registrys_signs_nothing(
    house: OracleHouse,
) -> None:
    victim, thief = OURS[0], private_key(500)
    true = house.world.keys[victim]
    house.world.add(victim, Status("running"), FIRST_MS)
    house.world.keys[victim] = thief
    house.world.add(victim, Status("running"), FIRST_MS + 1)
    house.keep()
    parts = house.parts()
    for _ in range(3):
        parts.steps["feed"]()
    parts.steps["keys"]()
    house.store.put_device_key(DeviceKey(victim, 1, PublicKey.of(thief)), bytes(32))
    for _ in range(3):
        parts.steps["batch"]()
    assert alarms(house) == ["log.record_not_believed"]
    assert house.on_chain("RecordAnchor", "HeadAnchored") == []
    after_a_start(house).steps["keys"]()
    assert house.store.device_keys()[victim, 1].key == PublicKey.of(true), "mended"


def test_head_writes_the_slots_that_it_changed_and_no_others(house: OracleHouse) -> None:
    for number, device in enumerate(OURS):
        house.world.add(device, Status("running"), FIRST_MS + number)
    house.keep()
    house.run_until_quiet(house.parts())
    parts, written = house.parts(), []

    def note(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        if "slot" in statement.split() and not statement.startswith("SELECT"):
            written.append((statement.split(maxsplit=1)[0], parameters))

    database = parts.engine
    event.listen(database, "before_cursor_execute", note)
    house.world.add(OURS[1], Status("running"), FIRST_MS + 2)
    house.keep()
    house.run_until_quiet(parts)
    assert [verb for verb, _ in written] == ["UPDATE"]
    with Session(house.reads) as session:
        kept = session.exec(select(SlotRow).order_by(col(SlotRow.position))).all()
    tips = [house.world.tips[device] for device in OURS]
    assert [(s.position, s.device, s.sequence, s.payload_digest) for s in kept] == [
        (at, tip.device, tip.sequence, tip.payload_digest.hex()) for at, tip in enumerate(tips)
    ]


def anchored(house: OracleHouse) -> list[int]:
    """The sizes of the heads on chain."""
    return [head["size"] for head in house.on_chain("RecordAnchor", "HeadAnchored")]


def alarms(house: OracleHouse) -> list[str]:
    with Session(house.reads) as session:
        return list(session.exec(select(AlarmRow.code).order_by(col(AlarmRow.id))))


def after_a_start(house: OracleHouse) -> OracleParts:
    """The oracle's parts as a new process has them, with what was read of the chain."""
    parts = house.parts()
    parts.steps["feed"]()
    return parts
