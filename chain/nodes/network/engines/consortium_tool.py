"""The program that makes and signs the platform chain's transactions: one JSON document in, one out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from counterfoil.chain.nodes.network.engines import installation
from counterfoil.chain.nodes.network.errors import TOOL_FAILED, TOOL_LATE, NetworkError
from counterfoil.fault import Code

_TOOL_WITHIN_S = 300


def run_tool(command: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """The document that the tool's *command* returns.

    Raises:
        NetworkError: the tool failed, with its own code, or it took too long.
    """
    try:
        done = subprocess.run(
            [str(installation.program(installation.TOOL)), command],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            timeout=_TOOL_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise NetworkError(
            TOOL_LATE,
            f"{command} was not done within {_TOOL_WITHIN_S} s: look at counterfoil network status, then ask again",
        ) from late
    if done.returncode != 0:
        try:
            said = json.loads(done.stderr.splitlines()[-1])
        except (ValueError, IndexError):
            said = {"code": TOOL_FAILED, "detail": done.stderr[-600:]}
        raise NetworkError(Code(str(said["code"])), str(said["detail"]))
    result: dict[str, Any] = json.loads(done.stdout)
    return result
