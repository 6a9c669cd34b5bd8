"""The contracts' typed errors: which there are is the ABI's word, what to do stands in contracts/errors.toml.

What an error means is its NatSpec (``@notice``) in the interface; errors.toml says it where there is none.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from pathlib import Path

from fault_declarations import Fault

from counterfoil.chain.errors import snake_case

_NATSPEC = re.compile(r"((?:[ \t]*///[^\n]*\n)+)[ \t]*error (\w+)\(")
_BUILT_IN = ("Error", "Panic", "UnknownError")
"""What ``chain.abi.reverts`` names besides the contracts' own errors."""


def contract_faults(root: Path) -> list[Fault]:
    """Every typed error of the contracts, by the code that it is raised with."""
    said = tomllib.loads((root / "contracts" / "errors.toml").read_text())
    notices = _notices(root / "contracts")
    found = []
    for name, contracts in sorted(abi_errors(root).items()):
        entry = said.get(name, {})
        means = entry.get("means") or notices.get(name, "")
        places = tuple(sorted(contracts))
        found.append(Fault(f"contract.{snake_case(name)}", means, entry.get("to_do", ""), places))
    return found


def abi_errors(root: Path) -> dict[str, set[str]]:
    """The errors' names, each with the contracts that raise it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted((root / "chain" / "abi").glob("*.json")):
        said = json.loads(file.read_text())
        items = said["abi"] if isinstance(said, dict) else said
        is_interface = re.match("I[A-Z]", file.stem) is not None
        for item in items:
            if item["type"] == "error":
                found[item["name"]] |= set() if is_interface else {file.stem}
    for name in _BUILT_IN:
        found[name] = {"any contract"}
    return dict(found)


def _notices(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in sorted(folder.rglob("*.sol")):
        for comment, name in _NATSPEC.findall(file.read_text()):
            lines = [line.strip().removeprefix("///").strip() for line in comment.splitlines()]
            text = " ".join(line for line in lines if line)
            notice = re.split(r"\s*@(?!notice)\w+", text)[0].removeprefix("@notice").strip()
            if notice:
                found.setdefault(name, notice)
    return found
