"""``scripts/draw-house``: layers from the contracts, arrows from the imports, between the page's markers."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PARTS = Path(__file__).resolve().parents[3] / "scripts/house_parts"
CONTRACTS = [
    {
        "name": "top",
        "type": "layers",
        "layers": ["counterfoil.api | counterfoil.up", "counterfoil.chain"],
    },
    {
        "name": "api",
        "type": "layers",
        "containers": ["counterfoil.api"],
        "layers": ["run", "a | (b)"],
    },
    {"name": "pure is pure", "type": "forbidden", "source_modules": ["counterfoil.api.b"]},
]


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """A module of the script's, by its name: they import each other by theirs."""
    monkeypatch.syspath_prepend(str(PARTS))
    monkeypatch.delitem(sys.modules, "contracts", raising=False)
    return lambda name: runpy.run_path(str(PARTS / f"{name}.py"))


def test_layers_are_those_of_the_contract(part: Callable[[str], dict[str, Any]]) -> None:
    contracts = part("contracts")
    assert contracts["layers_of"](CONTRACTS, "counterfoil.api") == (("run",), ("a", "b"))
    assert contracts["layers_of"](CONTRACTS, "counterfoil") == (("api", "up"), ("chain",))
    assert contracts["pure_modules"](CONTRACTS) == {"counterfoil.api.b"}
    with pytest.raises(LookupError):
        contracts["layers_of"](CONTRACTS, "counterfoil.oracle")


def test_a_room_imports_its_siblings_and_the_other_packages(
    part: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    drawing = part("drawing")
    (tmp_path / "run.py").write_text('"""Starts it | all.\n\nMore."""\n')
    imports = drawing["Imports"](
        {
            "counterfoil.api.run": frozenset({"counterfoil.api.a.x", "counterfoil.chain.client"}),
            "counterfoil.api.a.x": frozenset({"counterfoil.api.b"}),
        }
    )
    found = drawing["room"](tmp_path, "counterfoil.api", "run", imports, ())
    assert (found.siblings, found.elsewhere) == (("a",), ("chain",))
    assert found.says == "Starts it \\| all."
    assert drawing["table"]([found])[-1] == "| run.py | Starts it \\| all. | a | chain |"


def test_a_box_has_a_row_a_layer_and_a_star_for_the_pure(
    part: Callable[[str], dict[str, Any]],
) -> None:
    assert part("drawing")["box"]("api", (("run",), ("a", "b")), ("b",)) == [
        "┌─ api ──┐",
        "│ run    │",
        "├────────┤",
        "│ a · b* │",
        "└────────┘",
    ]


def test_only_what_stands_between_the_markers_is_replaced(
    part: Callable[[str], dict[str, Any]],
) -> None:
    house = part("__main__")
    page = f"above\n{house['BEGIN']}\nold\n{house['END']}\nbelow\n"
    assert house["replaced"](page, "new") == (
        f"above\n{house['BEGIN']}\n\nnew\n{house['END']}\nbelow\n"
    )
    with pytest.raises(LookupError):
        house["replaced"]("above\n", "new")
