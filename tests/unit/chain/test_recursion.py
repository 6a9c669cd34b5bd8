"""What a process imports leaves deep nesting a refusal, not the process's end."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ENTRIES = ("chain.client", "oracle.run.loop", "api.run", "gateway.process.gateway_run")
_HOUSE = Path(__file__).resolve().parents[3]
_FOLDERS = ("chain", "gateway", "oracle", "api", "src/counterfoil")
_BRINGS_PY_ECC = {"web3", "eth_account"}


@pytest.mark.parametrize(
    "imports", [*(f"counterfoil.{entry}" for entry in ENTRIES), "web3, counterfoil.chain.client"]
)
def test_deep_json_is_an_error_in_every_process(imports: str) -> None:
    program = (
        f"import json, {imports}\n"
        "try:\n    json.loads('[' * 100_000)\n"
        "except RecursionError:\n    print('refused')\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.returncode, run.stdout.strip()) == (0, "refused")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_whoever_imports_what_lifts_the_limit_keeps_it() -> None:
    lifting, keeping = set(), set()
    for folder in _FOLDERS:
        for path in (_HOUSE / folder).rglob("*.py"):
            if any(parent.is_symlink() for parent in path.parents) or "node_modules" in path.parts:
                continue
            imports = _imports(path)
            if {name.split(".")[0] for name in imports} & _BRINGS_PY_ECC:
                lifting.add(path)
            if "counterfoil.chain.recursion_limit" in imports:
                keeping.add(path)
    assert len(lifting) > 3
    assert sorted(lifting - keeping) == []
