"""One look at a house: nothing is made, nothing hides, and what one alone knows is in the list too."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import structlog
import typer
from sqlalchemy import create_engine
from sqlmodel import Session
from support_waiting import wait_until
from typer.testing import CliRunner

from counterfoil.alarm import Alarm
from counterfoil.api.http import house_watch
from counterfoil.api.http.chain_health import ChainHealth
from counterfoil.chain.nodes import embedded
from counterfoil.chain.nodes.ports import free_ports
from counterfoil.fault import DISK_FULL, STORE_UNREADABLE
from counterfoil.gateway.errors import GATEWAY_UNREACHABLE
from counterfoil.oracle.commands.oracle import register
from counterfoil.oracle.errors import GOSSIP_DIFFERS, KEY_AWAITED
from counterfoil.oracle.store.alarm_table import raise_once
from counterfoil.oracle.store.database import open_database
from counterfoil.up import supervisor
from counterfoil.up.data_folder import PORTS, HouseNotThere, read_house
from counterfoil.up.house_look import HouseLook, merged, parts_of
from counterfoil.up.watchdog import Watchdog


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A house that does not run."""
    kept = {
        "ports": dict(zip(PORTS, free_ports(len(PORTS)), strict=True)),
        "passphrase": "p",
        "currency": "CNY",
        "engine": "anvil",
    }
    (tmp_path / "house.json").write_text(json.dumps(kept))
    return tmp_path


def test_a_house_that_does_not_run_is_told_and_nothing_is_made(folder: Path) -> None:
    before = sorted(folder.iterdir())
    seen = HouseLook(read_house(folder)).look()
    assert {one.code for one in seen.alarms} == {
        "api.unreachable",
        "chain.node_unreachable",
        "gateway.unreachable",
        "store.unreadable",
    }
    assert sorted(folder.iterdir()) == before
    assert seen.to_json()["well"] is False


def test_a_folder_without_a_house_is_no_house(tmp_path: Path) -> None:
    with pytest.raises(HouseNotThere):
        read_house(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_stopped_the_log_is_in_the_list_and_evidence_ends_when_it_was_seen(
    folder: Path,
) -> None:
    url = f"sqlite:///{folder / 'oracle.db'}"
    with Session(open_database(url)) as session:
        raise_once(session, KEY_AWAITED, "record 5")
        raise_once(session, GOSSIP_DIFFERS, "record 6")
        session.commit()

    def told() -> set[str]:
        return {one.code for one in HouseLook(read_house(folder)).look().alarms}

    assert {KEY_AWAITED, GOSSIP_DIFFERS} <= told()

    def seen(number: int) -> Any:
        app = typer.Typer()
        register(app)
        app.callback()(lambda: None)
        argv = ["oracle", "alarm-seen", str(number), "--note", "asked", "--database", url]
        return CliRunner().invoke(app, argv)

    assert "ends by itself" in seen(1).output
    assert seen(2).exit_code == 0
    assert KEY_AWAITED in told()
    assert GOSSIP_DIFFERS not in told()
    assert seen(2).exit_code == 2


def test_parts_and_lists_are_joined() -> None:
    full = Alarm(DISK_FULL, "/a", "disk")
    gone = Alarm(GATEWAY_UNREACHABLE, "timed out", "gateway")
    hung = Alarm(GATEWAY_UNREACHABLE, "by the API", "gateway")
    assert merged([gone], [hung, full]) == [gone, full]
    parts = parts_of([gone, full, Alarm(KEY_AWAITED, "", "oracle")])
    assert parts == {"chain": "", "gateway": GATEWAY_UNREACHABLE, "oracle": KEY_AWAITED, "api": ""}


def test_the_watchdog_says_what_begins_and_what_ends_once(folder: Path) -> None:
    gone = Alarm(GATEWAY_UNREACHABLE, "timed out", "gateway")
    watchdog = Watchdog(read_house(folder))
    with structlog.testing.capture_logs() as lines:
        for found in ([], [gone], [gone], []):
            watchdog.tell(found)
    assert [(line["event"], line["code"]) for line in lines] == [
        ("alarm", GATEWAY_UNREACHABLE),
        ("alarm_ended", GATEWAY_UNREACHABLE),
    ]


def test_a_database_that_does_not_answer_is_told_though_the_look_never_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(house_watch, "_LOOK_WITHIN_S", 0.2)
    monkeypatch.setattr(house_watch, "standing_alarms", lambda _: answers.wait() and [])
    monkeypatch.setattr(house_watch, "put_off_until_ms", lambda _: None)
    watch = house_watch.HouseWatch(
        create_engine("sqlite://"),
        chain=lambda: ChainHealth(height=0, age_s=0, final=-1, nodes=0, agreeing=0),
        certificates=list,
        gateways=[],
        disks=[],
    )
    assert [one.code for one in watch.alarms(0.5)] == ["store.unreadable"]
    answers.set()
    wait_until(lambda: watch.alarms() == [])


def test_each_node_s_own_word_is_in_the_list(folder: Path) -> None:
    kept = json.loads((folder / "house.json").read_text()) | {"oracles": 3}
    (folder / "house.json").write_text(json.dumps(kept))
    (folder / "oracles" / "2").mkdir(parents=True)
    with Session(open_database(f"sqlite:///{folder / 'oracles' / '2' / 'oracle.db'}")) as session:
        raise_once(session, KEY_AWAITED, "record 5")
        session.commit()
    seen = HouseLook(read_house(folder)).look()
    told = {(one.code, one.part) for one in seen.alarms}
    assert {(KEY_AWAITED, "oracle-2"), (STORE_UNREADABLE, "oracle-3")} <= told


def test_a_child_has_longer_to_stop_than_it_gives_its_engine() -> None:
    assert supervisor._STOP_GRACE_S > embedded._STOP_GRACE_S + 5
