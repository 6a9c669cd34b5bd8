"""``counterfoil day``, ``statements`` and ``payouts`` beside a running oracle: answers, errors and exit statuses."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support_camt import ACCOUNT, Booked, camt053
from support_chain import deployed_world
from support_oracle import PROJECT, OracleHouse
from support_process import run_command

from counterfoil.oracle.run.loop import step_all

pytestmark = pytest.mark.integration


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OracleHouse]:
    with deployed_world("anvil", tmp_path) as chain:
        house = OracleHouse(chain, tmp_path)
        yield house
        house.engine.dispose()


@contextmanager
def running(house: OracleHouse) -> Iterator[None]:
    """The oracle's turns, one after the other, in a thread."""
    stop, parts = threading.Event(), house.parts()

    def turns() -> None:
        while not stop.is_set():
            step_all(parts)
            time.sleep(0.05)

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def command(house: OracleHouse, *words: str) -> tuple[int, Any, Any]:
    """Exit status, what was printed as JSON, and the error."""
    database = f"sqlite:///{house.folder / 'oracle'}.db"
    run = run_command([*words, "--database", database, "--json"])
    errors = [line for line in run.stderr.splitlines() if line.startswith('{"code"')]
    return (
        run.returncode,
        json.loads(run.stdout) if run.stdout else None,
        json.loads(errors[-1])["code"] if errors else None,
    )


def test_days_are_closed_and_shown(house: OracleHouse) -> None:
    status, _, code = command(house, "day", "close", "--date", "20220830", "--wait", "1")
    assert (status, code) == (2, "instruction.not_in_time")
    with running(house):
        status, report, _ = command(house, "day", "close", "--date", "20220830")
        assert (status, report["status"], report["differences"]) == (0, "closed", [])
        past = command(house, "day", "close", "--date", "20220829")
        assert past[::2] == (2, "day.not_forward")
        assert command(house, "day", "close", "--date", "20220230")[2] == "day.refused"
        assert command(house, "day", "close", "--date", "29991231")[2] == "day.date_far_ahead"
    assert command(house, "day", "show")[:2] == (0, report)
    assert command(house, "day", "show", "19990101")[::2] == (2, "name.unknown")
    status, days, _ = command(house, "day", "show", "--all")
    assert (status, [day["date"] for day in days]) == (0, [20220830])


def test_statements_and_payouts(house: OracleHouse, tmp_path: Path) -> None:
    path = tmp_path / "statement.xml"
    path.write_text(camt053("A", [Booked(500, "R1")]))
    with running(house):
        status, taken, _ = command(house, "statements", "import", str(path))
        assert (status, taken[0]["reasons"]) == (1, {"bank.account_unknown": 1})
        known = ("--name", "Bank", "--currency", "USD", "--project", PROJECT, "--pays-out")
        assert command(house, "statements", "account", ACCOUNT, *known)[0] == 0
        status, taken, _ = command(house, "statements", "import", str(path))
        assert (status, taken[0]["minted"]) == (0, 1)
        path.write_text("<a/>")
        status, _, code = command(house, "statements", "import", str(path))
        assert (status, code) == (2, "bank.statement_refused")
        status, told, _ = command(house, "payouts", "account", "123456", "--name", "A")
        assert (status, len(told["commitment"])) == (0, 66)
        status, made, _ = command(house, "payouts", "make", "--account", ACCOUNT)
        assert (status, made["payouts"]) == (1, 0)
        status, _, code = command(house, "payouts", "make", "--account", "unheard")
        assert (status, code) == (2, "name.unknown")
    assert command(house, "statements", "import", str(tmp_path / "none"))[0] == 2
    assert command(house, "statements", "lines", "--outcome", "minted")[1][0]["reference"] == "R1"
    assert command(house, "payouts", "waiting")[:2] == (0, [])
    assert command(house, "payouts", "list")[:2] == (0, [])
