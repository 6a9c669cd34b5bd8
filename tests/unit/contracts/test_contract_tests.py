"""Every error of the asset side's contracts is reached by a Solidity test of that contract's own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = (
    "BusinessCalendar",
    "CreditLine",
    "ProjectShare",
    "Receivables",
    "Settlement",
    "WarehouseReceipts",
)

TESTED_WITH = {
    ("CreditLine", "collect"): "collateral",
    ("CreditLine", "returnCollateral"): "collateral",
    ("CreditLine", "withdraw"): "repay",
}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_error_of_the_interface_is_reached_by_a_test(contract: str) -> None:
    interface = (ROOT / "contracts" / "interfaces" / f"I{contract}.sol").read_text()
    errors = set(re.findall(r"^    error (\w+)\(", interface, re.MULTILINE))
    assert errors
    worlds = ("ClaimsWorld", "LoanWorld", "WarehouseWorld", "ShareWorld", "DealWorld")
    files = [
        *(ROOT / "tests" / "contracts" / contract).glob("*.t.sol"),
        *(ROOT / "tests" / "contracts" / "support" / f"{world}.sol" for world in worlds),
    ]
    text = "\n".join(path.read_text() for path in files)
    reached = set(re.findall(rf"I{contract}\.(\w+)\.selector", text))
    assert errors - reached == set()


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_function_of_the_interface_has_a_file_of_tests(contract: str) -> None:
    """Reads are tested with the writes that they show; ``unpause`` with ``pause``."""
    interface = (ROOT / "contracts" / "interfaces" / f"I{contract}.sol").read_text()
    body = re.sub(r"//.*", "", interface)
    functions = re.findall(r"function (\w+)\(([^;]*);", body)
    writes = {name for name, rest in functions if " view" not in rest and " pure" not in rest}
    folder = ROOT / "tests" / "contracts" / contract
    missing = {
        name
        for name in writes - {"unpause"}
        if not (folder / f"{TESTED_WITH.get((contract, name), name)}.t.sol").exists()
    }
    assert missing == set()
