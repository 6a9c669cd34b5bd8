"""The faults that the product's sources declare, read from their syntax alone: nothing is imported.

A class declares one with a literal ``code``, its docstring and ``to_do``; a module with ``NAME = fault(code, means,
to_do)``. A class whose ``code`` is another declaration's takes that over, and declares none.
"""

from __future__ import annotations

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PACKAGES = ("api", "chain", "gateway", "oracle", "src/counterfoil")
_PROBLEMS = {"ApiProblem": None, "problem": None, "conflict": 409}
"""Who makes an HTTP problem, and its status where the name fixes it; else it is the first argument."""


@dataclass(frozen=True)
class Fault:
    """One declaration: *places* are the folders that name it, *statuses* those of HTTP where they are fixed."""

    code: str
    means: str
    to_do: str
    places: tuple[str, ...] = ()
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True)
class Source:
    """A file of the product: its *module* and its path below its package's parent."""

    module: str
    path: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        """Where it stands, as the docs name it."""
        return self.path.rpartition("/")[0] or self.path


def sources(root: Path) -> list[Source]:
    """Every file of the product, migrations too, in the order of their paths."""
    found = []
    for package in _PACKAGES:
        top = root / package
        base = top if package.startswith("src/") else root
        for file in sorted(top.rglob("*.py")):
            if "node_modules" in file.parts:
                continue
            path = file.relative_to(base).as_posix()
            module = "counterfoil." + path.removesuffix(".py").replace("/", ".")
            found.append(Source(module, path, ast.parse(file.read_text())))
    return found


def declarations(source: Source) -> Iterator[tuple[str, str, str, str]]:
    """Name, code, meaning and what to do, of each declaration of *source*; what is missing is empty."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            code = _literal_code(_assigned(node, "code"))
            if code is not None:
                means = inspect.cleandoc(ast.get_docstring(node) or "").partition("\n\n")[0]
                yield node.name, code, means, _text(_assigned(node, "to_do"))
        elif isinstance(node, ast.Assign) and _is_call_of(node.value, "fault"):
            assert isinstance(node.value, ast.Call)  # just asked
            (target,) = node.targets
            code, means, to_do = (_text(one) for one in node.value.args)
            yield ast.unparse(target), code, means, to_do


def declared_faults(root: Path) -> list[Fault]:
    """Every fault that the product declares, with where it is named."""
    files = sources(root)
    named = {
        (source.module, name): (code, means, to_do, source.folder)
        for source in files
        for name, code, means, to_do in declarations(source)
    }
    places: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    statuses: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for source in files:
        known = {name: key for key in named for name in [key[1]] if key[0] == source.module}
        known |= {alias: key for alias, key in _imported(source.tree) if key in named}
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in known:
                places[known[node.id]].add(source.folder)
            elif isinstance(node, ast.Call):
                for name, status in _statuses(node):
                    if name in known:
                        statuses[known[name]].add(status)
    return [
        Fault(
            code,
            means,
            to_do,
            places=tuple(sorted(places[key] or {home})),
            statuses=tuple(sorted(statuses[key])),
        )
        for key, (code, means, to_do, home) in named.items()
    ]


def _assigned(node: ast.ClassDef, name: str) -> ast.expr | None:
    for one in node.body:
        targets = one.targets if isinstance(one, ast.Assign) else []
        if isinstance(one, ast.AnnAssign):
            targets = [one.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            assert isinstance(one, ast.Assign | ast.AnnAssign)  # it has a target
            return one.value
    return None


def _literal_code(value: ast.expr | None) -> str | None:
    if isinstance(value, ast.Call) and _is_call_of(value, "Code"):
        return _text(value.args[0]) or None
    return None


def _is_call_of(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _text(node: ast.expr | None) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else ""


def _imported(tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                yield one.asname or one.name, (node.module, one.name)


def _statuses(call: ast.Call) -> Iterator[tuple[str, int]]:
    func = call.func
    made = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
    if made not in _PROBLEMS or not call.args:
        return
    status = _PROBLEMS[made]
    given = call.args[1] if status is None and len(call.args) > 1 else call.args[0]
    if status is None and isinstance(call.args[0], ast.Constant):
        status = call.args[0].value if isinstance(call.args[0].value, int) else None
    name = given.value if isinstance(given, ast.Attribute) and given.attr == "code" else given
    if isinstance(name, ast.Name) and status is not None:
        yield name.id, status
