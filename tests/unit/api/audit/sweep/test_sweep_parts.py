"""A line's state follows from what was found: each code is of one part, and what was not read does not hold."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

from counterfoil.api.audit.sweep.run import Swept
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.sweep.sweep_part import PART_OF, State, state_of
from counterfoil.api.audit.sweep.sweep_part import Part as Checked
from counterfoil.api.audit.verification.said import Part
from counterfoil.fault import Code
from counterfoil.gateway.errors import RecordError

SWEEP = Path(__file__).resolve().parents[5] / "api/audit/sweep"


def codes_found() -> set[str]:
    """The code of each ``Finding(…)`` in the sweep's modules."""
    found = set[str]()
    for path in sorted(SWEEP.glob("*.py")):
        module = importlib.import_module(f"counterfoil.api.audit.sweep.{path.stem}")
        for node in ast.walk(ast.parse(path.read_text())):
            is_finding = isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
            if not is_finding or not isinstance(node, ast.Call):
                continue
            made = ast.unparse(node.args[0] if node.args else node.keywords[0].value)
            if made != "Code(code)":  # read back from the state file
                found.add(eval(made, vars(module)))  # noqa: S307
    return found


def test_each_code_that_a_sweep_finds_is_of_one_part() -> None:
    found = codes_found()
    assert len(found) > 20
    assert found == set(PART_OF)
    assert set(PART_OF.values()) == set(Checked)


def finding(code: Code, *, unverifiable: bool = False) -> Finding:
    return Finding(code, Part("somewhere"), Part("something"), unverifiable)


def test_a_part_fails_holds_or_is_not_told() -> None:
    wrong, open_ = (finding(RecordError.code, unverifiable=flag) for flag in (False, True))
    assert state_of([], is_whole=True) == State.HELD
    assert state_of([], is_whole=False) == State.NOT_TOLD
    assert state_of([open_], is_whole=True) == State.NOT_TOLD
    assert state_of([open_, wrong], is_whole=True) == State.FAILED
    assert state_of([wrong], is_whole=False) == State.FAILED


def test_a_short_log_leaves_open_only_what_the_log_is_needed_for() -> None:
    done = Swept(heads=2, heads_verified=1)
    assert {part for part in done.parts if done.state_of(part) == State.HELD} == {
        Checked.SIGNERS,
        Checked.SPLITS,
        Checked.BALANCES,
    }


def test_no_line_speaks_of_the_banks_statements_where_none_were_given() -> None:
    assert Checked.MINTS not in Swept().parts
    assert Checked.MINTS in Swept(deposits_compared=True).parts
