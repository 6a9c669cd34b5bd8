"""Heads that machines were shown: this log's pass, another log's raise an alarm, once."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session, select
from support_world import DEVICES, FIRST_MS, World

from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record.bodies import Status
from counterfoil.gateway.record.record import GossipedHead
from counterfoil.oracle.heads.gossip import GossipCheck
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.database import open_database


def test_another_logs_head_raises_an_alarm_once_and_this_logs_none(tmp_path: Path) -> None:
    world, other = World(devices=DEVICES[:2]), World(devices=DEVICES[:2], seed=9)
    world.sell(days=2)
    other.sell(days=2, sales_a_day=3)
    size = world.tree.size
    true = GossipedHead(5, world.tree.root(5))
    lies = (
        GossipedHead(7, other.tree.root(7)),
        GossipedHead(7, other.tree.root(7)),
        GossipedHead(size + 40, world.tree.root()),
    )
    for number, head in enumerate((true, *lies)):
        world.add(DEVICES[0], Status("running"), FIRST_MS + number, head)
    writer = TileWriter(tmp_path)
    writer.append(record.raw for record in world.records)
    writer.publish()
    check = GossipCheck(tmp_path)
    engine = open_database("sqlite://")
    with Session(engine) as session:
        answers = [
            check.check(session, size + number, world.records[size + number]) for number in range(4)
        ]
        session.commit()
        alarms = session.exec(select(AlarmRow)).all()
        anew = GossipCheck(tmp_path)
        for number in range(1, 4):
            assert (
                not anew.check(session, size + number, world.records[size + number]) or number == 2
            )
        session.commit()
        assert len(session.exec(select(AlarmRow)).all()) == len(alarms), (
            "not told of again after a start"
        )
    assert answers == [True, False, True, False]
    assert [alarm.code for alarm in alarms] == ["head.gossip_differs"] * 2
    assert DEVICES[0] in alarms[0].detail
    assert "was not there yet" in alarms[1].detail


def test_head_that_is_not_published_yet_is_judged_once_it_is(tmp_path: Path) -> None:
    """The tiles lag behind the records: a false head must not pass for good because it came early."""
    world, other = World(devices=DEVICES[:2]), World(devices=DEVICES[:2], seed=9)
    world.sell(days=2)
    other.sell(days=2, sales_a_day=3)
    lie = GossipedHead(7, other.tree.root(7))
    size = world.tree.size
    for number in range(2):
        world.add(DEVICES[0], Status("running"), FIRST_MS + number, lie)
    writer = TileWriter(tmp_path)
    writer.append(record.raw for record in world.records[:5])
    writer.publish()
    check = GossipCheck(tmp_path)
    with Session(open_database("sqlite://")) as session:
        assert check.check(session, size, world.records[size]), "nothing can be told yet"
        writer.append(record.raw for record in world.records[5:])
        writer.publish()
        assert not check.check(session, size + 1, world.records[size + 1])


def test_a_flipped_byte_in_the_own_tiles_raises_no_alarm(tmp_path: Path) -> None:
    world = World(devices=DEVICES[:2])
    world.sell(days=2)
    size = world.tree.size
    world.add(DEVICES[0], Status("running"), FIRST_MS, GossipedHead(5, world.tree.root(5)))
    writer = TileWriter(tmp_path)
    writer.append(record.raw for record in world.records)
    writer.publish()
    (tile,) = (tmp_path / "tile" / "0" / "000.p").iterdir()
    true = tile.read_bytes()
    engine = open_database("sqlite://")
    check = GossipCheck(tmp_path)
    with Session(engine) as session:
        for at in range(0, len(true), 16):
            tile.write_bytes(true[:at] + bytes([true[at] ^ 1]) + true[at + 1 :])
            assert check.check(session, size, world.records[size])
        session.commit()
        assert session.exec(select(AlarmRow)).all() == []
        tile.write_bytes(true)
        assert check.check(session, size, world.records[size])
