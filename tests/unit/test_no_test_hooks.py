"""What tests alone need stays below tests: the product knows no variable of theirs, and never ends itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("api", "chain", "gateway", "oracle", "src/counterfoil")
MODULES = [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))]


def hooks_in(source: str) -> Iterator[str]:
    """Names of variables that only tests set, and calls by which a process kills itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if "COUNTERFOIL_TEST" in node.value or "PYTEST" in node.value:
                yield node.value
        elif isinstance(node, ast.Call) and ast.unparse(node).startswith("os.kill(os.getpid()"):
            yield ast.unparse(node)


@pytest.mark.parametrize(
    "source",
    [
        'os.environ.get("COUNTERFOIL_TEST_CRASH_AT")',
        '"PYTEST_CURRENT_TEST" in os.environ',
        "os.kill(os.getpid(), signal.SIGKILL)",
    ],
)
def test_a_hook_is_found(source: str) -> None:
    assert list(hooks_in(source))


def test_no_module_of_the_product_has_a_hook_for_tests() -> None:
    assert len(MODULES) > 400
    found = {
        str(path.relative_to(ROOT)): hooks
        for path in MODULES
        if (hooks := [*hooks_in(path.read_text())])
    }
    assert found == {}
