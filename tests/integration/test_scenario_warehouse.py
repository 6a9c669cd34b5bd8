"""Goods in a warehouse: an electronic receipt is split, pledged, called on as prices fall, topped up, freed in parts.

Everything goes through the API on a real chain. Amounts in cents of USD, quantities in kilograms.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support_desk import Desk, open_desk

pytestmark = pytest.mark.integration

GOODS = "PP-H030/A"
LENT = 60_000_00


def loan_of(desk: Desk) -> int:
    """What the factory borrows against its goods: 60,000 for six months."""
    applied = {
        "lender": "lender",
        "limit_minor": 100_000_00,
        "valid_from": 20260105,
        "valid_until": 20270105,
        "rate_ppm": 90_000,
        "penalty_ppm": 45_000,
        "costs_ppm": 100_000,
        "last_due": 20281231,
        "convention": "30E/360",
        "grace_days": 3,
        "default_days": 60,
        "purpose": {"goods": "resin in store"},
    }
    line = desk.do("factory", "/credit-lines", applied)["LineApplied"]["line"]
    for member in ("committee", "member2"):
        vote = {"motion": "approve", "evidence": {"memo": member}}
        desk.do(member, f"/credit-lines/{line}/votes", vote)
    desk.do("lender", f"/credit-lines/{line}/activate")
    desk.do("lender", f"/credit-lines/{line}/suppliers", {"supplier": "resin"})
    desk.world.give("lender", LENT)
    order = {
        "kind": "order",
        "obligor": "factory",
        "creditor": "resin",
        "face_minor": LENT,
        "issue_date": 20260105,
        "due_date": 20261231,
        "invoice_number": "PO-70",
    }
    root = desk.do("factory", "/receivables", {"claims": [order]})["ClaimConfirmed"]["root"]
    drawn = {"order_root": root, "amount_minor": LENT, "plan": "bullet", "months": 6}
    return int(desk.do("factory", f"/credit-lines/{line}/loans", drawn)["Drawn"]["loan"])


def issue(desk: Desk, quantity: int, slip: str) -> int:
    """Goods brought in for the factory, seen by the supervisor."""
    body = {
        "holder": "factory",
        "goods": GOODS,
        "quantity": quantity,
        "document": {"slip": slip, "hall": "3"},
    }
    receipt = int(desk.do("warehouse", "/warehouse-receipts", body)["ReceiptIssued"]["receipt"])
    path = f"/warehouse-receipts/{receipt}"
    code = desk.refused("factory", f"{path}/split", {"quantities": [1, quantity - 1]})
    assert code == "contract.receipt_state_not_allowed"
    desk.do("supervisor", f"{path}/verify", {"evidence": {"weighed": f"{quantity} kg"}})
    return receipt


def test_receipts_secure_a_loan_through_a_fall_of_the_price(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        loan = loan_of(desk)
        kept, pledged = _split(desk)
        _bounded_by_lender(desk, loan, pledged)
        pledge = _pledge(desk, loan, pledged)
        _price_falls(desk, pledge, kept)
        _price_recovers(desk, pledge)
        _released_in_parts(desk, loan, pledge)


def _split(desk: Desk) -> tuple[int, int]:
    """100 tonnes in one receipt: 70 to pledge, 30 to keep."""
    receipt = issue(desk, 100_000, "WS-1")
    shown = desk.get("factory", f"/warehouse-receipts/{receipt}")
    assert (shown["goods"], shown["state"], shown["quantity"]) == (GOODS, "verified", 100_000)
    assert shown["opened"]["document"]["fields"] == {"slip": "WS-1", "hall": "3"}
    assert desk.get("lender", f"/warehouse-receipts/{receipt}")["opened"] == {}
    answer = desk.http.get(f"/v1/warehouse-receipts/{receipt}", headers=desk.headers("tier1"))
    assert answer.status_code == 404
    body = {"quantities": [70_000, 30_000]}
    made = desk.do("factory", f"/warehouse-receipts/{receipt}/split", body)["ReceiptSplit"]
    pledged, kept = (int(child) for child in made["children"])
    assert desk.get("factory", f"/warehouse-receipts/{receipt}")["state"] == "split"
    code = desk.refused("factory", f"/warehouse-receipts/{receipt}/transfer", {"to": "resin"})
    assert code == "contract.receipt_state_not_allowed"
    return kept, pledged


def _bounded_by_lender(desk: Desk, loan: int, receipt: int) -> None:
    """The lender takes at most 70 % of the value, and gives at most five days to top up."""
    line = desk.get("factory", f"/loans/{loan}")["line"]
    path = f"/credit-lines/{line}/pledge-terms"
    terms = {"ltv_basis_points": 7_000, "call_days": 5}
    assert desk.refused("factory", path, terms) == "request.role_insufficient"
    assert desk.refused("buyer", path, terms) == "contract.not_the_lender"
    set_ = desk.do("lender", path, terms)["PledgeTermsSet"]
    assert (set_["ltvBasisPoints"], set_["callDays"]) == (7_000, 5)
    for looser in ({"ltv_basis_points": 7_001}, {"call_days": 6}):
        body = {"loan": loan, "receipts": [receipt], **terms, **looser}
        assert desk.refused("factory", "/pledges", body) == "contract.pledge_terms_invalid"


def _pledge(desk: Desk, loan: int, receipt: int) -> int:
    """70,000 kg at 1.25 are worth 87,500: enough for 60,000 at 70 %."""
    body = {"loan": loan, "receipts": [receipt], "ltv_basis_points": 7_000, "call_days": 5}
    assert desk.refused("factory", "/pledges", body) == "contract.price_unknown"
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 1_00, "date": 20260105})
    assert desk.refused("factory", "/pledges", body) == "contract.pledge_too_small"
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 1_25, "date": 20260105})
    pledge = int(desk.do("factory", "/pledges", body)["PledgeOpened"]["pledge"])
    said = desk.get("lender", f"/pledges/{pledge}")
    assert (said["value_minor"], said["owed_minor"], said["covers"]) == (87_500_00, LENT, True)
    assert desk.refused("factory", "/pledges", body) == "contract.receipt_state_not_allowed"
    shown = desk.get("lender", f"/warehouse-receipts/{receipt}")
    assert shown["opened"]["document"]["fields"]["slip"] == "WS-1"
    code = desk.refused("factory", f"/warehouse-receipts/{receipt}/transfer", {"to": "resin"})
    assert code == "contract.receipt_state_not_allowed"
    assert desk.refused("lender", f"/pledges/{pledge}/call") == "contract.pledge_covers"
    return pledge


def _price_falls(desk: Desk, pledge: int, kept: int) -> None:
    """At 0.95 the receipts allow 46,550; the kept 30 tonnes are added."""
    path = f"/pledges/{pledge}"
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 95, "date": 20260105})
    assert [p["price_minor"] for p in desk.items("tier1", "/prices")] == [95]
    said = desk.get("lender", path)
    assert (said["value_minor"], said["covers"], said["call_date"]) == (66_500_00, False, 0)
    desk.do("lender", f"{path}/call")
    assert desk.get("factory", path)["call_date"] == 20260105
    assert desk.refused("lender", f"{path}/foreclose") == "contract.no_call_expired"
    assert desk.refused("lender", f"{path}/call") == "contract.call_open"
    desk.advance(20260110)
    assert desk.refused("lender", f"{path}/foreclose") == "contract.no_call_expired"
    desk.do("factory", f"{path}/top-up", {"receipt": kept})
    said = desk.get("lender", path)
    assert (said["value_minor"], said["covers"], said["call_date"]) == (95_000_00, True, 0)
    # Five days by 30E/360 at 9 %.
    assert said["owed_minor"] == LENT + LENT * 9 * 5 // 36_000
    assert sorted(said["receipts"]) == [kept - 1, kept]


def _price_recovers(desk: Desk, pledge: int) -> None:
    """At 0.80 the lender calls; the price is back at 0.95 before anything is added, and the call ends."""
    path = f"/pledges/{pledge}"
    assert desk.refused("factory", f"{path}/end-call") == "contract.no_call"
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 80, "date": 20260110})
    desk.do("lender", f"{path}/call")
    said = desk.get("factory", path)
    assert (said["value_minor"], said["covers"], said["call_date"]) == (80_000_00, False, 20260110)
    assert desk.refused("factory", f"{path}/end-call") == "contract.pledge_too_small"
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 95, "date": 20260110})
    assert desk.get("factory", path)["call_date"] == 20260110
    desk.do("factory", f"{path}/end-call")
    said = desk.get("lender", path)
    assert (said["value_minor"], said["covers"], said["call_date"]) == (95_000_00, True, 0)


def _released_in_parts(desk: Desk, loan: int, pledge: int) -> None:
    """Half is repaid and 40 tonnes go free, then all is: the goods leave the house."""
    path = f"/pledges/{pledge}"
    first, second = desk.get("factory", path)["receipts"]
    assert desk.refused("factory", f"{path}/release", {"receipt": first}) == (
        "contract.pledge_too_small"
    )
    made = desk.do(
        "factory", f"/warehouse-receipts/{first}/split", {"quantities": [40_000, 30_000]}
    )
    free, still = (int(child) for child in made["ReceiptSplit"]["children"])
    assert sorted(desk.get("lender", path)["receipts"]) == sorted([second, free, still])
    desk.world.give("factory", 70_000_00)
    desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": 30_000_00})
    desk.do("factory", f"{path}/release", {"receipt": free})
    assert desk.get("factory", f"/warehouse-receipts/{free}")["state"] == "verified"
    for receipt in (second, still):
        shown = desk.get("lender", f"/warehouse-receipts/{receipt}")
        assert (shown["state"], shown["pledge"]) == ("partial_release", pledge)
    said = desk.get("lender", path)
    assert (said["value_minor"], said["covers"]) == (60_000 * 95, True)
    assert desk.refused("factory", f"{path}/release", {"receipt": still}) == (
        "contract.pledge_too_small"
    )
    deliver = {"evidence": {"gate": "2", "truck": "HH-PP 77"}}
    desk.do("factory", f"/warehouse-receipts/{free}/surrender")
    shown = desk.get("factory", f"/warehouse-receipts/{free}")
    assert shown["state"] == "surrendered"
    desk.do("warehouse", f"/warehouse-receipts/{free}/deliver", deliver)
    code = desk.refused("warehouse", f"/warehouse-receipts/{still}/deliver", deliver)
    assert code == "contract.receipt_state_not_allowed"
    desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": 70_000_00})
    assert desk.get("factory", f"/loans/{loan}")["state"] == "repaid"
    for receipt in (still, second):
        desk.do("lender", f"{path}/release", {"receipt": receipt})
    assert desk.get("factory", path)["is_open"] is False
    desk.do("factory", f"/warehouse-receipts/{still}/transfer", {"to": "resin"})
    shown = desk.get("resin", f"/warehouse-receipts/{still}")
    assert (shown["holder"], shown["quantity"]) == (desk.world.at("resin"), 30_000)
    left = [r["quantity"] for r in desk.items("factory", "/warehouse-receipts")]
    assert sum(left) == 100_000 + 70_000 + 70_000  # two that were split, and what is left
    assert desk.items("tier2", "/pledges") == []
