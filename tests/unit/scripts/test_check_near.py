"""``scripts/check``: a test is near a change by what it imports, by a module between, or by its folder's name."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

NEAR: dict[str, Any] = runpy.run_path(
    str(Path(__file__).resolve().parents[3] / "scripts/check_parts/near.py")
)
ERRORS, COSE, CLAIMS = (
    "counterfoil.gateway.errors",
    "counterfoil.gateway.record.cose",
    "counterfoil.gateway.record.claims",
)
TESTS = {
    "tests/unit/gateway/record/test_cose.py": frozenset({COSE}),
    "tests/unit/gateway/record/test_claims.py": frozenset({CLAIMS}),
    "tests/unit/gateway/log/test_log.py": frozenset({"support_record"}),
    "tests/unit/oracle/test_far.py": frozenset({"counterfoil.oracle.far"}),
    "tests/unit/api/pages/test_catalogue.py": frozenset({"counterfoil.api.pages.language"}),
    "tests/unit/test_docs.py": frozenset({"re"}),
}
SUPPORTS = {"tests/support/support_record.py": frozenset({COSE})}
IMPORTERS = {ERRORS: {COSE}, COSE: {CLAIMS}, CLAIMS: {"counterfoil.oracle.far"}}


def near(*changed: str) -> dict[str, int]:
    found = NEAR["near_tests"](changed, TESTS, SUPPORTS, lambda name: IMPORTERS.get(name, set()))
    return {one.path.rpartition("/")[2]: one.steps for one in found}


def test_importing_the_change_is_nearer_than_importing_what_imports_it() -> None:
    found = near("gateway/record/cose.py")
    assert found == {"test_cose.py": 1, "test_claims.py": 2, "test_log.py": 2}
    assert next(iter(found)) == "test_cose.py"


def test_two_modules_between_are_too_many() -> None:
    assert near("gateway/errors.py") == {"test_cose.py": 2}


def test_a_changed_test_is_the_nearest() -> None:
    found = near("tests/unit/oracle/test_far.py", "gateway/errors.py")
    assert list(found.items()) == [("test_far.py", 0), ("test_cose.py", 2)]


def test_a_changed_support_module_brings_the_tests_that_import_it() -> None:
    assert near("tests/support/support_record.py") == {"test_log.py": 1}


def test_a_template_brings_the_tests_of_the_folder_above_it() -> None:
    assert near("api/pages/templates/today.html") == {"test_catalogue.py": 2}


def test_a_page_brings_the_test_of_the_pages() -> None:
    assert near("docs/roles.md") == {"test_docs.py": 0}


def test_a_path_is_the_module_that_python_knows() -> None:
    module_of = NEAR["module_of"]
    assert module_of("src/counterfoil/up/data_folder.py") == "counterfoil.up.data_folder"
    assert module_of("gateway/record/__init__.py") == "counterfoil.gateway.record"
    assert module_of("scripts/bench_parts/report.py") is None
    assert module_of("docs/roles.md") is None
