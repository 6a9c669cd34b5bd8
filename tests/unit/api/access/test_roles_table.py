"""The table of roles says one thing for every operation and role, and the page is made of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from counterfoil.api.access.auth import Role
from counterfoil.api.access.roles import may, whose
from counterfoil.api.access.roles_table import RULES
from counterfoil.api.access.whose import Whose, cells

ROOT = Path(__file__).resolve().parents[4]


def test_an_operation_without_a_row_is_nobodys() -> None:
    assert {whose("GET /v1/forgotten", role) for role in Role} == {Whose.NONE}
    assert not may("", Role.ADMIN)


def test_a_path_stands_for_its_unsigned_twin_unless_that_has_a_row() -> None:
    assert whose("POST /v1/credit-lines/unsigned", Role.SITE) is Whose.NONE
    assert whose("POST /v1/credit-lines/unsigned", Role.BORROWER) is Whose.TRIES


def test_no_role_has_two_cells_in_a_row() -> None:
    with pytest.raises(ValueError, match="said twice"):
        cells((Whose.ALL, {Role.ADMIN}), (Whose.OWN, set(Role)))


def test_the_page_is_the_one_that_the_table_gives() -> None:
    done = subprocess.run(  # our own script
        [ROOT / "scripts" / "list-roles", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_no_bank_reaches_what_is_its_rivals() -> None:
    """The rule itself, since the walk of the cells only holds the code to the table."""
    files = ("accounts", "lines", "statements")
    paths = [*(f"bank-{name}" for name in files), "payout-files", "days", "statements"]
    assert {whose(f"GET /v1/{path}", Role.BANK) for path in paths} == {Whose.BANK}
    assert {whose("GET /v1/payout-files/{number}/document", Role.BANK)} == {Whose.BANK}
    for path in ("instructions", "instructions/{number}"):
        assert whose(f"GET /v1/{path}", Role.BANK) is Whose.OWN
    for path in ("quotes", "quotes/{quote}", "settlements", "settlements/{deal}"):
        assert {whose(f"GET /v1/{path}", role) for role in Role} == {Whose.PARTY}


def test_who_audits_changes_nothing() -> None:
    for role in (Role.AUDITOR, Role.REGULATOR):
        reached = {name for rule in RULES for name in rule.operations if rule.of(role) != "none"}
        assert {name for name in reached if name.startswith("POST")} <= {
            "POST /login",
            "POST /logout",
        }
