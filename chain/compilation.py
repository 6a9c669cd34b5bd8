"""Compiles ``contracts/`` into ``chain/abi/``, with the enumerations, and checks the committed files against it.

Rules that this module keeps:

- The compiler, its settings and the library are pinned, and the metadata hash is left out, so that the same sources
  give the same bytes on every machine.
- Users never compile: the wheel ships ``chain/abi/*.json``, each with ``contractName``, ``abi``, ``bytecode`` and
  ``deployedBytecode`` (0x-prefixed hex), and ``chain/abi/enums.py``. A contract that is linked to libraries also has
  ``links``: by library, the places in ``bytecode`` that hold its address, zero as shipped.

``python -m counterfoil.chain.compilation`` writes them; ``--check`` compares, and exits 1 where they differ.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import solcx

from counterfoil.chain import enumerations
from counterfoil.chain.hexadecimal import from_any_hex, to_hex
from counterfoil.fault import Code

ABI_FOLDER = Path(__file__).resolve().parent / "abi"
CONTRACTS = ABI_FOLDER.parents[1] / "contracts"
COMPILER = ABI_FOLDER.parents[1] / "hardhat-free-config"
SOLC = COMPILER / "bin" / "solc"
SETTINGS: Mapping[str, Any] = {
    "evmVersion": "paris",
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},
    "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
}


_PLACEHOLDER = re.compile(r"__\$[0-9a-f]{34}\$__")
"""What the compiler writes where a library's address belongs."""


class ContractsDoNotCompile(Exception):
    """The compiler refused the sources; the message is the compiler's."""

    code = Code("build.contracts_do_not_compile")
    to_do = "Correct the sources where the compiler's words say."


def compile_contracts() -> dict[str, dict[str, Any]]:
    """Compile ``contracts/``. Returns each contract's artifact by the contract's name.

    Raises:
        ContractsDoNotCompile: the compiler found an error.
    """
    files = sorted(CONTRACTS.rglob("*.sol"))
    names = [f"contracts/{path.relative_to(CONTRACTS)}" for path in files]
    sources = dict(zip(names, (path.read_text() for path in files), strict=True))
    wanted = {name: {"*": ["abi", "evm.bytecode", "evm.deployedBytecode.object"]} for name in names}
    library = COMPILER / "node_modules" / "@openzeppelin"
    for path in sorted(library.rglob("*.sol")):
        sources[f"node_modules/@openzeppelin/{path.relative_to(library)}"] = path.read_text()
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {**SETTINGS, "outputSelection": wanted},
    }
    try:
        output = solcx.compile_standard(request, solc_binary=SOLC, allow_empty=True)
    except solcx.exceptions.SolcError as refused:
        raise ContractsDoNotCompile(str(refused).split("> command:")[0].strip()) from refused
    contracts = {source: output["contracts"].get(source, {}) for source in names}
    linked = {
        name for found in contracts.values() for one in found.values() for name in _links(one)
    }
    return {
        name: {
            "contractName": name,
            "abi": contract["abi"],
            "bytecode": _code(contract, "bytecode"),
            "deployedBytecode": _code(contract, "deployedBytecode"),
            **({"links": _links(contract)} if _links(contract) else {}),
        }
        for found in contracts.values()
        for name, contract in found.items()
        if contract["abi"] or name in linked
    }


def _code(contract: Mapping[str, Any], which: str) -> str:
    code = _PLACEHOLDER.sub("0" * 40, contract["evm"][which]["object"])
    return to_hex(from_any_hex(code))


def _links(contract: Mapping[str, Any]) -> dict[str, list[int]]:
    return {
        library: [place["start"] for place in found]
        for libraries in contract["evm"]["bytecode"]["linkReferences"].values()
        for library, found in libraries.items()
    }


def differences(built: Mapping[str, Mapping[str, Any]], enums: str) -> list[str]:
    """The differences between the folder and *built* with *enums*, one line for each file."""
    kept = {path.stem: json.loads(path.read_text()) for path in sorted(ABI_FOLDER.glob("*.json"))}
    lines = [f"{name} is not in chain/abi" for name in built if name not in kept]
    lines += [f"{name} has no source any more" for name in kept if name not in built]
    lines += [
        f"{name} differs from its source"
        for name in built
        if name in kept and kept[name] != built[name]
    ]
    if not enumerations.ENUMS.exists() or enumerations.ENUMS.read_text() != enums:
        lines.append("enums.py differs from its sources")
    return sorted(lines)


def write(built: Mapping[str, Mapping[str, Any]], enums: str) -> None:
    """Make ``chain/abi/`` hold exactly *built* and *enums*."""
    ABI_FOLDER.mkdir(exist_ok=True)
    for path in ABI_FOLDER.glob("*.json"):
        if path.stem not in built:
            path.unlink()
    for name, artifact in built.items():
        (ABI_FOLDER / f"{name}.json").write_text(json.dumps(artifact, indent=1) + "\n")
    enumerations.ENUMS.write_text(enums)


def enums_text() -> str:
    """The source of ``chain/abi/enums.py``, from ``contracts/``."""
    return enumerations.module_text(enumerations.read_enumerations(CONTRACTS, SOLC))


def main(arguments: list[str]) -> int:
    """Write the artifacts, or with ``--check`` compare them: 0 the same, 1 different, 2 not compiled."""
    try:
        built, enums = compile_contracts(), enums_text()
    except (ContractsDoNotCompile, enumerations.EnumerationsUnclear) as refused:
        print(refused, file=sys.stderr)
        return 2
    if "--check" not in arguments:
        write(built, enums)
        print(f"wrote {len(built)} contracts and their enumerations to chain/abi")
        return 0
    lines = differences(built, enums)
    for line in lines:
        print(f"{line}: run python -m counterfoil.chain.compilation", file=sys.stderr)
    print(f"{len(built)} contracts rebuilt, {len(lines)} differ")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
