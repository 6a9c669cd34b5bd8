"""``scripts/draw-house``: the picture between two markers of docs/architecture.md, written or compared."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import grimp
from drawing import Imports, box, first_line, room, table

from contracts import ROOT_PACKAGE, layers_of, pure_modules, read_contracts

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
BEGIN = "<!-- drawn by scripts/draw-house: begin -->"
END = "<!-- drawn by scripts/draw-house: end -->"
PACKAGES = ("api", "oracle", "gateway", "chain")


def draw() -> str:
    """The whole picture, from pyproject.toml's contracts, the imports, and the docstrings."""
    contracts = read_contracts(ROOT / "pyproject.toml")
    pure = pure_modules(contracts)
    graph = grimp.build_graph(ROOT_PACKAGE, cache_dir=None)
    imports = Imports(
        {
            module: frozenset(graph.find_modules_directly_imported_by(module))
            for module in graph.modules
        }
    )
    lines: list[str] = []
    for name in ("", *PACKAGES):
        container = f"{ROOT_PACKAGE}.{name}" if name else ROOT_PACKAGE
        source = ROOT / "src" / ROOT_PACKAGE / name
        layers = layers_of(contracts, container)
        marked = [one for layer in layers for one in layer if f"{container}.{one}" in pure]
        rooms = [room(source, container, one, imports, pure) for layer in layers for one in layer]
        says = first_line(source / "__init__.py")
        lines += [f"### `{name or 'src/counterfoil'}/`", "", says, "", "```"]
        lines += [*box(name or ROOT_PACKAGE, layers, marked), "```", "", *table(rooms), ""]
    return "\n".join(lines)


def replaced(page: str, picture: str) -> str:
    """*page* with *picture* between its markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise LookupError(f"{PAGE.relative_to(ROOT)} lacks the line {END if begin else BEGIN}")
    return f"{before}{BEGIN}\n\n{picture}\n{END}{after}"


def main() -> int:
    """Write the page, or with ``--check`` return 1 where it would change."""
    parser = argparse.ArgumentParser(prog="scripts/draw-house", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where it is stale"
    )
    wanted = parser.parse_args()
    page = PAGE.read_text()
    drawn = replaced(page, draw())
    if drawn == page:
        return 0
    if wanted.check:
        print(f"{PAGE.relative_to(ROOT)} is stale: run scripts/draw-house", file=sys.stderr)
        return 1
    PAGE.write_text(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
