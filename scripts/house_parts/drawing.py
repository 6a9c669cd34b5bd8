"""The picture as text: a box a package with its layers in it, and a table of what each folder is and imports."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts import ROOT_PACKAGE, Layers


@dataclass(frozen=True)
class Room:
    """One folder or file, one level below its package."""

    name: str
    is_folder: bool
    is_pure: bool
    says: str
    siblings: tuple[str, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True)
class Imports:
    """What each module imports of ours, from the graph of imports."""

    of: Mapping[str, frozenset[str]]

    def below(self, package: str) -> frozenset[str]:
        """All that *package* or a module in it imports from outside *package*."""
        inside = f"{package}."
        return frozenset(
            imported
            for module, found in self.of.items()
            if module == package or module.startswith(inside)
            for imported in found
            if imported != package and not imported.startswith(inside)
        )


def first_line(path: Path) -> str:
    """The first line of a module's docstring, or of a folder's ``__init__``."""
    read = ast.get_docstring(ast.parse(path.read_text())) or ""
    return read.partition("\n")[0].replace("``", "`").replace("|", "\\|")


def room(source: Path, container: str, name: str, imports: Imports, pure: Iterable[str]) -> Room:
    """What stands as *name* in *container*, whose code is in the folder *source*."""
    module = f"{container}.{name}"
    is_folder = (source / name).is_dir()
    reached = imports.below(module)
    return Room(
        name=name,
        is_folder=is_folder,
        is_pure=module in pure,
        says=first_line(source / name / "__init__.py" if is_folder else source / f"{name}.py"),
        siblings=tuple(sorted({part for one in reached if (part := child(one, container))})),
        elsewhere=tuple(
            sorted({part for one in reached if not child(one, container) if (part := top(one))})
        ),
    )


def child(module: str, container: str) -> str:
    """The part of *module* one level below *container*, or an empty text where it is elsewhere."""
    inside = module.removeprefix(f"{container}.")
    return "" if inside == module else inside.partition(".")[0]


def top(module: str) -> str:
    """The part one level below the root: ``gateway`` of ``counterfoil.gateway.record``."""
    return child(module, ROOT_PACKAGE)


def box(title: str, layers: Layers, pure: Iterable[str]) -> list[str]:
    """A box with a row a layer; a star follows what is pure."""
    marked = set(pure)
    rows = [" · ".join(f"{name}*" if name in marked else name for name in one) for one in layers]
    width = max([len(row) for row in rows] + [len(title) + 1])
    line = "─" * (width + 2)
    between = f"\n├{line}┤\n".join(f"│ {row:<{width}} │" for row in rows)
    return [f"┌─ {title} {line[len(title) + 3 :]}┐", *between.split("\n"), f"└{line}┘"]


def table(rooms: Iterable[Room]) -> list[str]:
    """A row a folder or file, in the order of the layers."""
    rows = ["| folder or file | what it is | imports | and of the others |", "|---|---|---|---|"]
    for one in rooms:
        name = f"{one.name}/" if one.is_folder else f"{one.name}.py"
        star = "\\*" if one.is_pure else ""
        siblings, elsewhere = " ".join(one.siblings), " ".join(one.elsewhere)
        rows.append(f"| {name}{star} | {one.says} | {siblings} | {elsewhere} |")
    return rows
