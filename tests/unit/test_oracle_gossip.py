"""Heads that machines were shown: this log's pass, another log's raise an alarm, once."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session, select
from support_world import DEVICES, FIRST_MS, World

from counterfoil.gateway.bodies import Status
from counterfoil.gateway.log.tiles import TileWriter
from counterfoil.gateway.record import GossipedHead
from counterfoil.oracle.gossip import GossipCheck
from counterfoil.oracle.store import open_database
from counterfoil.oracle.store.tables import Alarm


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
        alarms = session.exec(select(Alarm)).all()
    assert answers == [True, False, True, False]
    assert [alarm.code for alarm in alarms] == ["gossip_mismatch"] * 2
    assert DEVICES[0] in alarms[0].detail
    assert "was not there yet" in alarms[1].detail
