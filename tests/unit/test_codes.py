"""One code for one fault: each is declared once, has the form, says what to do, and stands in docs/errors.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "errors_parts"))

from contract_faults import abi_errors, contract_faults  # noqa: E402
from fault_declarations import Source, declared_faults, sources  # noqa: E402

FORM = re.compile(r"[a-z][a-z0-9]*\.[a-z0-9]+(_[a-z0-9]+)*")
TAKERS = frozenset(
    [
        "ApiProblem",
        "conflict",
        "problem",
        "fail",
        "_fail",
        "_refuse",
        "refuse",
        "_say",
        "Dissents",
        "NotYet",
        "NetworkError",
        "Unmatched",
        "Difference",
        "Finding",
        "Alarm",
        "RecordRefused",
        "SetAside",
        "MeterRowAside",
        "AsideInvoice",
        "_RefusedTransaction",
        "raise_once",
        "_raise_alarm",
        "_failed",
        "_stop",
        "exception_of",
    ]
)
"""Who takes a code, as the first or second argument or as ``code``."""
SOURCES = sources(ROOT)
OURS = declared_faults(ROOT)
CONTRACTS = contract_faults(ROOT)
CODES = {fault.code for fault in [*OURS, *CONTRACTS]}


def test_there_are_faults_of_every_package() -> None:
    homes = {place.partition("/")[0] for fault in OURS for place in fault.places}
    assert {"api", "chain", "gateway", "oracle"} <= homes
    assert len(OURS) > 250
    assert len(CONTRACTS) > 150


def test_a_code_has_its_form_and_says_what_it_means_and_what_to_do() -> None:
    for fault in [*OURS, *CONTRACTS]:
        assert FORM.fullmatch(fault.code), fault.code
        for said in (fault.means, fault.to_do):
            assert said.endswith("."), f"{fault.code}: {said!r} is no sentence"


def test_a_code_is_declared_once() -> None:
    twice = [code for code, times in Counter(f.code for f in OURS).items() if times > 1]
    assert twice == []
    assert not {fault.code for fault in OURS} & {fault.code for fault in CONTRACTS} - {
        "contract.reverted"
    }


def test_every_code_of_a_contracts_error_is_said() -> None:
    said = re.findall(
        r"^\[(\w+)\]$", (ROOT / "contracts" / "errors.toml").read_text(), re.MULTILINE
    )
    assert sorted(said) == sorted(abi_errors(ROOT))


def test_no_code_is_a_bare_string() -> None:
    assert {source.path: found for source in SOURCES if (found := bare_codes(source))} == {}


def test_a_bare_code_is_found() -> None:
    written = {
        'fail("it_failed", "why")': "it_failed",
        'raise ApiProblem(409, "it_failed", "why")': "it_failed",
        'problem(409, code="it_failed", detail="why")': "it_failed",
        'print(json.dumps({"code": "it_failed"}))': "it_failed",
        'class A(Exception):\n    code = "it_failed"': "it_failed",
        'x = "record.sequence_gap"': "record.sequence_gap",
        'f"record.sequence_gap: {x}"': "record.sequence_gap",
        'x = "contract.no_such_error"': "contract.no_such_error",
    }
    for text, code in written.items():
        assert bare_codes(Source("m", "m.py", ast.parse(text))) == [(code, text.count("\n") + 1)]


def test_the_networks_tool_says_only_codes_that_are_declared() -> None:
    said = {
        code
        for file in (ROOT / "chain" / "nodes" / "avalanche").rglob("*.go")
        for code in re.findall(r'"(network\.[a-z_]+)"', file.read_text())
    }
    assert len(said) > 10
    assert said - CODES == set()


def test_the_page_lists_every_code() -> None:
    page = (ROOT / "docs" / "errors.md").read_text()
    listed = re.findall(r"^\| `([a-z0-9._]+)` \|", page, re.MULTILINE)
    assert sorted(listed) == sorted(CODES)
    run = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "errors_parts"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def bare_codes(source: Source) -> list[tuple[str, int]]:
    """Strings of *source* that are a code, or stand where one is taken, outside of declarations; with their lines."""
    declaring = {id(one) for node in ast.walk(source.tree) for one in _declaring(node)}
    documenting = {
        id(node.value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    found: dict[int, tuple[str, int]] = {}
    for node in ast.walk(source.tree):
        for one in _taken(node):
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
                found[id(one)] = (one.value, one.lineno)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            code = node.value.partition(":")[0]
            of_a_contract = code.startswith("contract.") and FORM.fullmatch(code) is not None
            # A contract's own code may be named: it is declared in no module. It must be one.
            if (code not in CODES) if of_a_contract else (code in CODES):
                found[id(node)] = (code, node.lineno)
    is_frozen = "/migrations/" in source.path  # what was stored, as it was then
    return [
        what
        for key, what in found.items()
        if key not in declaring and key not in documenting and not is_frozen
    ]


def _declaring(node: ast.AST) -> list[ast.expr]:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    if is_call and isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("fault", "Code"):
        return node.args
    return [
        one
        for field in (getattr(node, "keywords", None) or [])
        if field.arg == "examples"
        for one in ast.walk(field.value)
        if isinstance(one, ast.Constant)
    ]


def _taken(node: ast.AST) -> list[ast.expr]:
    """What stands in *node* where a code is taken."""
    if isinstance(node, ast.Call):
        func = node.func
        name = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        if name not in TAKERS:
            return []
        named = [one.value for one in node.keywords if one.arg == "code"]
        is_snake = re.compile(r"[a-z0-9]+([._][a-z0-9]+)+")
        return named + [
            one
            for one in node.args[:2]
            if isinstance(one, ast.Constant) and is_snake.fullmatch(str(one.value))
        ]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "code"]
    if isinstance(node, ast.ClassDef):
        return [
            one.value
            for one in node.body
            if isinstance(one, ast.Assign | ast.AnnAssign)
            and one.value is not None
            and "code" in {ast.unparse(target) for target in _targets(one)}
        ]
    return []


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]
