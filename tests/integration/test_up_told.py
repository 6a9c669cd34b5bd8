"""A process of the house that is stopped: the word in every place where one looks, and its end when it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_waiting import wait_until

from counterfoil.up.data_folder import House, open_house
from counterfoil.up.process_tree import Tree

pytestmark = pytest.mark.integration

CODES = {
    "chain": "chain.node_unreachable",
    "gateway": "gateway.unreachable",
    "oracle": "oracle.silent",
    "api": "api.unreachable",
}


def status(house: House) -> tuple[int, dict[str, Any]]:
    """Exit status and document of ``counterfoil status``."""
    argv = [sys.executable, "-m", "counterfoil", "status", "--data", str(house.folder), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 1), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


def told(house: House) -> set[str]:
    """The codes of ``/readyz``."""
    ready = httpx.get(f"{house.api_url}/readyz", timeout=120, trust_env=False).json()
    return {alarm["code"] for alarm in ready["alarms"]}


def figures(house: House) -> str:
    return httpx.get(f"{house.api_url}/metrics", timeout=120, trust_env=False).text


def pids(tree: Tree) -> dict[str, int]:
    """Each child's process; the chain's is the engine itself."""
    found = {}
    for child in tree.supervisor.children:
        assert child.process is not None
        found[child.name] = child.process.pid
    engines = Path(f"/proc/{found['chain']}/task").glob("*/children")
    (found["chain"],) = {int(pid) for one in engines for pid in one.read_text().split()}
    return found


def test_each_stopped_process_is_told_everywhere_until_it_goes_on(tmp_path: Path) -> None:
    house = open_house(tmp_path / "house")
    with Tree(house) as tree:
        wait_until(lambda: told(house) == set())
        assert status(house) == (
            0,
            {"well": True, "parts": dict.fromkeys(CODES, "well"), "alarms": []},
        )
        for name, pid in pids(tree).items():
            os.kill(pid, signal.SIGSTOP)
            code = CODES[name]
            if name != "api":
                wait_until(lambda code=code: code in told(house))
                assert f'counterfoil_alarms{{code="{code}",part="{name}"}} 1.0' in figures(house)
            wait_until(
                lambda name=name, code=code: code in status(house)[1]["parts"][name], within_s=300
            )
            os.kill(pid, signal.SIGCONT)
            wait_until(lambda: told(house) == set(), within_s=300)
            assert "counterfoil_alarms{" not in figures(house)
        assert status(house)[0] == 0
        assert all(child.restarts == 0 for child in tree.supervisor.children), "told, and left be"
    exit_status, found = status(house)
    assert exit_status == 1
    assert {alarm["code"] for alarm in found["alarms"]} >= {"chain.node_unreachable"}
