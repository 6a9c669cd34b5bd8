"""The process tree as a person runs it: started, killed in parts, stopped, started again over the same folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from support_waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.integration
COMMANDS = ("chain", "gateway", "oracle", "api")


@contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """``counterfoil up`` over *data*, with the addresses that it printed; ended by SIGTERM."""
    argv = [sys.executable, "-m", "counterfoil", "up", "--data", str(data), "--json"]
    with (
        (data.parent / "up.log").open("a") as log,
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(90)


def children_of(pid: int) -> dict[str, int]:
    """The process's own children, by the command that each runs."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        name = next((c for c in COMMANDS if c.encode() in words), None)
        if name is not None:
            found[name] = int(child)
    return found


def answers(url: str) -> bool:
    try:
        found = httpx.get(url, timeout=2, follow_redirects=True, trust_env=False)
    except httpx.HTTPError:
        return False
    return found.status_code == 200


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_what_dies_is_started_again_and_a_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    data = tmp_path / "house"
    with running(data) as (process, found):
        children = children_of(process.pid)
        assert set(children) == set(COMMANDS)
        os.kill(children["gateway"], signal.SIGKILL)
        os.kill(children["oracle"], signal.SIGKILL)
        wait_until(lambda: set(children_of(process.pid)) == set(COMMANDS))
        wait_until(lambda: answers(found["gateway"] + "/healthz"))
        assert children_of(process.pid)["gateway"] != children["gateway"]
        again = subprocess.run(
            [sys.executable, "-m", "counterfoil", "up", "--data", str(data)],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        assert again.returncode == 2
        assert json.loads(again.stderr.splitlines()[-1])["code"] == "house.in_use"
        children = children_of(process.pid)
    assert process.returncode == 0
    assert not any(is_alive(pid) for pid in children.values())
    deployment = (data / "deployment.json").read_text()
    with running(data) as (_, found):
        assert answers(found["api"] + "/healthz")
    assert (data / "deployment.json").read_text() == deployment, "the same ledger as before"


def test_the_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    with running(tmp_path / "house") as (process, _):
        children = children_of(process.pid)
        process.kill()
        wait_until(lambda: not any(is_alive(pid) for pid in children.values()))
