"""A payable of 1,000,000 confirmed by the core enterprise, split and passed down four levels, discounted at two banks.

Settled at maturity to the cent; then the same with a default and recourse. Everything goes through the API on a real
chain. Amounts in cents of USD.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from support_assets import TODAY
from support_desk import FAR, Desk, open_desk
from support_json import read_json

pytestmark = pytest.mark.integration

FACE = 1_000_000_00
DUE = 20260704
"""180 days after TODAY."""


@pytest.fixture
def desk(tmp_path: Any) -> Iterator[Desk]:
    with open_desk(tmp_path) as desk:
        yield desk


def payable(desk: Desk, number: str, face: int) -> tuple[int, int]:
    """What the core enterprise owes its first supplier, registered by itself: its root and its first part."""
    claim = {
        "kind": "payable",
        "obligor": "core",
        "creditor": "tier1",
        "face_minor": face,
        "issue_date": TODAY,
        "due_date": DUE,
        "default_days": 30,
        "invoice_number": number,
        "document": {"contract": "F-2026-3"},
    }
    made = desk.do("core", "/receivables", {"claims": [claim]})
    root = int(made["ClaimConfirmed"]["root"])
    return root, int(made["PartMinted"]["part"])


def split(desk: Desk, holder: str, part: int, *amounts: int) -> list[int]:
    made = desk.do(holder, f"/parts/{part}/split", {"amounts_minor": list(amounts)})
    return [int(child) for child in made["PartSplit"]["children"]]


def pass_on(desk: Desk, part: int, giver: str, taker: str, recourse: bool = True) -> int:
    offer = {"to": taker, "recourse": recourse, "expires": FAR}
    desk.do(giver, f"/parts/{part}/offer", offer)
    (seen,) = [o for o in desk.items(taker, "/offers") if o["part"] == part]
    taken = {"recourse": recourse, "unpaid_minor": seen["unpaid_minor"], "deadline": FAR}
    return int(desk.do(taker, f"/offers/{part}/accept", taken)["PartMinted"]["part"])


def sell(desk: Desk, part: int, seller: str, bank: str, **terms: Any) -> tuple[int, int]:
    """The bank quotes and signs with its own key, the seller brings it; the bank's part and the price."""
    amount = desk.get(seller, f"/parts/{part}")["amount_minor"]
    body = {"part": part, "seller": seller, "nonce": part, "deadline": FAR, **terms}
    body |= {"unpaid_minor": amount, "most_price_minor": amount}
    quote = read_json(desk.http.post("/v1/quotes", json=body, headers=desk.headers(bank)).text)
    path = f"/quotes/{quote['id']}"
    sale = {"least_price_minor": quote["price_minor"]}
    assert desk.refused(seller, f"{path}/accept", sale) == "deal.signature_missing"
    signature = {"signature": desk.signature(bank, quote["typed_data"])}
    desk.http.post(f"/v1{path}/signatures", json=signature, headers=desk.headers(bank))
    assert desk.get(seller, path)["price_minor"] == quote["price_minor"]
    for other in ("lender", "buyer", "auditor"):
        if other != bank:  # what one bank quotes is not another's business
            assert quote["id"] not in [q["id"] for q in desk.items(other, "/quotes")]
    more = {"least_price_minor": quote["price_minor"] + 1}
    assert desk.refused(seller, f"{path}/accept", more) == "contract.price_not_agreed"
    made = desk.do(seller, f"{path}/accept", sale)
    assert desk.get(bank, path)["state"] == "settled"
    return int(made["PartMinted"]["part"]), int(quote["price_minor"])


def discounted(face: int, rate_ppm: int, days: int, basis: int) -> int:
    """Face × (1 − rate × days / basis), rounded down."""
    price = face * (1 - Fraction(rate_ppm, 1_000_000) * Fraction(days, basis))
    return price.numerator // price.denominator


def test_payable_is_split_discounted_and_settled_to_the_cent(desk: Desk) -> None:
    world = desk.world
    world.give("core", FACE)
    for bank in ("lender", "buyer"):
        world.give(bank, FACE)
    root, whole = payable(desk, "RE-1", FACE)
    kept1, gone1 = split(desk, "tier1", whole, 399_999_99, 600_000_01)
    part2 = pass_on(desk, part=gone1, giver="tier1", taker="tier2")
    kept2, gone2 = split(desk, "tier2", part2, 250_000_00, 350_000_01)
    part3 = pass_on(desk, part=gone2, giver="tier2", taker="tier3", recourse=False)
    kept3, gone3 = split(desk, "tier3", part3, 200_000_00, 150_000_01)
    part4 = pass_on(desk, part=gone3, giver="tier3", taker="tier4")
    kept4, gone4 = split(desk, "tier4", part4, 100_000_00, 50_000_01)
    last = pass_on(desk, part=gone4, giver="tier4", taker="resin", recourse=False)
    assert desk.get("resin", f"/parts/{last}")["depth"] == 4
    line = desk.items("resin", f"/parts/{last}/provenance")
    assert [p["part"] for p in line] == [
        last,
        gone4,
        part4,
        gone3,
        part3,
        gone2,
        part2,
        gone1,
        whole,
    ]
    assert desk.refused("tier1", f"/parts/{whole}/split", {"amounts_minor": [1, FACE - 1]}) == (
        "contract.part_not_live"
    )

    before2, before4 = desk.balance("tier2"), desk.balance("tier4")
    terms = {"rate_ppm": 60_000, "convention": "A/360", "recourse": True}
    at_lender, price = sell(desk, part=kept2, seller="tier2", bank="lender", **terms)
    assert price == discounted(face=250_000_00, rate_ppm=60_000, days=180, basis=360) == 242_500_00
    assert desk.balance("tier2") == before2 + price
    terms = {"rate_ppm": 71_500, "convention": "A/365F", "recourse": False}
    at_buyer, price = sell(desk, part=kept4, seller="tier4", bank="buyer", **terms)
    assert price == discounted(face=100_000_00, rate_ppm=71_500, days=180, basis=365)
    assert desk.balance("tier4") == before4 + price
    sold = desk.get("tier4", f"/parts/{kept4}/discount")
    assert sold["price_minor"] * 365_000_000 + int(sold["rest"]) == 100_000_00 * (
        365_000_000 - 71_500 * 180
    )

    holds = {
        "tier1": (kept1, 399_999_99),
        "lender": (at_lender, 250_000_00),
        "tier3": (kept3, 200_000_00),
        "buyer": (at_buyer, 100_000_00),
        "resin": (last, 50_000_01),
    }
    held = {who: desk.get(who, f"/parts/{part}") for who, (part, _) in holds.items()}
    assert {who: p["amount_minor"] for who, p in held.items()} == {
        who: amount for who, (_, amount) in holds.items()
    }
    assert sum(p["amount_minor"] for p in held.values()) == FACE

    desk.advance(DUE)
    before = {who: desk.balance(who) for who in holds}
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": 333_333_33})
    assert desk.get("core", f"/receivables/{root}")["state"] == "matured"
    parts = [p for p in desk.items("core", f"/receivables/{root}/parts") if p["live"]]
    assert 0 <= 333_333_33 - sum(p["redeemed_minor"] for p in parts) < len(parts)
    for p in parts:
        assert p["redeemed_minor"] == floor(Fraction(333_333_33 * p["amount_minor"], FACE))
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": FACE - 333_333_33})
    assert desk.get("core", f"/receivables/{root}")["state"] == "settled"
    for who, (_, amount) in holds.items():
        assert desk.get(who, "/cash")["claims_minor"] == amount
        desk.do(who, "/receivables/withdrawals", {})
        assert desk.balance(who) == before[who] + amount
    assert desk.balance("core") == 0
    assert [f["redeemed_minor"] for f in desk.items("core", f"/receivables/{root}/funding")] == [
        333_333_33,
        FACE,
    ]


def test_unpaid_claim_goes_back_endorser_by_endorser_each_paying_once(desk: Desk) -> None:
    world = desk.world
    for who in ("tier1", "tier2", "tier3", "tier4", "lender", "buyer"):
        world.give(who, FACE)
    root, whole = payable(desk, "RE-2", FACE)
    kept, gone = split(desk, "tier1", whole, 700_000_00, 300_000_00)
    part2 = pass_on(desk, part=gone, giver="tier1", taker="tier2")
    part3 = pass_on(desk, part=part2, giver="tier2", taker="tier3")
    part4 = pass_on(desk, part=part3, giver="tier3", taker="tier4")
    terms = {"rate_ppm": 60_000, "convention": "A/360", "recourse": True}
    at_lender, _ = sell(desk, part=part4, seller="tier4", bank="lender", **terms)
    assert desk.get("lender", f"/parts/{at_lender}")["depth"] == 4
    terms |= {"recourse": False}
    at_buyer, _ = sell(desk, part=kept, seller="tier1", bank="buyer", **terms)

    desk.advance(DUE)
    early = desk.refused("lender", f"/parts/{at_lender}/demand-recourse")
    assert early == "contract.state_not_allowed"
    desk.advance(20260706)
    world.give("core", 100_000_00)
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": 100_000_00})
    assert desk.get("buyer", f"/receivables/{root}")["state"] == "overdue"
    left = 270_000_00  # three tenths of what was paid are the lender's
    # Bought without recourse: nobody answers for it.
    assert desk.refused("buyer", f"/parts/{at_buyer}/demand-recourse") == "contract.no_recourse"
    held, holder = at_lender, "lender"
    for endorser in ("tier4", "tier3", "tier2", "tier1"):
        stranger = desk.refused(endorser, f"/parts/{held}/pay-recourse")
        assert stranger == "contract.recourse_not_demanded"
        desk.do(holder, f"/parts/{held}/demand-recourse")
        assert desk.refused("resin", f"/parts/{held}/pay-recourse") == "contract.not_the_endorser"
        before = desk.balance(endorser)
        regained = int(desk.do(endorser, f"/parts/{held}/pay-recourse")["RecoursePaid"]["regained"])
        assert desk.balance(endorser) == before - left
        again = desk.refused(endorser, f"/parts/{held}/pay-recourse")
        assert again == "contract.part_not_live"
        assert desk.get(endorser, f"/parts/{regained}")["holder"] == world.at(endorser)
        held, holder = regained, endorser
    assert desk.get("core", f"/receivables/{root}")["state"] == "recourse"
    assert desk.refused("tier1", f"/parts/{held}/demand-recourse") == "contract.no_recourse"
    owed = {"lender": 30_000_00 + left, "tier4": left, "tier3": left, "tier2": left}
    for who, amount in owed.items():
        assert desk.get(who, "/cash")["claims_minor"] == amount

    desk.advance(20260804)
    desk.do("resin", f"/receivables/{root}/poke")
    assert desk.get("core", f"/receivables/{root}")["state"] == "defaulted"
    world.give("core", 900_000_00)
    desk.do("core", f"/receivables/{root}/fund", {"amount_minor": 900_000_00})
    assert desk.get("core", f"/receivables/{root}")["state"] == "settled"
    assert desk.get("tier1", "/cash")["claims_minor"] == left
    assert desk.get("buyer", "/cash")["claims_minor"] == 700_000_00
