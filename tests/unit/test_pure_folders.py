"""What decides is pure: its own imports are the standard library's reckoning and a few codecs, and nothing else.

import-linter forbids by name what moves bytes, money and time, also through others; this says what is allowed, which
a list of forbidden names can't.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

_HOUSE = Path(__file__).resolve().parents[2]
_CODECS = {"cbor2", "cryptography", "eth_abi", "eth_utils", "eth_hash", "eth_keys", "rlp", "trie"}
_RECKONING = {
    "__future__",
    "base64",
    "binascii",
    "bisect",
    "calendar",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "ipaddress",
    "itertools",
    "json",
    "math",
    "re",
    "typing",
    "unicodedata",
    "zoneinfo",
}
_SHIPPED = {"chain/abi/artifacts.py": {"pathlib"}}
"""Reads the files that the package brings beside it."""
_CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter"}


def _pure_folders() -> list[str]:
    """The source modules of the contract of import-linter, without ``counterfoil.``."""
    settings = tomllib.loads((_HOUSE / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (pure,) = (c for c in contracts if c["name"] == "pure is pure")
    return [module.removeprefix("counterfoil.") for module in pure["source_modules"]]


PURE = _pure_folders()


def _files(module: str) -> list[Path]:
    path = _HOUSE / module.replace(".", "/")
    if module in ("alarm", "fault", "printable"):  # those that every package stands on
        path = _HOUSE / "src" / "counterfoil" / module
    return sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]


def _imported(tree: ast.AST) -> list[str]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            found.append(node.module)
    return found


def _is_allowed(name: str) -> bool:
    if name.startswith("counterfoil."):
        inside = name.removeprefix("counterfoil.")
        return any(inside == pure or inside.startswith(f"{pure}.") for pure in PURE)
    return name.split(".", maxsplit=1)[0] in _CODECS | _RECKONING or name == "urllib.parse"


def _wrong(path: Path) -> list[str]:
    """What *path* imports, opens or asks of a clock although it is pure."""
    name = path.relative_to(_HOUSE).as_posix()
    tree = ast.parse(path.read_text())
    found = [m for m in _imported(tree) if not _is_allowed(m) and m not in _SHIPPED.get(name, ())]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in {"open", "print", "input"}:
                found.append(called.id)
            if isinstance(called, ast.Attribute) and called.attr in _CLOCKS:
                found.append(called.attr)
    return found


@pytest.mark.parametrize("module", PURE)
def test_what_decides_reckons_and_does_nothing_else(module: str) -> None:
    files = _files(module)
    assert files
    assert {str(f): wrong for f in files if (wrong := _wrong(f))} == {}


def test_what_is_impure_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import socket\nimport web3\nfrom counterfoil.oracle.store import database\n"
        "from datetime import UTC, datetime\nopen('x')\ndatetime.now(UTC)\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "_HOUSE", tmp_path)
    path = tmp_path / "impure.py"
    path.write_text(program)
    assert _wrong(path) == ["socket", "web3", "counterfoil.oracle.store", "open", "now"]


def test_who_says_pure_is_held_to_it() -> None:
    said = set()
    for folder in ("gateway", "chain", "oracle", "api"):
        for path in (_HOUSE / folder).rglob("*.py"):
            first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n\n")[0]
            if first.endswith((" Pure.", "; pure.")):
                said.add(path)
    held = {path for module in PURE for path in _files(module)}
    assert len(said) > 20
    assert sorted(said - held) == []


_VERIFIER = """
import sys
before = set(sys.modules)
import counterfoil.api.audit.verification.steps
tops = {name.partition(".")[0] for name in set(sys.modules) - before}
ours = {"counterfoil", "cython_runtime"}  # the second is no package: what compiled modules share
print(*sorted(t for t in tops - ours if t not in sys.stdlib_module_names and t[0] != "_"))
"""


def test_the_verifier_loads_neither_node_nor_database() -> None:
    run = subprocess.run(
        [sys.executable, "-c", _VERIFIER], capture_output=True, text=True, check=True
    )
    loaded = run.stdout.split()
    assert {"cbor2", "cryptography"} <= set(loaded)
    assert not {"web3", "sqlalchemy", "sqlmodel", "requests", "httpx", "eth_account"} & set(loaded)
    assert len(loaded) <= 20, loaded
