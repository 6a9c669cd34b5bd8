"""One deal moves a claim's part, goods, shares and cash between four parties through the API: all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support_assets import TODAY
from support_desk import FAR, Desk, open_desk

pytestmark = pytest.mark.integration

PRICE = 9_000


def _assets(desk: Desk) -> tuple[int, int]:
    """tier1 has a part and shares, the factory has goods."""
    told = {
        "kind": "payable",
        "obligor": "core",
        "creditor": "tier1",
        "face_minor": 4_000,
        "issue_date": TODAY,
        "due_date": 20260705,
        "invoice_number": "RE-1",
    }
    made = desk.do("core", "/receivables", {"claims": [told]})
    slip = {"holder": "factory", "goods": "PP", "quantity": 70, "document": {"slip": "1"}}
    issued = desk.do("warehouse", "/warehouse-receipts", slip)["ReceiptIssued"]
    receipt = int(issued["receipt"])
    seen = {"evidence": {"weighed": 70}}
    desk.do("supervisor", f"/warehouse-receipts/{receipt}/verify", seen)
    desk.sign("registrar", "/shares", {"project": "lakeside", "issuer": "factory", "cap": 100})
    desk.do("factory", "/shares/lakeside/issue", {"holder": "tier1", "shares": 30})
    return int(made["ClaimRegistered"]["part"]), receipt


def _signed(desk: Desk, legs: list[dict[str, Any]], nonce: int) -> str:
    """A deal that everybody but tier1 has signed; its path."""
    body = {"legs": legs, "nonce": nonce, "deadline": FAR}
    deal = desk.http.post("/v1/settlements", json=body, headers=desk.headers("tier1")).json()
    path = f"/settlements/{deal['id']}"
    for party in ("factory", "buyer"):
        signature = {"signature": desk.signature(party, deal["typed_data"])}
        answer = desk.http.post(
            f"/v1{path}/signatures", json=signature, headers=desk.headers(party)
        )
        assert answer.status_code == 200, answer.text
    return path


def _holders(desk: Desk, part: int, receipt: int) -> tuple[Any, ...]:
    parts = [p for p in desk.items("auditor", "/receivables/1/parts") if p["live"]]
    shares = {h["holder"]: h["shares"] for h in desk.items("factory", "/shares/lakeside/holdings")}
    return (
        [(p["holder"], p["amount_minor"]) for p in parts],
        desk.get("auditor", f"/warehouse-receipts/{receipt}")["holder"],
        shares,
        *(desk.balance(party) for party in ("tier1", "factory", "buyer")),
    )


def test_four_assets_change_hands_together_or_not_at_all(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        at = desk.world.at
        part, receipt = _assets(desk)
        legs = [
            {
                "asset": "claim_part",
                "sender": "tier1",
                "recipient": "buyer",
                "number": part,
                "amount": 4_000,
            },
            {
                "asset": "warehouse_receipt",
                "sender": "factory",
                "recipient": "tier2",
                "number": receipt,
                "amount": 70,
            },
            {
                "asset": "project_share",
                "sender": "tier1",
                "recipient": "tier2",
                "project": "lakeside",
                "amount": 12,
                "supply": 30,
            },
            {"asset": "cash", "sender": "buyer", "recipient": "tier1", "amount": PRICE},
            {"asset": "cash", "sender": "buyer", "recipient": "factory", "amount": 1_000},
        ]
        before = _holders(desk, part, receipt)
        path = _signed(desk, legs, 1)
        # The last leg has no money: the four before it have not happened either.
        desk.world.give("buyer", PRICE + 999)
        assert desk.refused("tier1", f"{path}/settle") == "contract.erc20_insufficient_balance"
        assert _holders(desk, part, receipt)[:3] == before[:3]
        desk.world.give("buyer", 1)
        # Who gets the goods is frozen meanwhile: nothing happens again.
        frozen = at("tier2")
        desk.world.send("supervisor", "ParticipantRegistry", "freeze", frozen, b"\1" * 32)
        assert desk.refused("tier1", f"{path}/settle") == "contract.participant_not_active"
        assert _holders(desk, part, receipt)[:3] == before[:3]
        desk.world.send("supervisor", "ParticipantRegistry", "unfreeze", frozen)

        desk.do("tier1", f"{path}/settle")
        assert _holders(desk, part, receipt) == (
            [(at("buyer"), 4_000)],
            at("tier2"),
            {at("tier1"): 18, at("tier2"): 12},
            PRICE,
            1_000,
            0,
        )
        assert desk.get("buyer", path)["state"] == "settled"
        assert desk.refused("tier1", f"{path}/settle") == "contract.deal_done"
