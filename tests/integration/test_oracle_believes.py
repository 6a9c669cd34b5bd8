"""What the oracle believes of the gateway's store: no key in it, and no record whose key the registry lacks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select
from support_chain import deployed_world
from support_oracle import OracleHouse
from support_world import DEVICES, FIRST_MS, World, private_key

from counterfoil.chain import anchored_heads
from counterfoil.chain.anchored_heads import first_head_over, head_in_block, newest_head
from counterfoil.chain.errors import ContractReverted
from counterfoil.chain.hexadecimal import from_hex
from counterfoil.chain.tables import TransactionRow
from counterfoil.gateway.logfiles.fill import fill
from counterfoil.gateway.logfiles.log_floor import read_floor
from counterfoil.gateway.logfiles.tiles import read_folder, read_size
from counterfoil.gateway.record.bodies import Status
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.verification import DeviceKey
from counterfoil.gateway.store.tables import StoredRecord
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.run.composition import OracleParts
from counterfoil.oracle.run.loop import step_all
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.head_tables import SlotRow

pytestmark = pytest.mark.integration

OURS, STRANGER = DEVICES[:2], DEVICES[2]
RECORD = StoredRecord.__table__  # type: ignore[attr-defined]


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
    assert alarms(house) == ["head.key_awaited"], "told of once"
    house.register(STRANGER)
    house.run_until_quiet(parts)
    assert anchored(house)[-1] == 3
    assert house.on_chain("RecordAnchor", "HeadAnchored")[-1]["root"] == house.world.tree.root()
    assert alarms(house) == [], "over with its cause"


def test_each_projected_head_is_what_the_contract_keeps_the_hash_of(
    house: OracleHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one field changed is not: whoever has a row can bring its head to a contract."""
    parts = house.parts()
    for number in range(3):
        house.world.add(OURS[0], Status("running"), FIRST_MS + number)
        house.keep()
        house.run_until_quiet(parts)
    client = house.chain.client
    with Session(house.engine) as session:
        rows = session.exec(select(AnchoredHeadRow).order_by(col(AnchoredHeadRow.size))).all()
    assert [(row.size, row.previous_size) for row in rows] == [(1, 0), (2, 1), (3, 2)]
    for row in rows:
        fields = {
            **{
                name: from_hex(getattr(row, name)) for name in ("root", "state", "figures", "annex")
            },
            "size": row.size,
            "previousSize": row.previous_size,
        }
        block = client.block(row.block_number)
        assert block is not None
        assert client.call("RecordAnchor", "requireHead", fields) == block.timestamp
        assert head_in_block(client, row.size, row.block_number) == fields
        for blocks in (7, 5_000):
            monkeypatch.setattr(anchored_heads, "_RANGE", blocks)
            assert first_head_over(client, row.size - 1, 0) == fields
        for name in ("root", "state", "figures", "annex"):
            changed = {**fields, name: sha256(b"another").digest()}
            with pytest.raises(ContractReverted, match="HeadConflicts"):
                client.call("RecordAnchor", "requireHead", changed)
    assert first_head_over(client, 3, 0) is None, "no head covers what is not there"
    assert newest_head(client) == fields


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
        parts.steps["log"]()
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


def test_a_log_that_stopped_goes_on_by_itself_once_the_record_is_mended(house: OracleHouse) -> None:
    """Nothing from the record on is anchored meanwhile, and no restart is needed."""
    for number in range(3):
        house.world.add(OURS[0], Status("running"), FIRST_MS + number)
    house.keep()
    raw = house.world.records[1].raw
    altered = raw[:-1] + bytes([raw[-1] ^ 1])
    write_over(house, 1, altered)
    parts = house.parts()
    while not alarms(house):
        step_all(parts)
    assert alarms(house) == ["log.record_not_believed"]
    while parts.believed.anchored < 1:
        step_all(parts)
    assert anchored(house) == [1]
    write_over(house, 1, raw)
    parts = after_a_start(house)
    assert alarms(house) == ["log.record_not_believed"], "a start alone ends nothing"
    house.run_until_quiet(parts)
    assert alarms(house) == []
    assert anchored(house)[-1] == 3
    assert house.on_chain("RecordAnchor", "HeadAnchored")[-1]["root"] == house.world.tree.root()


def test_a_store_that_ends_before_the_log_is_said_and_nothing_is_signed(house: OracleHouse) -> None:
    """As after an older backup of the gateway's store was put back."""
    house.world.add(OURS[0], Status("running"), FIRST_MS)
    house.world.add(OURS[1], Status("running"), FIRST_MS)
    house.keep()
    house.run_until_quiet(house.parts())
    heads = anchored(house)
    with house.store.engine.begin() as connection:
        connection.execute(RECORD.delete().where(RECORD.c.log_index == 1))
    parts = house.parts()
    for _ in range(5):
        step_all(parts)
    assert alarms(house) == ["log.store_behind"]
    assert anchored(house) == heads
    assert read_size(house.folder / "tiles")[0] == 2, "what the log holds stays in the tiles"
    assert fill(house.store, read_folder(house.folder / "tiles")).added == 1
    house.world.add(OURS[0], Status("running"), FIRST_MS + 1)
    house.keep()
    house.run_until_quiet(parts)
    assert anchored(house)[-1] == 3
    assert house.on_chain("RecordAnchor", "HeadAnchored")[-1]["root"] == house.world.tree.root()


def test_a_store_and_tiles_that_both_end_before_the_newest_head_are_said(
    house: OracleHouse, tmp_path: Path
) -> None:
    """As after all files were put back, and the chain is a network. The gateway takes nothing until it is filled."""
    house.world.add(OURS[0], Status("running"), FIRST_MS)
    house.keep()
    house.run_until_quiet(house.parts())
    tiles = house.folder / "tiles"
    shutil.copytree(tiles, tmp_path / "older")
    house.world.add(OURS[1], Status("running"), FIRST_MS)
    house.keep()
    house.run_until_quiet(house.parts())
    tiles.rename(tmp_path / "newer")
    (tmp_path / "older").rename(tiles)
    with house.store.engine.begin() as connection:
        connection.execute(RECORD.delete().where(RECORD.c.log_index == 1))
    parts = house.parts()
    for _ in range(5):
        step_all(parts)
    assert alarms(house) == ["log.store_behind"]
    assert read_floor(tiles) == 2
    assert fill(house.store, read_folder(tmp_path / "newer")).added == 1
    house.world.add(OURS[0], Status("running"), FIRST_MS + 1)
    house.keep()
    house.run_until_quiet(parts)
    assert anchored(house)[-1] == 3
    assert house.on_chain("RecordAnchor", "HeadAnchored")[-1]["root"] == house.world.tree.root()


@pytest.mark.parametrize("name", ["tree-size", "tile/0/000.p/3", "tile/entries/000.p/3"])
@pytest.mark.parametrize("is_gone", [True, False])
def test_tiles_that_are_damaged_or_gone_are_made_again(
    house: OracleHouse, name: str, is_gone: bool
) -> None:
    for number in range(3):
        house.world.add(OURS[0], Status("running"), FIRST_MS + number)
        house.keep()
        house.run_until_quiet(house.parts())
    file = house.folder / "tiles" / name
    whole = file.read_bytes()
    if is_gone:
        file.unlink()
    else:
        file.write_bytes(b"?" + whole[1:])
    parts = house.parts()
    while parts.believed.anchored < 3:
        step_all(parts)
    assert file.read_bytes() == whole
    house.world.add(OURS[1], Status("running"), FIRST_MS)
    house.keep()
    house.run_until_quiet(parts)
    assert anchored(house)[-1] == 4


def test_a_refused_head_is_sent_again_and_the_third_refusal_is_told(house: OracleHouse) -> None:
    """The committee names another signer each time while the signed head is on its way, and this one again."""
    house.world.add(OURS[0], Status("running"), FIRST_MS)
    house.keep()
    parts = house.parts()
    mine, other = house.chain.signer("oracle").address, house.chain.signer("guardian").address
    for times in range(1, 4):
        while not parts.steps["head"]():
            for name in ("feed", "log"):
                parts.steps[name]()
        house.chain.decide("RecordAnchor", "setQuorum", [other], 1)
        while len(refusals(house)) < times:
            parts.steps["sender"]()
        house.chain.decide("RecordAnchor", "setQuorum", [mine], 1)
    assert alarms(house) == []
    while not alarms(house):
        step_all(parts)
    assert alarms(house) == refusals(house)[:1], "told at the third"
    house.run_until_quiet(parts)
    assert anchored(house) == [1]
    assert alarms(house) == [], "it has taken effect"


def test_who_signs_alone_brings_no_web_server() -> None:
    """Its start would take a second longer."""
    said = "import sys, counterfoil.oracle.run.loop as _; print({'fastapi', 'uvicorn'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def refusals(house: OracleHouse) -> list[str | None]:
    """Why transactions were refused."""
    with Session(house.reads) as session:
        query = select(TransactionRow.error_code).where(TransactionRow.status == "failed")
        return list(session.exec(query))


def write_over(house: OracleHouse, log_index: int, raw: bytes) -> None:
    """Put other bytes into the gateway's store, as somebody with its file could."""
    with house.store.engine.begin() as connection:
        row = RECORD.update().where(RECORD.c.log_index == log_index)
        connection.execute(row.values(raw=raw))


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
