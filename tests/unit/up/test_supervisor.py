"""The supervisor over real processes: their logs stay short."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from support_waiting import PATIENCE_S

from counterfoil.up.supervisor import Child, Supervisor

_TALKS = """
import itertools, time
for number in itertools.count():
    print(f"line {number:09}", flush=True)
    if number % 100 == 0:
        time.sleep(0.005)
"""


def test_a_long_log_is_put_aside_while_its_process_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "logs/talker.log"
    supervisor = Supervisor(longest_log=20_000)
    child = Child(
        name="talker",
        argv=[sys.executable, "-c", _TALKS],
        env={},
        log_path=log,
        is_ready=log.exists,
    )
    supervisor.start(child)
    aside = log.with_name("talker.log.1")
    try:
        deadline = time.monotonic() + PATIENCE_S
        for _ in range(3):
            before = aside.stat().st_ino if aside.exists() else 0
            while not aside.exists() or aside.stat().st_ino == before:
                assert time.monotonic() < deadline
                supervisor.watch_once()
                time.sleep(0.01)
        assert child.is_running
        assert child.restarts == 0
        kept = aside.read_text().splitlines()
        assert aside.stat().st_size > 20_000
        assert [int(line[5:]) for line in kept[1:-1]] == list(
            range(int(kept[1][5:]), int(kept[1][5:]) + len(kept) - 2)
        )
        while log.stat().st_size < 1_000:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert b"\0" not in log.read_bytes(), "it begins at its beginning"
    finally:
        supervisor.stop()
    assert sorted(path.name for path in log.parent.iterdir()) == ["talker.log", "talker.log.1"]
