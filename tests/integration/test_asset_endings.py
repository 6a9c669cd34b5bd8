"""How assets end, through the API on a real chain: delivered, taken, written off, foreclosed, redeemed, taken back.

A desk for each test: business dates only move forward.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_assets import TODAY
from support_desk import FAR, Desk, open_desk

pytestmark = pytest.mark.integration

GOODS = "PP-H030/A"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with open_desk(tmp_path) as desk:
        yield desk


def claim(kind: str, obligor: str, creditor: str, number: str, face: int) -> dict[str, Any]:
    return {
        "kind": kind,
        "obligor": obligor,
        "creditor": creditor,
        "face_minor": face,
        "issue_date": TODAY,
        "due_date": 20260405,
        "default_days": 30,
        "invoice_number": number,
    }


def registered(desk: Desk, by: str, told: dict[str, Any]) -> tuple[int, int]:
    """The root and the first part."""
    made = desk.do(by, "/receivables", {"claims": [told]})["ClaimRegistered"]
    return int(made["root"]), int(made["part"])


def test_a_draft_is_nobodys_until_it_is_registered_and_an_offer_ends_by_its_time(
    desk: Desk,
) -> None:
    told = claim(kind="receivable", obligor="core", creditor="tier1", number="D-1", face=500)
    root = int(desk.do("tier1", "/receivables/drafts", told)["ClaimDrafted"]["root"])
    assert desk.get("core", f"/receivables/{root}")["state"] == "draft"
    assert desk.items("core", f"/receivables/{root}/parts") == []
    code = desk.refused("core", "/receivables/confirmations", {"roots": [root]})
    assert code == "contract.state_not_allowed"
    assert desk.refused("tier2", f"/receivables/{root}/register") == "contract.not_a_party"
    part = int(desk.do("tier1", f"/receivables/{root}/register")["ClaimRegistered"]["part"])
    assert desk.get("tier1", f"/receivables/{root}")["state"] == "registered"
    desk.do("core", "/receivables/confirmations", {"roots": [root]})

    now = desk.world.client.latest().timestamp
    offer = {"to": "tier2", "recourse": False, "expires": now + 60}
    desk.do("tier1", f"/parts/{part}/offer", offer)
    taken = {"recourse": False, "unpaid_minor": 500, "deadline": FAR}
    assert desk.refused("tier3", f"/offers/{part}/end") == "contract.not_the_offeree"
    desk.world.client.rpc("evm_increaseTime", 120)
    while desk.world.client.latest().timestamp <= offer["expires"]:
        time.sleep(0.05)
    assert desk.refused("tier2", f"/offers/{part}/accept", taken) == "contract.offer_not_open"
    desk.do("tier3", f"/offers/{part}/end")  # anybody clears it away
    assert desk.items("tier1", "/offers") == []
    assert desk.get("tier1", f"/parts/{part}")["holder"] == desk.world.at("tier1")


def test_what_is_paid_on_a_pledged_part_is_its_pledgees_to_take(desk: Desk) -> None:
    desk.world.give("core", 900)
    root, part = registered(
        desk,
        "core",
        claim(kind="payable", obligor="core", creditor="tier1", number="P-1", face=900),
    )
    path = f"/parts/{part}"
    desk.do("tier1", f"{path}/pledge", {"pledgee": "buyer"})
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": 600})
    assert desk.get("buyer", path)["waiting_minor"] == 600
    assert desk.get("tier1", "/cash")["claims_minor"] == 0
    assert desk.refused("tier1", f"{path}/take", {"amount_minor": 1}) == "contract.not_the_pledgee"
    code = desk.refused("buyer", f"{path}/take", {"amount_minor": 601})
    assert code == "contract.retained_too_little"
    desk.do("buyer", f"{path}/take", {"amount_minor": 250})
    assert desk.get("buyer", "/cash")["claims_minor"] == 250
    assert desk.refused("tier1", f"{path}/release") == "contract.not_the_pledgee"
    desk.do("buyer", f"{path}/release")
    shown = desk.get("tier1", path)
    assert (shown["pledgee"], shown["waiting_minor"], shown["live"]) == (None, 0, True)
    assert desk.get("tier1", "/cash")["claims_minor"] == 350
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": 300})
    assert desk.get("core", f"/receivables/{root}")["state"] == "settled"
    assert desk.get("tier1", "/cash")["claims_minor"] == 650


def test_an_order_becomes_a_receivable_at_delivery_and_carries_its_loan(desk: Desk) -> None:
    """What is ordered of the factory secures the loan that buys its resin, and pays it back."""
    world = desk.world
    world.give("core", 50_000_00)
    ordered, part = registered(
        desk,
        "core",
        claim(kind="order", obligor="core", creditor="factory", number="SO-1", face=50_000_00),
    )
    desk.do("factory", f"/parts/{part}/pledge", {"pledgee": "credit_line"})
    line = world.open_line(100_000_00)
    world.give("lender", 30_000_00)
    bought, _ = registered(
        desk,
        "factory",
        claim(kind="order", obligor="factory", creditor="resin", number="PO-1", face=30_000_00),
    )
    drawn = {"order_root": bought, "amount_minor": 30_000_00, "plan": "bullet", "months": 3}
    path = f"/credit-lines/{line}/loans"
    loan = int(desk.do("factory", path, drawn | {"collateral": part})["Drawn"]["loan"])
    assert desk.get("lender", f"/loans/{loan}")["collateral"] == part
    assert [o["root"] for o in desk.items("core", "/orders")] == [ordered]

    desk.advance(20260405)  # due, and not delivered: nothing is owed yet
    desk.do("factory", f"/receivables/{ordered}/poke")
    assert desk.get("core", f"/receivables/{ordered}")["state"] == "confirmed"
    papers = {"document": {"slip": "LS-7", "received": "complete"}}
    assert desk.refused("factory", f"/orders/{ordered}/deliver", papers) == "contract.not_a_party"
    desk.do("core", f"/orders/{ordered}/deliver", papers)
    shown = desk.get("factory", f"/receivables/{ordered}")
    assert shown["opened"]["delivery"]["fields"] == papers["document"]
    desk.do("factory", f"/receivables/{ordered}/poke")
    assert desk.get("core", f"/receivables/{ordered}")["state"] == "matured"
    assert desk.get("lender", f"/loans/{loan}")["collateral"] == part

    owed = desk.get("lender", f"/loans/{loan}")["owed"]["total_minor"]
    assert owed == 30_000_00 + 30_000_00 * 108 * 90 // 360_000
    at_bank = desk.balance("lender")
    desk.do("core", f"/receivables/{ordered}/fund", {"amount_minor": 50_000_00})
    desk.do("tier4", f"/loans/{loan}/collect")
    said = desk.get("lender", f"/loans/{loan}")
    assert (said["state"], said["collateral"]) == ("repaid", 0)
    assert desk.balance("lender") == at_bank + owed
    assert desk.get("factory", "/cash")["claims_minor"] == 50_000_00 - owed


def test_a_loan_in_default_is_written_off_recovered_and_its_line_closed(desk: Desk) -> None:
    """Costs come first, the pledged goods are taken over, and what is paid later is a recovery."""
    world = desk.world
    lent = 20_000_00
    line, loan, receipt, number = _lent_on_goods(desk, lent, due=20260205, ltv_basis_points=8_000)

    costs = {"amount_minor": 150_00, "evidence": {"notice": "N-1"}}
    assert (
        desk.refused("lender", f"/loans/{loan}/costs", costs) == "contract.loan_state_not_allowed"
    )
    code = desk.refused("lender", f"/loans/{loan}/write-off")
    assert code == "contract.loan_state_not_allowed"
    for date, state in ((20260206, "grace"), (20260209, "delinquent"), (20260410, "default")):
        desk.advance(date)
        desk.do("tier4", f"/loans/{loan}/poke")
        assert desk.get("lender", f"/loans/{loan}")["state"] == state
    assert desk.get("lender", f"/credit-lines/{line}")["state"] == "frozen"
    desk.do("lender", f"/loans/{loan}/costs", costs)
    said = desk.get("lender", f"/loans/{loan}")
    assert (said["costs_minor"], said["stated_costs"]["amount_minor"]) == (0, 150_00)
    assert desk.refused("tier4", f"/loans/{loan}/costs/admit") == "contract.costs_not_ready"
    assert desk.refused("lender", f"/loans/{loan}/costs/dispute", {"reason": {"letter": "no"}}) == (
        "contract.not_the_borrower"
    )
    desk.do("factory", f"/loans/{loan}/costs/dispute", {"reason": {"letter": "too much"}})
    decided = {"amount_minor": 150_00, "outcome": {"decision": "D-1"}}
    assert desk.refused("lender", f"/loans/{loan}/costs/decide", decided) == (
        "request.role_insufficient"
    )
    desk.do("supervisor", f"/loans/{loan}/costs/decide", decided)
    said = desk.get("lender", f"/loans/{loan}")
    assert said["stated_costs"] is None
    assert (said["costs_minor"], said["owed"]["costs_minor"]) == (150_00, 150_00)
    assert said["owed"]["penalty_minor"] > 0

    assert desk.refused("factory", f"/pledges/{number}/foreclose") == "contract.not_the_pledgee"
    desk.do("lender", f"/pledges/{number}/foreclose")
    shown = desk.get("lender", f"/warehouse-receipts/{receipt}")
    assert (shown["state"], shown["holder"]) == ("foreclosed", world.at("lender"))
    assert desk.get("lender", f"/pledges/{number}")["is_open"] is False
    out = {"evidence": {"gate": "1"}}
    code = desk.refused("warehouse", f"/warehouse-receipts/{receipt}/deliver", out)
    assert code == "contract.receipt_state_not_allowed"
    desk.do("lender", f"/warehouse-receipts/{receipt}/surrender")
    desk.do("warehouse", f"/warehouse-receipts/{receipt}/deliver", out)

    desk.do("lender", f"/loans/{loan}/write-off")
    said = desk.get("lender", f"/loans/{loan}")
    assert (said["state"], said["written_off_minor"]) == ("written_off", lent)
    assert desk.get("lender", f"/credit-lines/{line}")["principal_minor"] == 0
    assert desk.refused("lender", f"/credit-lines/{line}/close") == (
        "contract.line_state_not_allowed"
    )
    world.give("factory", 40_000_00)
    desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": 40_000_00})
    said = desk.get("factory", f"/loans/{loan}")
    assert (said["state"], said["repaid_minor"], said["written_off_minor"]) == (
        "recovered",
        lent,
        0,
    )
    assert said["costs_paid_minor"] == 150_00
    assert desk.refused("tier1", f"/credit-lines/{line}/close") == "contract.not_the_lender"
    desk.do("factory", f"/credit-lines/{line}/close")
    assert desk.get("lender", f"/credit-lines/{line}")["state"] == "closed"


def _lent_on_goods(
    desk: Desk, lent: int, due: int, ltv_basis_points: int
) -> tuple[int, int, int, int]:
    """Line, loan, receipt and pledge: *lent* until *due*, and 40,000 units pledged for it."""
    world = desk.world
    line = world.open_line(100_000_00)
    world.give("lender", lent)
    loan = world.draw(line, lent, [(due, lent)])
    receipt = _goods(desk, 40_000)
    pledge = {
        "loan": loan,
        "receipts": [receipt],
        "ltv_basis_points": ltv_basis_points,
        "call_days": 5,
    }
    number = int(desk.do("factory", "/pledges", pledge)["PledgeOpened"]["pledge"])
    return line, loan, receipt, number


def _goods(desk: Desk, quantity: int) -> int:
    """A verified receipt of the factory's; a unit of it is worth 1.00."""
    body = {"holder": "factory", "goods": GOODS, "quantity": quantity, "document": {"slip": "1"}}
    made = desk.do("warehouse", "/warehouse-receipts", body)["ReceiptIssued"]
    seen = {"evidence": {"weighed": quantity}}
    desk.do("supervisor", f"/warehouse-receipts/{made['receipt']}/verify", seen)
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 1_00, "date": 20260105})
    return int(made["receipt"])


def test_a_call_that_is_not_met_in_its_days_gives_the_goods_to_the_lender(desk: Desk) -> None:
    """The loan itself is in time: the fall of the price alone, unanswered, is enough."""
    world = desk.world
    lent = 20_000_00
    _, loan, receipt, number = _lent_on_goods(desk, lent, due=20260705, ltv_basis_points=6_000)
    path = f"/pledges/{number}"
    desk.do("oracle", "/prices", {"goods": GOODS, "price_minor": 70, "date": 20260105})
    assert desk.refused("lender", f"{path}/foreclose") == "contract.no_call_expired"
    desk.do("tier4", f"{path}/call")  # anybody may
    desk.advance(20260110)
    assert desk.refused("lender", f"{path}/foreclose") == "contract.no_call_expired"
    desk.advance(20260111)
    desk.do("lender", f"{path}/foreclose")
    assert desk.get("lender", f"/loans/{loan}")["state"] == "current"
    shown = desk.get("lender", f"/warehouse-receipts/{receipt}")
    assert (shown["state"], shown["holder"], shown["pledge"]) == (
        "foreclosed",
        world.at("lender"),
        0,
    )
    parts = {"quantities": [25_000, 15_000]}
    made = desk.do("lender", f"/warehouse-receipts/{receipt}/split", parts)["ReceiptSplit"]
    sold, _ = (int(child) for child in made["children"])
    desk.do("lender", f"/warehouse-receipts/{sold}/transfer", {"to": "resin"})
    assert desk.get("resin", f"/warehouse-receipts/{sold}")["quantity"] == 25_000
    # What they bring is paid on the loan, which stands as it did.
    assert desk.get("factory", f"/loans/{loan}")["owed"]["principal_minor"] == lent


def test_shares_keep_what_they_earned_and_are_redeemed(desk: Desk) -> None:
    world = desk.world
    opened = desk.sign(
        "registrar", "/shares", {"project": "lakeside", "issuer": "factory", "cap": 100}
    )
    project = "/shares/lakeside"
    desk.do("factory", f"{project}/issue", {"holder": "tier1", "shares": 100})
    desk.do("tier1", f"{project}/transfer", {"to": "tier2", "shares": 40})
    world.give("core", 1_000)
    account = opened["ProjectOpened"]["account"]
    desk.do("core", "/cash/transfers", {"to": account, "amount_minor": 1_000})
    # Sold before anybody counted it: what was earned until then is the seller's all the same.
    desk.do("tier1", f"{project}/transfer", {"to": "tier2", "shares": 60})
    made = desk.do("tier3", f"{project}/income")
    assert made == {}, "it was counted when the shares moved"
    (said,) = desk.items("factory", "/shares")
    assert (said["received_minor"], said["supply"]) == (1_000, 100)
    for holder, earned in (("tier1", 600), ("tier2", 400)):
        before = desk.balance(holder)
        desk.do(holder, f"{project}/withdrawals", {})
        assert desk.balance(holder) == before + earned
    give = {"shares": 25, "least_price_minor": 30, "deadline": FAR}
    assert desk.refused("tier2", f"{project}/redeem", give) == "contract.no_redemption"
    assert desk.refused("tier2", f"{project}/redemption-offer", {"price_minor": 30}) == (
        "contract.not_the_issuer"
    )
    desk.do("factory", f"{project}/redemption-offer", {"price_minor": 30})
    world.give("factory", 750)
    desk.do("factory", "/cash/approvals", {"spender": "project_share", "amount_minor": 750})
    before = desk.balance("tier2")
    more = {**give, "least_price_minor": 31}
    assert desk.refused("tier2", f"{project}/redeem", more) == "contract.redemption_price_too_low"
    desk.do("tier2", f"{project}/redeem", give)
    assert desk.balance("tier2") == before + 25 * 30
    (said,) = desk.items("factory", "/shares")
    assert said["supply"] == 75
    held = {h["holder"]: h["shares"] for h in desk.items("factory", f"{project}/holdings")}
    assert held[world.at("tier2")] == 75


def test_a_signature_that_was_taken_back_settles_nothing(desk: Desk) -> None:
    world = desk.world
    world.give("buyer", 5_000)
    root, part = registered(
        desk,
        "core",
        claim(kind="payable", obligor="core", creditor="tier1", number="Q-1", face=4_000),
    )
    quoted = {"part": part, "seller": "tier1", "nonce": 1, "deadline": FAR}
    quoted |= {"rate_ppm": 60_000, "convention": "A/360", "recourse": False}
    quoted |= {"unpaid_minor": 4_000, "most_price_minor": 4_000}
    quote = desk.http.post("/v1/quotes", json=quoted, headers=desk.headers("buyer")).json()
    path = f"/quotes/{quote['id']}"
    signed = {"signature": desk.signature("buyer", quote["typed_data"])}
    desk.http.post(f"/v1{path}/signatures", json=signed, headers=desk.headers("buyer"))
    desk.do("buyer", f"{path}/revoke")
    sale = {"least_price_minor": 1}
    assert desk.refused("tier1", f"{path}/accept", sale) == "contract.deal_revoked_by"

    legs = [
        {
            "asset": "claim_part",
            "sender": "tier1",
            "recipient": "tier2",
            "number": part,
            "amount": 4_000,
        },
        {"asset": "cash", "sender": "tier2", "recipient": "tier1", "amount": 3_900},
    ]
    body = {"legs": legs, "nonce": 2, "deadline": FAR}
    deal = desk.http.post("/v1/settlements", json=body, headers=desk.headers("tier1")).json()
    path = f"/settlements/{deal['id']}"
    signed = {"signature": desk.signature("tier2", deal["typed_data"])}
    desk.http.post(f"/v1{path}/signatures", json=signed, headers=desk.headers("tier2"))
    desk.do("tier2", f"{path}/revoke")
    assert desk.refused("tier1", f"{path}/settle") == "contract.deal_revoked_by"
    assert desk.get("tier1", f"/parts/{part}")["holder"] == world.at("tier1")
    assert desk.get("tier1", f"/receivables/{root}")["state"] == "confirmed"
