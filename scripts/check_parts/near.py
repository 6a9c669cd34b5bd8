"""Which tests are near a change: those that import a changed module, directly or by one module between.

A change that is no Python module (a template, a vector, a page) has the tests of the folder of the same name near it.
Nothing here runs anything: texts and a graph in, names out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT_PACKAGE = "counterfoil"
FOLDERS = ("api", "chain", "gateway", "oracle")
OF_PAGES = "tests/unit/test_docs.py"
ITSELF, DIRECTLY, ONE_STEP = range(3)

Importers = Callable[[str], Iterable[str]]


@dataclass(frozen=True, order=True)
class NearTest:
    """A test's file: the nearest first, then those of the same folder, then those that load least."""

    steps: int
    is_elsewhere: bool
    loads: int
    path: str


def module_of(path: str) -> str | None:
    """The module that the file *path* of the repository is, or None where it is none of the package."""
    file = PurePosixPath(path)
    parts = file.with_suffix("").parts
    if file.suffix != ".py":
        return None
    if parts[:2] == ("src", ROOT_PACKAGE):
        parts = parts[2:]
    elif parts[0] not in FOLDERS:
        return None
    named = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join((ROOT_PACKAGE, *named))


def mirror_of(path: str, folders: Collection[str]) -> str | None:
    """The one of the tests' *folders* that is named as *path*'s folder; if *path* is no module, or as one above it."""
    parts = PurePosixPath(path).parent.parts
    if parts[:2] == ("src", ROOT_PACKAGE):
        parts = parts[2:]
    while parts:
        folder = "/".join(("tests", "unit", *parts))
        if folder in folders or module_of(path):
            return folder
        parts = parts[:-1]
    return None


def imports_of(source: str) -> frozenset[str]:
    """Every module that *source* names in an import, and every ``module.name`` that may be one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{one.name}" for one in node.names)
    return frozenset(found)


def near_tests(
    changed: Iterable[str],
    tests: Mapping[str, frozenset[str]],
    supports: Mapping[str, frozenset[str]],
    importers: Importers,
) -> list[NearTest]:
    """The tests near *changed*, the nearest first.

    *tests* maps a test's path to what it imports, *supports* the path of a module of tests/support likewise, and
    *importers* gives the modules that import one directly.
    """
    files = set(changed)
    modules = {module for path in files if (module := module_of(path))}
    between = {one for module in modules for one in importers(module)} - modules
    folders = {str(PurePosixPath(path).parent) for path in tests}
    mirrors = {mirror_of(path, folders) for path in files if not path.startswith("tests/")}
    has_page = any(path.endswith(".md") for path in files)
    helpers = {PurePosixPath(path).stem: imported for path, imported in supports.items()}
    changed_helpers = {PurePosixPath(path).stem for path in files if path in supports}
    found = []
    for path, imported in tests.items():
        by_support = {one for name in imported & helpers.keys() for one in helpers[name]}
        is_mirror = str(PurePosixPath(path).parent) in mirrors
        if path in files or (has_page and path == OF_PAGES):
            steps = ITSELF
        elif imported & (modules | changed_helpers):
            steps = DIRECTLY
        elif is_mirror or imported & between or by_support & modules:
            steps = ONE_STEP
        else:
            continue
        found.append(
            NearTest(steps, is_elsewhere=not is_mirror, loads=len(imported | by_support), path=path)
        )
    return sorted(found)


def read_imports(root: Path, pattern: str) -> dict[str, frozenset[str]]:
    """What each file of *root* that *pattern* names imports, by its path."""
    return {
        str(path.relative_to(root)): imports_of(path.read_text())
        for path in sorted(root.glob(pattern))
    }
