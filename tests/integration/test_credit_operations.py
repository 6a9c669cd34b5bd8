"""What the credit line keeps for somebody comes back through the API: a part that secures nothing, a payment held."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support_assets import TODAY
from support_chain import on_chain_id
from support_desk import Desk, open_desk

pytestmark = pytest.mark.integration

FACE = 40_000_00
LENT = 25_000_00


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


def claim_of(desk: Desk, number: str, holder: str, face: int = FACE) -> int:
    """A confirmed claim of *holder* on "core"; its part."""
    told = {
        "kind": "payable",
        "obligor": "core",
        "creditor": holder,
        "face_minor": face,
        "issue_date": TODAY,
        "due_date": 20260705,
        "invoice_number": number,
    }
    return int(desk.do("core", "/receivables", {"claims": [told]})["ClaimRegistered"]["part"])


def test_a_part_that_secures_nothing_is_given_back_to_its_holder_alone(desk: Desk) -> None:
    part = claim_of(desk, "C-1", "factory")
    path = f"/parts/{part}"
    offer = {"to": "resin", "recourse": False, "expires": 4_000_000_000}
    assert desk.refused("factory", f"{path}/return-collateral") == "contract.collateral_not_pledged"
    desk.do("factory", f"{path}/pledge", {"pledgee": "credit_line"})
    held = desk.get("factory", path)["pledgee"]
    assert held == desk.world.client.address_of("CreditLine")
    assert desk.refused("factory", f"{path}/offer", offer) == "contract.part_encumbered"
    assert desk.refused("core", f"{path}/return-collateral") == "contract.collateral_not_pledged"
    desk.do("factory", f"{path}/return-collateral")
    assert desk.get("factory", path)["pledgee"] is None
    desk.do("factory", f"{path}/offer", offer)


def test_a_part_that_secures_a_loan_stays_until_the_loan_is_repaid(desk: Desk) -> None:
    world = desk.world
    part = claim_of(desk, "C-2", "factory")
    desk.do("factory", f"/parts/{part}/pledge", {"pledgee": "credit_line"})
    line = world.open_line(100_000_00)
    world.give("lender", LENT)
    loan = world.draw(line, LENT, [(20260405, LENT)], collateral=part)
    code = desk.refused("factory", f"/parts/{part}/return-collateral")
    assert code == "contract.collateral_not_pledged"
    world.give("factory", LENT)
    desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": LENT})
    assert desk.get("factory", f"/loans/{loan}")["state"] == "repaid"
    desk.do("factory", f"/loans/{loan}/collect")
    shown = desk.get("factory", f"/parts/{part}")
    assert (shown["pledgee"], shown["live"]) == (None, True)


def test_a_payment_that_its_lender_could_not_receive_waits_for_it(desk: Desk) -> None:
    world = desk.world
    line = world.open_line(100_000_00)
    world.give("lender", LENT)
    loan = world.draw(line, LENT, [(20260405, LENT)])
    assert desk.refused("lender", "/credit-lines/withdrawals", {}) == "contract.nothing_to_withdraw"
    lender = world.at("lender")
    world.send("supervisor", "ParticipantRegistry", "freeze", lender, on_chain_id("inquiry"))
    world.give("factory", LENT)
    before = desk.balance("lender")
    desk.do("factory", f"/loans/{loan}/repay", {"amount_minor": LENT})
    assert desk.get("factory", f"/loans/{loan}")["state"] == "repaid"
    said = desk.get("lender", "/cash")
    assert (said["balance_minor"], said["credit_minor"]) == (before, LENT)
    world.send("supervisor", "ParticipantRegistry", "unfreeze", lender)
    # Anybody may push it; it goes to its owner.
    desk.do("factory", "/credit-lines/withdrawals", {"account": "lender"})
    said = desk.get("lender", "/cash")
    assert (said["balance_minor"], said["credit_minor"]) == (before + LENT, 0)
