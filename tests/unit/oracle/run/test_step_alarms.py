"""What the loop tells of itself: a part that fails, a part that lasts, a process that gives no sign of life."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select
from support_waiting import wait_until

from counterfoil.chain.errors import NodeUnreachable
from counterfoil.oracle.run.heartbeat import Heartbeat
from counterfoil.oracle.run.step_alarms import StepAlarms
from counterfoil.oracle.status.alarms import standing_alarms
from counterfoil.oracle.store.alarm_table import AlarmRow
from counterfoil.oracle.store.database import open_database


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_database(f"sqlite:///{tmp_path / 'oracle.db'}")


def told(engine: Engine) -> list[str]:
    return [alarm.code for alarm in standing_alarms(engine)]


def test_a_part_that_fails_for_a_while_is_told_once_until_it_goes_on(engine: Engine) -> None:
    alarms = StepAlarms(engine, told_after_s=0.0)
    for why in ("refused", "no route", "refused"):
        alarms.failed("head", 0.0, NodeUnreachable.code, why)
    alarms.failed("feed", 0.0, NodeUnreachable.code, "refused")
    assert told(engine) == ["oracle.step_waits"] * 2
    after_a_start = StepAlarms(engine, told_after_s=1_000_000.0)
    after_a_start.went_on("feed")
    (left,) = standing_alarms(engine)
    assert left.detail == "head: chain.node_unreachable: refused"
    alarms.went_on("head")
    assert told(engine) == []


def test_a_part_that_fails_for_a_moment_is_not_told(engine: Engine) -> None:
    alarms = StepAlarms(engine, told_after_s=1_000_000.0)
    alarms.failed("head", 0.0, NodeUnreachable.code, "refused")
    alarms.went_on("head")
    assert told(engine) == []


def test_the_sign_of_life_is_an_alarm_only_when_it_is_missing(engine: Engine) -> None:
    heart = Heartbeat(engine, silent_s=0.3, step_s=1_000_000.0)
    assert told(engine) == []
    heart.put_off()
    heart.went_round()
    heart.put_off()
    with Session(engine) as session:
        assert len(session.exec(select(AlarmRow)).all()) == 1
    wait_until(lambda: told(engine) == ["oracle.silent"])
    long = Heartbeat(engine, silent_s=1_000.0, step_s=1_000_000.0)
    long.put_off()
    assert told(engine) == ["oracle.silent"], (
        "who ends in the first pass, again and again, is silent"
    )
    long.went_round()
    long.start()
    wait_until(lambda: told(engine) == [])
    long.stop()


def test_a_step_that_lasts_too_long_is_no_sign_of_life(engine: Engine) -> None:
    heart = Heartbeat(engine, silent_s=0.3, step_s=0.0)
    heart.begins("feed")
    heart.went_round()

    def is_told() -> bool:
        heart.put_off()
        return told(engine) == ["oracle.silent"]

    wait_until(is_told)
    (alarm,) = standing_alarms(engine)
    assert "in step feed" in alarm.detail
