"""The order of layers, and which folders are pure, as pyproject.toml's import-linter contracts say it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

ROOT_PACKAGE = "counterfoil"
PURE = "pure is pure"

Layers = tuple[tuple[str, ...], ...]


def layers_of(contracts: list[dict[str, Any]], container: str) -> Layers:
    """The names one level below *container*, a tuple a layer, top to bottom."""
    for contract in contracts:
        if contract["type"] != "layers":
            continue
        if contract.get("containers") == [container]:
            return tuple(_names(layer) for layer in contract["layers"])
        if container == ROOT_PACKAGE and not contract.get("containers"):
            return tuple(
                tuple(name.removeprefix(f"{ROOT_PACKAGE}.") for name in _names(layer))
                for layer in contract["layers"]
            )
    raise LookupError(f"pyproject.toml has no contract of layers for {container}")


def _names(layer: str) -> tuple[str, ...]:
    return tuple(name.strip(" ()") for name in layer.split("|"))


def read_contracts(pyproject: Path) -> list[dict[str, Any]]:
    """Every contract of import-linter, in the file's order."""
    read: dict[str, Any] = tomllib.loads(pyproject.read_text())
    contracts: list[dict[str, Any]] = read["tool"]["importlinter"]["contracts"]
    return contracts


def pure_modules(contracts: list[dict[str, Any]]) -> frozenset[str]:
    """What must import nothing but bytes' and numbers' libraries, with all that stands below it."""
    return frozenset(
        module
        for contract in contracts
        if contract["name"] == PURE
        for module in contract["source_modules"]
    )
