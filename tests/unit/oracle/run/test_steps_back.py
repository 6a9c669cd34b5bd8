"""An oracle lets a gateway on the same machine go first: within its session, and as a session."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_CODE = """
import json, os, pathlib
from counterfoil.oracle.run.loop import _step_back
_step_back(2)
group = pathlib.Path("/proc/self/autogroup")
print(json.dumps([os.nice(0), group.read_text().split()[-1:] if group.exists() else []]))
"""


def _session_niceness() -> list[str]:
    """The niceness of this session, or nothing where it has none (started by init, or another system)."""
    group = Path("/proc/self/autogroup")
    return group.read_text().split()[-1:] if group.exists() else []


@pytest.mark.parametrize("own_session", [True, False])
def test_it_steps_back(own_session: bool) -> None:
    before = _session_niceness()
    run = subprocess.run(
        [sys.executable, "-c", _CODE],
        start_new_session=own_session,
        capture_output=True,
        text=True,
        check=True,
    )
    niceness, session = json.loads(run.stdout)
    assert niceness >= 2
    if own_session:
        assert session in (["2"], []), (
            "a session of its own steps back, where sessions have a niceness"
        )
    else:
        assert session == before, "a session of others is left alone"
