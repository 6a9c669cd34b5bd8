"""A plastics factory: 300,000 for a year at 10.8 %, drawn for resin alone, repaid out of sales, frozen once missed.

Everything goes through the API on a real chain. Amounts in cents of USD.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support_desk import Desk, open_desk

pytestmark = pytest.mark.integration

LIMIT = 300_000_00


def line_of(desk: Desk) -> int:
    """The factory's line: applied for, voted by two of three, opened by the bank for the platform's supplier."""
    applied = {
        "lender": "lender",
        "limit_minor": LIMIT,
        "valid_from": 20260105,
        "valid_until": 20270105,
        "rate_ppm": 108_000,
        "penalty_ppm": 54_000,
        "costs_ppm": 100_000,
        "last_due": 20281231,
        "grace_days": 3,
        "default_days": 120,
        "purpose": {"material": "PP granulate", "plant": "injection moulding"},
    }
    line = desk.do("factory", "/credit-lines", applied)["LineApplied"]["line"]
    for member in ("committee", "member3"):
        assert desk.get("lender", f"/credit-lines/{line}")["state"] == "applied"
        vote = {"motion": "approve", "evidence": {"memo": f"of {member}", "meter": "7 months"}}
        desk.do(member, f"/credit-lines/{line}/votes", vote)
    assert desk.refused("factory", f"/credit-lines/{line}/activate") == "request.role_insufficient"
    desk.do("lender", f"/credit-lines/{line}/activate")
    desk.do("lender", f"/credit-lines/{line}/suppliers", {"supplier": "resin"})
    desk.world.give("lender", LIMIT)
    return int(line)


def order(desk: Desk, number: str, amount: int, supplier: str = "resin") -> int:
    """What the factory orders, confirmed by its own registration."""
    claim = {
        "kind": "order",
        "obligor": "factory",
        "creditor": supplier,
        "face_minor": amount,
        "issue_date": 20260105,
        "due_date": 20261231,
        "invoice_number": number,
    }
    made = desk.do("factory", "/receivables", {"claims": [claim]})
    return int(made["ClaimConfirmed"]["root"])


def draw(order_root: int, amount: int, plan: str, months: int) -> dict[str, Any]:
    return {
        "order_root": order_root,
        "amount_minor": amount,
        "plan": plan,
        "months": months,
    }


def test_line_buys_resin_three_times_and_not_a_fourth(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        line = line_of(desk)
        loans = _three_draws(desk, line)
        _sales_repay(desk, line, loans)
        _three_missed(desk, line, loans)
        _paid_back(desk, line, loans)


def _three_draws(desk: Desk, line: int) -> list[int]:
    path, loans = f"/credit-lines/{line}/loans", []
    for date, number, amount, plan, months in (
        (20260105, "PO-1", 100_000_00, "equal_principal", 10),
        (20260205, "PO-2", 80_000_00, "annuity", 6),
        (20260305, "PO-3", 60_000_00, "bullet", 6),
    ):
        if date > 20260105:
            desk.advance(date)
        root = order(desk, number, amount)
        before = desk.balance("resin"), desk.balance("factory")
        made = desk.do(
            "factory", path, draw(order_root=root, amount=amount, plan=plan, months=months)
        )
        loans.append(int(made["Drawn"]["loan"]))
        assert desk.balance("resin") == before[0] + amount
        assert desk.balance("factory") == before[1]
        assert desk.get("resin", f"/receivables/{root}")["redeemed_minor"] == amount
    assert desk.get("factory", f"/credit-lines/{line}")["principal_minor"] == 240_000_00
    stranger = order(desk, "PO-X", 100_00, supplier="tier1")
    code = desk.refused(
        "factory", path, draw(order_root=stranger, amount=100_00, plan="bullet", months=1)
    )
    assert code == "contract.supplier_not_allowed"
    too_much = order(desk, "PO-Y", 60_000_01)
    code = desk.refused(
        "factory", path, draw(order_root=too_much, amount=60_000_01, plan="bullet", months=1)
    )
    assert code == "contract.limit_exceeded"
    code = desk.refused(
        "factory", path, draw(order_root=too_much, amount=0, plan="bullet", months=1)
    )
    assert code == "request.malformed"
    return loans


def _sold(desk: Desk, number: str, amount: int) -> None:
    """A customer takes moulded parts and pays the factory's invoice for them: that is all the money it has."""
    assert desk.balance("factory") == 0
    sale = {
        "kind": "receivable",
        "obligor": "core",
        "creditor": "factory",
        "face_minor": amount,
        "issue_date": 20260301,
        "due_date": 20260430,
        "invoice_number": number,
    }
    root = desk.do("factory", "/receivables", {"claims": [sale]})["ClaimRegistered"]["root"]
    desk.do("core", "/receivables/confirmations", {"roots": [root]})
    desk.world.give("core", amount)
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": amount})
    assert desk.get("core", f"/receivables/{root}")["state"] == "settled"
    desk.do("factory", "/receivables/withdrawals", {})
    assert desk.balance("factory") == amount


def _sales_repay(desk: Desk, line: int, loans: list[int]) -> None:
    """On the 5th of March and April the factory pays what is due, out of what its customers paid it."""
    first, second, _ = loans
    said = desk.get("factory", f"/loans/{first}")
    assert [i["principal_minor"] for i in said["instalments"]] == [10_000_00] * 10
    assert said["instalments"][0]["date"] == 20260205
    # 59 days by A/360 until the 5th of March.
    assert said["owed"]["interest_minor"] == 100_000_00 * 108 * 59 // 360_000
    assert said["owed"]["due_minor"] > 20_000_00
    _sold(desk, "RE-1", 120_000_00)
    at_bank = desk.balance("lender")
    for loan in (first, second):
        due = desk.get("factory", f"/loans/{loan}")["owed"]["due_minor"]
        desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": due})
        after = desk.get("factory", f"/loans/{loan}")
        assert (after["owed"]["due_minor"], after["owed"]["missed"]) == (0, 0)
        assert after["state"] == "current"
    desk.advance(20260405)
    for loan in (first, second):
        due = desk.get("factory", f"/loans/{loan}")["owed"]["due_minor"]
        desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": due})
    paid = [
        sum(p[f"{debt}_minor"] for debt in ("costs", "penalty", "interest", "principal"))
        for loan in (first, second)
        for p in desk.items("lender", f"/loans/{loan}/payments")
    ]
    assert len(paid) == 4
    assert desk.balance("lender") == at_bank + sum(paid)
    held = desk.get("lender", f"/credit-lines/{line}")["principal_minor"]
    repaid = sum(desk.get("lender", f"/loans/{loan}")["repaid_minor"] for loan in loans)
    assert held == 240_000_00 - repaid


def _three_missed(desk: Desk, line: int, loans: list[int]) -> None:
    """The instalments of May, June and July stay away: the line is frozen, by whoever looks."""
    first = loans[0]
    path = f"/credit-lines/{line}/loans"
    root = order(desk, "PO-4", 10_000_00)
    fourth = draw(order_root=root, amount=10_000_00, plan="bullet", months=3)
    for date, state in ((20260506, "grace"), (20260509, "delinquent")):
        desk.advance(date)
        desk.do("tier4", f"/loans/{first}/poke")
        assert desk.get("lender", f"/loans/{first}")["state"] == state
    desk.advance(20260708)
    assert desk.get("lender", f"/loans/{first}")["owed"]["missed"] == 2
    desk.advance(20260709)
    assert desk.get("lender", f"/loans/{first}")["owed"]["missed"] == 3
    assert desk.refused("factory", path, fourth) == "contract.line_state_not_allowed"
    assert desk.get("lender", f"/credit-lines/{line}")["state"] == "active"
    desk.do("tier4", f"/loans/{first}/poke")
    assert desk.get("lender", f"/credit-lines/{line}")["state"] == "frozen"
    assert desk.refused("factory", path, fourth) == "contract.line_state_not_allowed"
    assert desk.get("resin", f"/receivables/{root}")["redeemed_minor"] == 0


def _paid_back(desk: Desk, line: int, loans: list[int]) -> None:
    """A frozen line is repaid all the same, penalty first; the committee alone lifts the freeze."""
    desk.world.give("factory", 300_000_00)
    before = desk.balance("factory")
    owed = {loan: desk.get("factory", f"/loans/{loan}")["owed"] for loan in loans}
    assert owed[loans[0]]["penalty_minor"] > 0
    assert owed[loans[2]]["penalty_minor"] == 0
    for loan in loans:
        desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": 300_000_00})
        assert desk.get("factory", f"/loans/{loan}")["state"] == "repaid"
    assert desk.balance("factory") == before - sum(o["total_minor"] for o in owed.values())
    said = desk.get("factory", f"/credit-lines/{line}")
    assert (said["state"], said["principal_minor"]) == ("frozen", 0)
    vote = {"motion": "lift_freeze", "evidence": {"paid": "in full"}}
    for member in ("member2", "member3"):
        desk.do(member, f"/credit-lines/{line}/votes", vote)
    assert desk.get("factory", f"/credit-lines/{line}")["state"] == "active"
    shown = desk.get("lender", f"/credit-lines/{line}")
    assert shown["opened"]["purpose"]["fields"]["material"] == "PP granulate"
    assert [vote["motion"] for vote in shown["votes"]] == ["approve"] * 2 + ["lift_freeze"] * 2
    assert (
        desk.http.get(f"/v1/credit-lines/{line}", headers=desk.headers("tier1")).status_code == 404
    )
