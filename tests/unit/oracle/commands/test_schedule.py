"""``counterfoil schedule``: what it prints, and what it says of bad terms."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TERMS = {
    "contractType": "LAM",
    "contractID": "loan-1",
    "contractRole": "RPA",
    "statusDate": "2025-12-31",
    "initialExchangeDate": "2026-01-01",
    "maturityDate": "2026-04-01",
    "notionalPrincipal": "3000",
    "nominalInterestRate": "0.12",
    "dayCountConvention": "30E360",
    "cycleAnchorDateOfPrincipalRedemption": "2026-02-01",
    "cycleOfPrincipalRedemption": "P1ML0",
    "cycleAnchorDateOfInterestPayment": "2026-02-01",
    "cycleOfInterestPayment": "P1ML0",
}


def run(tmp_path: Path, given: Any, *options: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "terms.json"
    path.write_text(given if isinstance(given, str) else json.dumps(given))
    command = [sys.executable, "-m", "counterfoil", "schedule", str(path), *options]
    return subprocess.run(command, capture_output=True, text=True, env={"COLUMNS": "100"})


def test_bare_terms_give_one_json_list_of_events(tmp_path: Path) -> None:
    done = run(tmp_path, TERMS, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [event["eventType"] for event in found] == ["IED", "PR", "IP", "PR", "IP", "IP", "MD"]
    assert found[2] == {
        "eventDate": "2026-02-01T00:00:00",
        "eventType": "IP",
        "payoff": 30,
        "notionalPrincipal": 2000,
        "nominalInterestRate": 0.12,
        "accruedInterest": 0,
    }


def test_numbers_come_out_digit_by_digit(tmp_path: Path) -> None:
    given = {**TERMS, "notionalPrincipal": "12345678901234567.89", "maturityDate": "2026-05-01"}
    done = run(tmp_path, given, "--json")
    assert '"payoff": -12345678901234567.89' in done.stdout


def test_a_case_is_cut_at_its_to_and_its_results_are_ignored(tmp_path: Path) -> None:
    case = {"terms": TERMS, "to": "2026-02-01T00:00:00", "dataObserved": {}, "results": [1]}
    assert len(json.loads(run(tmp_path, case, "--json").stdout)) == 3
    assert len(json.loads(run(tmp_path, case, "--json", "--to", "2026-01-31").stdout)) == 1


def test_a_file_of_many_gives_each_by_its_name(tmp_path: Path) -> None:
    cases = {"one": {"terms": TERMS}, "two": TERMS}
    found = json.loads(run(tmp_path, cases, "--json").stdout)
    assert found["one"] == found["two"]
    assert list(json.loads(run(tmp_path, cases, "--json", "--case", "two").stdout)) == ["two"]
    assert list(json.loads(run(tmp_path, [TERMS], "--json").stdout)) == ["loan-1"]


def test_one_refused_of_many_is_named_and_the_others_are_printed(tmp_path: Path) -> None:
    done = run(tmp_path, {"good": TERMS, "bad": {"contractType": "STK"}}, "--json")
    assert done.returncode == 2
    assert list(json.loads(done.stdout)) == ["good"]
    refused = json.loads(done.stderr)
    assert refused["code"] == "schedule.contract_type_unsupported"
    assert refused["detail"].startswith("bad: ")


def test_without_json_a_table_is_printed(tmp_path: Path) -> None:
    done = run(tmp_path, TERMS)
    assert done.returncode == 0
    assert "loan-1" in done.stdout
    assert "2026-02-01 PR principal redemption" in done.stdout
    assert "12.0000" in done.stdout


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("{", "input.malformed"),
        ("[1]", "input.malformed"),
        ('{"contractType": "PAM", "contractType": "LAM"}', "input.malformed"),
        ('{"notionalPrincipal": NaN}', "input.malformed"),
        ('{"notionalPrincipal": 1e99999999999999999999}', "input.malformed"),
        ("[" * 100_000, "input.malformed"),
        ({}, "schedule.field_missing"),
        ({**TERMS, "calendar": "XX"}, "schedule.enum_unknown"),
        ({**TERMS, "cycleOfInterestPayment": "P1M"}, "schedule.cycle_invalid"),
        ({"terms": TERMS, "dataObserved": {"X": 1}}, "input.malformed"),
    ],
)
def test_bad_input_is_refused_with_its_code(tmp_path: Path, given: Any, code: str) -> None:
    done = run(tmp_path, given, "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert json.loads(done.stderr)["code"] == code


def test_a_file_that_is_not_there_and_a_case_that_is_not_in_it(tmp_path: Path) -> None:
    done = run(tmp_path, {"one": TERMS}, "--case", "two")
    assert json.loads(done.stderr)["detail"] == "no case 'two' in the file: it has one"
    (tmp_path / "terms.json").unlink()
    command = [sys.executable, "-m", "counterfoil", "schedule", str(tmp_path / "terms.json")]
    gone = subprocess.run(command, capture_output=True, text=True)
    assert json.loads(gone.stderr)["code"] == "file.unreadable"
