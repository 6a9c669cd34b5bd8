"""A call of our own with more than three arguments names those that don't already say what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("gateway", "chain", "oracle", "api", "src/counterfoil")
MOST = 3
Functions = ast.FunctionDef | ast.AsyncFunctionDef


def sources(folder: str) -> Iterator[tuple[str, Path]]:
    """Each module's name and file; migrations, which never change again, are left out."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        if path.resolve() == path and "migrations" not in path.parts:
            place = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(place[1:] if place[0] == "src" else ("counterfoil", *place))
            yield name.removesuffix(".__init__"), path


def fields(node: ast.ClassDef) -> list[str] | None:
    """What the class takes by position; None when its own body does not say."""
    for one in node.body:
        if isinstance(one, Functions) and one.name == "__init__":
            return [a.arg for a in one.args.args[1:]] if one.args.vararg is None else None
    makers = [ast.unparse(d) for d in node.decorator_list] + [ast.unparse(b) for b in node.bases]
    own = [b for b in makers if b.startswith("dataclass") or b == "NamedTuple"]
    if not own or len(node.bases) > (own == ["NamedTuple"]):
        return None
    found = []
    for one in node.body:
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            if one.target.id == "_":
                break
            if not ast.unparse(one.annotation).startswith("ClassVar"):
                found.append(one.target.id)
    return found


def signatures(tree: ast.Module) -> dict[str, list[str]]:
    """The functions and classes that a module makes, and what each takes by position."""
    found = {}
    for node in tree.body:
        if isinstance(node, Functions) and node.args.vararg is None:
            found[node.name] = [a.arg for a in node.args.args]
        elif isinstance(node, ast.ClassDef) and (taken := fields(node)) is not None:
            found[node.name] = taken
    return found


def known(tree: ast.Module, modules: Mapping[str, Mapping[str, list[str]]]) -> dict[str, list[str]]:
    """What can be called by which name in a module: its own, and what it imports from ours."""
    found = signatures(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for one in node.names:
                called = one.asname or one.name
                if one.name in modules.get(node.module or "", {}):
                    found[called] = modules[node.module or ""][one.name]
                for name, takes in modules.get(f"{node.module}.{one.name}", {}).items():
                    found[f"{called}.{name}"] = takes
    return found


def is_plain(argument: ast.expr, parameter: str) -> bool:
    """Whether *argument* is named as its parameter, or ends so: ``self._size`` for ``size``."""
    name = getattr(argument, "attr", getattr(argument, "id", "")).strip("_").lower()
    return name == parameter.strip("_") or name.endswith("_" + parameter.strip("_"))


def unnamed(tree: ast.Module, modules: Mapping[str, Mapping[str, list[str]]]) -> Iterator[int]:
    """The lines of calls that pass more than ``MOST`` arguments by position, not all of them plain."""
    callable_here = known(tree, modules)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > MOST:
            takes = callable_here.get(ast.unparse(node.func))
            if takes is None or any(isinstance(a, ast.Starred) for a in node.args):
                continue
            if not all(is_plain(a, p) for a, p in zip(node.args, takes, strict=False)):
                yield node.lineno


def test_more_than_three_arguments_are_named() -> None:
    trees = {
        name: (path, ast.parse(path.read_bytes()))
        for folder in FOLDERS
        for name, path in sources(folder)
    }
    modules = {name: signatures(tree) for name, (_, tree) in trees.items()}
    assert len(modules["counterfoil.gateway.log.merkle"]) > MOST
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path, tree in trees.values()
        for line in unnamed(tree, modules)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("call", "is_found"),
    [
        ("f(1, 2, 3, 4)", True),
        ("m.g(1, 2, 3, 4)", True),
        ("C(1, 2, 3, 4)", True),
        ("f(a, self.b, x.c, _d)", False),
        ("f(1, 2, 3, d=4)", False),
        ("f(*given, 2, 3, 4)", False),
        ("others(1, 2, 3, 4)", False),
    ],
)
def test_a_call_is_found_where_its_arguments_say_nothing(call: str, is_found: bool) -> None:
    text = (
        "from ours import m\n@dataclass\nclass C:\n    a: int\n    b: int\n    c: int\n    d: int\n"
    )
    tree = ast.parse(f"{text}def f(a, b, c, d): ...\n{call}\n")
    assert bool(list(unnamed(tree, {"ours.m": {"g": ["a", "b", "c", "d"]}}))) is is_found
