"""The drill: a house sells, is backed up while it does, goes on, is killed and lost, and comes back from its backup."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support_waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.integration, pytest.mark.slow]


def drill(*options: str) -> dict[str, Any]:
    """The figures of one drill."""
    argv = [sys.executable, str(ROOT / "scripts" / "drill_parts"), "--days", "1", "--json"]
    done = subprocess.run(
        [*argv, *options], stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_nothing_is_lost_or_stored_twice_and_every_sweep_is_valid() -> None:
    found = drill("--engine", "anvil")
    assert (found["lost"], found["twice"]) == (0, 0)
    assert found["records_sold_after_it"] > 100, "after the backup, so only in the machines"
    assert found["records_at_the_end"] > (
        found["records_at_backup"] + found["records_sold_after_it"]
    )
    assert found["sweep"] == "valid"
    assert found["sweep_at_the_end"] == {"verdict": "valid", "codes": []}
    assert found["backup_bytes"]["incremental"] < found["backup_bytes"]["full"]
    assert 0 < found["rto_ready_s"] < found["rto_swept_s"]
    assert found["rpo_s"] > 0
