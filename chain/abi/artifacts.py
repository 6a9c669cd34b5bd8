"""The compiled contracts that the package ships: ABI and bytecode, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from eth_utils.abi import function_abi_to_4byte_selector

from counterfoil.chain.hexadecimal import from_hex, to_hex

_FOLDER = Path(__file__).resolve().parent


@cache
def artifact(name: str) -> dict[str, Any]:
    """The artifact of contract *name*: ``contractName``, ``abi``, ``bytecode``, ``deployedBytecode``, ``links`` if any.

    Raises:
        FileNotFoundError: there is no such contract.
    """
    kept: dict[str, Any] = json.loads((_FOLDER / f"{name}.json").read_text())
    return kept


def creation_code(name: str, addresses: Mapping[str, str]) -> str:
    """The bytecode that creates contract *name*, linked to its libraries at *addresses*.

    Raises:
        KeyError: a library is not there yet.
    """
    kept = artifact(name)
    code = bytearray(from_hex(kept["bytecode"]))
    for library, places in kept.get("links", {}).items():
        for place in places:
            code[place : place + 20] = from_hex(addresses[library], 20)
    return to_hex(bytes(code))


def abi_of(name: str) -> list[dict[str, Any]]:
    """The ABI of contract *name*."""
    abi: list[dict[str, Any]] = artifact(name)["abi"]
    return abi


@cache
def selector_of(contract: str, function: str) -> bytes:
    """The first four bytes of a call of *function*."""
    found: Any = next(
        item for item in abi_of(contract) if item["type"] == "function" and item["name"] == function
    )
    return function_abi_to_4byte_selector(found)


@cache
def all_abis() -> dict[str, list[dict[str, Any]]]:
    """The ABI of every contract in the package, by name."""
    return {path.stem: abi_of(path.stem) for path in sorted(_FOLDER.glob("*.json"))}
