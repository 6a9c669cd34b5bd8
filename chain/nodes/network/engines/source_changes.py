"""Changes a few lines of the Go modules that ``go.sum`` names, before the engine is built.

``changes.toml`` beside the Go module lists them: file, before, after, and why. Rules that this module keeps:

- A module is changed in a copy, after the go command has checked it against ``go.sum``.
- A change is refused if its ``before`` is not exactly once in its file: it was written for another module.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from counterfoil.chain.nodes.network.errors import CHANGE_MISFIT, NetworkError

FILE = "changes.toml"


@dataclass(frozen=True)
class SourceChange:
    """One place in a Go module, and its new text."""

    module: str
    file: str
    why: str
    before: str
    after: str


def read_changes(source: Path) -> list[SourceChange]:
    """The changes that *source*, the folder of our Go module, names."""
    found = tomllib.loads((source / FILE).read_text())
    return [SourceChange(**entry) for entry in found["change"]]


def apply_changes(source: Path, folder_of: Callable[[str], Path]) -> None:
    """Make our Go module at *source* build with changed copies; *folder_of* returns a module's folder.

    Raises:
        NetworkError: a change does not fit its module.
    """
    changes = read_changes(source)
    for number, module in enumerate(dict.fromkeys(change.module for change in changes)):
        copy = source / "changed" / str(number)
        shutil.copytree(folder_of(module), copy, copy_function=shutil.copyfile)
        for path in (copy, *copy.rglob("*")):  # the go command's own copies are read-only
            path.chmod(0o755 if path.is_dir() else 0o644)
        for change in changes:
            if change.module == module:
                _apply(change, copy / change.file)
        with (source / "go.mod").open("a") as go_mod:
            go_mod.write(f"\nreplace {module} => ./{copy.relative_to(source)}\n")


def _apply(change: SourceChange, path: Path) -> None:
    text = path.read_text() if path.exists() else ""
    if text.count(change.before) != 1:
        raise NetworkError(
            CHANGE_MISFIT,
            f"{change.file} of {change.module} is not the one that {FILE} was written for",
        )
    path.write_text(text.replace(change.before, change.after))
