"""Enumerations and roles are the contracts' own: a change of one reaches whoever uses it, and nobody types them."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from counterfoil.chain import compilation
from counterfoil.chain.abi import enums
from counterfoil.chain.abi.contract_enum import ContractEnum
from counterfoil.chain.consortium import FUNCTION_ROLES
from counterfoil.chain.enumerations import (
    ENUMS,
    Enumeration,
    EnumerationsUnclear,
    module_text,
    read_enumerations,
)

HOUSE = compilation.CONTRACTS.parent
ALL = {
    one.__name__: one for one in ContractEnum.__subclasses__() if one.__module__ == enums.__name__
}
SMALLEST = 3
"""Two names in order may stand together for another reason, unless they are the whole of a collection."""
CHANGES = (
    ("interfaces/ICreditLine.sol", r"BULLET,(\s*)EQUAL_PRINCIPAL,", r"EQUAL_PRINCIPAL,\1BULLET,"),
    ("interfaces/ICreditLine.sol", r"REVENUE_SHARE(\s*)\}", r"REVENUE_SHARE,\1SEASONAL\1}"),
    ("interfaces/ICreditLine.sol", r"\bGRACE,", "TOLERANCE,"),
    ("interfaces/IRevenueSplit.sol", r"DAY,(\s*)MONTH", r"MONTH,\1DAY"),
    ("libraries/Roles.sol", r"REGISTRAR = 1;", "REGISTRAR = 11;"),
)
"""File, pattern, what is put there."""
USERS = """
import importlib.util, json, sys
from types import SimpleNamespace
spec = importlib.util.spec_from_file_location("counterfoil.chain.abi.enums", sys.argv[1])
enums = importlib.util.module_from_spec(spec)
sys.modules["counterfoil.chain.abi.enums"] = enums
spec.loader.exec_module(enums)

from counterfoil.api.chain.unsigned import TermsIn
from counterfoil.api.credit.writes import DrawIn, OPERATIONS
from counterfoil.chain.consortium import FUNCTION_ROLES
from counterfoil.oracle.ledger.credit_line import HANDLERS
from counterfoil.oracle.rules.loans.instalments import instalments
from counterfoil.oracle.rules.split_terms import terms_argument

draw = next(o for o in OPERATIONS if o.name == "draw")
body = DrawIn(order_root=1, amount_minor=5, plan="bullet", instalments=[{"date": 20260105, "principal_minor": 5}])
loan = SimpleNamespace()
session = SimpleNamespace(get_one=lambda *_: loan, get=lambda *_: loan)
said = {"loan": 1, "plan": 5, "collateral": 0, "instalments": [], "state": 2}
for event in ("LoanScheduled", "LoanStateChanged"):
    HANDLERS["CreditLine", event](session, SimpleNamespace(block_number=1), said)
account = "0x" + "11" * 20
terms = {"effective_from": 20260101, "period": "day", "goods": [], "allocations": [], "investors": []}
terms |= dict.fromkeys(("refund", "tax", "residual"), account)
print(json.dumps({
    "asked": DrawIn.model_json_schema()["properties"]["plan"]["enum"],
    "sent": draw.arguments(SimpleNamespace(key=1, body=body))[3],
    "rules": len(instalments(enums.Plan(0), 6, 20260105, [20260205, 20260305])),
    "projected": [loan.plan, loan.state],
    "period": terms_argument(terms)["period"],
    "roles": [int(role) for role in FUNCTION_ROLES["ParticipantRegistry"]],
}))
"""


def test_a_change_of_the_contracts_reaches_the_module_and_its_users(tmp_path: Path) -> None:
    contracts = tmp_path / "contracts"
    shutil.copytree(compilation.CONTRACTS, contracts)
    for name, pattern, new in CHANGES:
        path = contracts / name
        text, count = re.subn(pattern, new, path.read_text())
        assert count == 1, (name, pattern)
        path.write_text(text)
    found = read_enumerations(contracts, compilation.SOLC)
    plan, loan = (next(one for one in found if one.name == n) for n in ("Plan", "LoanState"))
    assert list(plan.members)[:2] == ["EQUAL_PRINCIPAL", "BULLET"]
    assert plan.members["SEASONAL"] == 5
    assert list(loan.members)[2] == "TOLERANCE"
    assert {one.name for one in found} == set(ALL)
    module = tmp_path / "enums.py"
    module.write_text(module_text(found))
    run = (sys.executable, "-c", USERS, str(module))
    told = subprocess.run(run, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == {
        "asked": [
            "equal_principal",
            "bullet",
            "annuity",
            "interest_only",
            "revenue_share",
            "seasonal",
        ],
        "sent": 1,
        "rules": 2,
        "projected": ["seasonal", "tolerance"],
        "period": 1,
        "roles": [11, 6, 7],
    }


def test_the_check_finds_a_module_that_is_not_the_contracts() -> None:
    kept = ENUMS.read_text()
    assert "enums.py" not in str(compilation.differences({}, kept))
    changed = kept.replace("BULLET = 0", "BULLET = 1")
    assert "enums.py differs from its sources" in compilation.differences({}, changed)


@pytest.mark.parametrize("one", ALL.values(), ids=ALL)
def test_names_and_numbers_lead_to_each_other(one: type[ContractEnum]) -> None:
    for member in one:
        assert one.named(member.wire_name) is one(int(member)) is member
    asked = tuple(member.wire_name for member in one if member.name != "NONE")
    assert get_args(getattr(enums, f"{one.__name__}Name")) == asked
    with pytest.raises(ValueError, match="is no"):
        one.named("no such name")


def test_two_enumerations_of_one_name_are_refused() -> None:
    twice = [
        Enumeration("State", {"NONE": 0}, "IOne.State"),
        Enumeration("State", {}, "ITwo.State"),
    ]
    with pytest.raises(EnumerationsUnclear, match="noun: State"):
        module_text(twice)


def test_a_name_kept_for_a_member_that_is_gone_is_refused() -> None:
    found = [Enumeration(n, {m.name: int(m) for m in one}, n) for n, one in ALL.items()]
    module_text(found)
    gone = [one if one.name != "Asset" else Enumeration("Asset", {"CASH": 0}, "") for one in found]
    with pytest.raises(EnumerationsUnclear, match=r"Asset\.DEPOSIT_TOKEN"):
        module_text(gone)


def test_functions_have_the_roles_that_their_interfaces_name() -> None:
    named: dict[str, dict[str, set[str]]] = {}
    said = re.compile(r"@dev Role ([A-Z]+)\b.*\n(?:\s*///.*\n)*\s*function (\w+)")
    texts = {p.stem: p.read_text() for p in (compilation.CONTRACTS / "interfaces").glob("I*.sol")}
    inherited = re.compile(r"^interface \w+ is ([^{]+) \{", re.MULTILINE)
    bases = {
        name: [b for found in inherited.findall(t) for b in found.split(", ")]
        for name, t in texts.items()
    }
    shared = {base for found in bases.values() for base in found}
    for name in texts.keys() - shared:
        for one in (name, *bases[name]):
            for role, function in said.findall(texts.get(one, "")):
                if role != enums.Role.ADMIN.name:
                    named.setdefault(name[1:], {}).setdefault(role, set()).add(function)
    assert {
        contract: {role.name: set(functions) for role, functions in by_role.items()}
        for contract, by_role in FUNCTION_ROLES.items()
    } == named


def _modules() -> Iterator[Path]:
    for folder in (
        "gateway",
        "chain",
        "oracle",
        "api",
        "src/counterfoil/up",
        "src/counterfoil/invoices",
    ):
        yield from (HOUSE / folder).rglob("*.py")


def _strings(node: ast.AST) -> list[str]:
    """The strings in a collection, in order, whatever it is packed in; a mapping's keys and a class's members too."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [text for part in node.elts for text in _strings(part)]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [text for pair in pairs for part in pair if part for text in _strings(part)]
    if isinstance(node, (ast.Starred, ast.Subscript)):
        return _strings(node.value if isinstance(node, ast.Starred) else node.slice)
    if isinstance(node, ast.ClassDef):
        targets = [t for part in node.body if isinstance(part, ast.Assign) for t in part.targets]
        flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        return [target.id for target in flat if isinstance(target, ast.Name)]
    return []


def repeated(source: str) -> set[str]:
    """The enumerations whose names stand in order in a collection, a Literal or a class of *source*."""
    kinds = (ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Subscript, ast.ClassDef)
    said = [_strings(node) for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]
    return {name for name, one in ALL.items() for texts in said if _holds(texts, one)}


def _holds(texts: list[str], one: type[ContractEnum]) -> bool:
    asked = [member for member in one if member.name != "NONE"]
    for members in (asked, list(one)):
        for names in ([m.wire_name for m in members], [m.name for m in members]):
            if len(names) < SMALLEST:
                if texts == names:
                    return True
            elif any(texts[at : at + len(names)] == names for at in range(len(texts))):
                return True
    return False


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (
            'PLANS = (*("bullet", "equal_principal"), *("annuity", "interest_only", "revenue_share"))',
            "Plan",
        ),
        ("class Debt(IntEnum):\n    COSTS, PENALTY, INTEREST, PRINCIPAL = range(4)", "Debt"),
        ('class P(BaseModel):\n    period: Literal["day", "month"]', "Period"),
        (
            'B = {"fixed": 0, "per_unit": 1, "net_basis_points": 2, "remainder_basis_points": 3}',
            "Basis",
        ),
        ('S = {0: "none", 1: "active", 2: "suspended"}', "DeviceStatus"),
        ('O = ("costs", "penalty", "interest", "principal", "due", "missed")', "Debt"),
    ],
)
def test_a_copy_by_hand_is_seen(source: str, name: str) -> None:
    assert repeated(source) == {name}


def test_no_module_types_an_enumeration_by_hand() -> None:
    found: dict[str, Any] = {}
    for path in _modules():
        names = repeated(path.read_text()) if path != ENUMS else set()
        if names:
            found[str(path.relative_to(HOUSE))] = names
    assert not found, "take these from chain.abi.enums"
