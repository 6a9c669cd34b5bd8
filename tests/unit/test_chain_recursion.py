"""What a process imports leaves deep nesting a refusal, not the process's end."""

from __future__ import annotations

import subprocess
import sys

import pytest

ENTRIES = ("chain.client", "oracle.app", "api.app", "gateway.serve.app")


@pytest.mark.parametrize(
    "imports", [*(f"counterfoil.{entry}" for entry in ENTRIES), "web3, counterfoil.chain"]
)
def test_deep_json_is_an_error_in_every_process(imports: str) -> None:
    program = (
        f"import json, {imports}\n"
        "try:\n    json.loads('[' * 100_000)\n"
        "except RecursionError:\n    print('refused')\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, "refused")
