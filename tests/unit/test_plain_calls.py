"""Arguments and elements stand one by one: no call or literal takes a tuple apart that was packed on the spot."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("gateway", "chain", "oracle", "api", "src/counterfoil", "tests", "scripts")
LITERALS = (ast.Tuple, ast.List, ast.Set)


def sources(folder: str) -> list[Path]:
    """The Python files below *folder*; links to other folders are not followed."""
    return sorted(
        path
        for path in (ROOT / folder).rglob("*.py")
        if path.resolve() == path and "node_modules" not in path.parts
    )


def packings(tree: ast.AST) -> Iterator[int]:
    """The lines with ``*(a, b)`` among a call's arguments or a literal's elements."""
    for node in ast.walk(tree):
        inside: list[ast.expr] = []
        if isinstance(node, ast.Call):
            inside = node.args
        elif isinstance(node, LITERALS):
            inside = node.elts
        for one in inside:
            if isinstance(one, ast.Starred) and isinstance(one.value, LITERALS):
                yield one.lineno


@pytest.mark.parametrize("folder", FOLDERS)
def test_nothing_is_packed_to_be_taken_apart(folder: str) -> None:
    files = sources(folder)
    assert files
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in files
        for line in packings(ast.parse(path.read_bytes()))
    ]
    assert found == []


@pytest.mark.parametrize("text", ["f(*(1, 2))", "[*(1, 2), 3]", "{*[1], 2}", "x = (*(1, 2), 3)"])
def test_a_packing_is_found(text: str) -> None:
    assert list(packings(ast.parse(text))) == [1]


@pytest.mark.parametrize("text", ["f(*a)", "[*(n for n in a), 3]", "(*a, *b)", "f(*a.b())"])
def test_what_is_no_literal_may_be_taken_apart(text: str) -> None:
    assert list(packings(ast.parse(text))) == []
