"""Writes on assets through the API: by kept keys and by keys elsewhere, once each, refused with the codes they have."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from sqlmodel import Session, select
from support_assets import TODAY
from support_desk import FAR, Desk, open_desk

from counterfoil.api.documents.commitments import canonical, commit
from counterfoil.api.http import typed_data
from counterfoil.api.nouns import OPERATIONS
from counterfoil.chain.abi.artifacts import abi_of
from counterfoil.oracle.store.directory_tables import KnownDocument
from counterfoil.oracle.store.instruction_table import Instruction

pytestmark = pytest.mark.integration

DUE = 20260705


def claim(number: str, face: int = 1_000_000, **others: Any) -> dict[str, Any]:
    return {
        "kind": "receivable",
        "obligor": "core",
        "creditor": "tier1",
        "face_minor": face,
        "issue_date": TODAY,
        "due_date": DUE,
        "invoice_number": number,
        "document": {"number": "LS-1", "carrier": "Eastern Freight"},
    } | others


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with open_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


def register(desk: Desk, number: str, face: int = 1_000_000, **others: Any) -> tuple[int, int]:
    """A registered claim of tier1 on core, and its first part."""
    events = desk.do("tier1", "/receivables", {"claims": [claim(number, face, **others)]})
    return events["ClaimRegistered"]["root"], events["ClaimRegistered"]["part"]


def test_same_key_and_request_is_one_instruction_and_one_claim(desk: Desk) -> None:
    body = {"claims": [claim("once")]}
    first = desk.post("tier1", "/receivables", body, key="one-claim")
    assert first.status_code == 202
    done = desk.finish(first.json()["id"], "tier1")
    again = desk.post("tier1", "/receivables", body, key="one-claim")
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    other = desk.post("tier1", "/receivables", {"claims": [claim("other")]}, key="one-claim")
    assert (other.status_code, other.json()["code"]) == (409, "request.key_reused")
    drafted = [e for e in done["result"]["events"] if e["name"] == "ClaimDrafted"]
    assert len(drafted) == 1
    invoice = drafted[0]["arguments"]["terms"]["invoice"]
    mine = [c for c in desk.items("tier1", "/receivables") if c["invoice"] == invoice]
    assert len(mine) == 1


def test_same_invoice_is_refused_a_second_live_claim_by_either_side(desk: Desk) -> None:
    root, _ = register(desk, "RE-2026-1")
    body = {"claims": [claim("RE-2026-1", document={"other": "papers"})]}
    assert desk.refused("tier1", "/receivables", body) == "contract.invoice_already_live"
    told_by_obligor = {"claims": [claim("RE-2026-1", kind="payable")]}
    assert desk.refused("core", "/receivables", told_by_obligor) == "contract.invoice_already_live"
    desk.do("tier1", f"/receivables/{root}/cancel")
    assert desk.get("tier1", f"/receivables/{root}")["state"] == "cancelled"
    assert register(desk, "RE-2026-1")[0] > root


def test_key_held_elsewhere_signs_what_is_offered_and_the_write_is_in_force(desk: Desk) -> None:
    root, part = register(desk, "RE-2026-2")
    desk.sign("core", "/receivables/confirmations", {"roots": [root]})
    assert desk.get("core", f"/receivables/{root}")["state"] == "confirmed"
    assert desk.get("tier1", f"/parts/{part}")["holder"] == desk.world.at("tier1")


def test_asked_directly_for_a_key_that_is_not_kept_is_answered_as_failed(desk: Desk) -> None:
    root, _ = register(desk, "RE-2026-3")
    answer = desk.post("core", "/receivables/confirmations", {"roots": [root]})
    done = desk.finish(answer.json()["id"], "core")
    assert (done["status"], done["error_code"]) == ("failed", "keys.not_held")
    assert desk.get("core", f"/receivables/{root}")["state"] == "registered"


def test_obligors_signature_confirms_by_whoever_brings_it(desk: Desk) -> None:
    root, _ = register(desk, "RE-2026-4")
    path = f"/receivables/{root}/confirmation"
    asked = desk.get("core", f"{path}?deadline={FAR}")
    assert "0x" + typed_data.digest(asked["typed_data"]).hex() == asked["digest"]
    forged = desk.signature("tier2", asked["typed_data"])
    code = desk.refused("tier1", path, {"signature": forged, "deadline": FAR})
    assert code == "contract.confirmation_invalid"
    signed = desk.signature("core", asked["typed_data"])
    later = {"signature": signed, "deadline": FAR + 1}
    assert desk.refused("tier1", path, later) == "contract.confirmation_invalid"
    desk.ask(
        "core", path, {"signature": signed, "deadline": FAR}
    )  # its key is not kept: the oracle brings it
    assert desk.get("core", f"/receivables/{root}")["state"] == "confirmed"


def test_opened_fields_are_shown_to_the_claims_parties_alone(desk: Desk) -> None:
    root, part = register(desk, "RE-2026-5", 700)
    desk.do("core", "/receivables/confirmations", {"roots": [root]})
    told = desk.get("tier1", f"/receivables/{root}")
    invoice = told["opened"]["invoice"]
    assert invoice["fields"] == {
        "issuer": desk.world.at("tier1"),
        "number": "RE-2026-5",
        "amount_minor": 700,
    }
    made = sha256(bytes.fromhex(invoice["salt"][2:]) + canonical(invoice["fields"])).hexdigest()
    assert told["invoice"] == invoice["commitment"] == "0x" + made
    assert told["opened"]["document"]["fields"]["carrier"] == "Eastern Freight"
    assert desk.get("core", f"/receivables/{root}")["opened"] == told["opened"]
    for everything in ("lender", "auditor", "committee"):
        assert desk.get(everything, f"/receivables/{root}")["opened"] == {}, everything
    for path in (f"/receivables/{root}", f"/parts/{part}", f"/parts/{part}/provenance"):
        answer = desk.http.get("/v1" + path, headers=desk.headers("tier4"))
        assert answer.status_code == 404, path
    assert root not in [c["root"] for c in desk.items("tier4", "/receivables")]
    offer = {"to": "tier4", "recourse": False, "expires": FAR}
    desk.do("tier1", f"/parts/{part}/offer", offer)
    assert desk.get("tier4", f"/receivables/{root}")["opened"] == told["opened"]
    assert [o["part"] for o in desk.items("tier4", "/offers")] == [part]
    desk.do("tier4", f"/offers/{part}/end")
    assert desk.http.get(f"/v1/parts/{part}", headers=desk.headers("tier4")).status_code == 404


def test_nothing_in_clear_is_on_the_chain(desk: Desk) -> None:
    register(desk, "SECRET-NUMBER-77", document={"buyer": "SECRET-BUYER"})
    client = desk.world.client
    seen = "".join(
        str(transaction["input"])
        for number in range(client.latest().number + 1)
        for transaction in client.rpc("eth_getBlockByNumber", hex(number), True)["transactions"]
    )
    for text in ("SECRET-NUMBER-77", "SECRET-BUYER", "core", "Eastern Freight"):
        assert text.encode().hex() not in seen, text


def test_commitment_is_as_its_format_says(desk: Desk) -> None:
    fields = {
        "issuer": "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
        "number": "RE-2026-0017",
        "amount_minor": 100_000_000,
    }
    vector = "7b55afd22adc6c28e2c4efadffed57108b38380f539e26aa5bfa35bd4565ac75"
    assert commit(b"\x42" * 32, fields).hex() == vector
    with Session(desk.oracle.engine) as session:
        for row in session.exec(select(KnownDocument)):
            made = commit(bytes.fromhex(row.salt[2:]), row.fields).hex()
            assert row.commitment == "0x" + made


def test_parts_are_seen_by_those_who_stand_before_and_after_them(desk: Desk) -> None:
    root, part = register(desk, "RE-2026-6", 900)
    desk.do("core", "/receivables/confirmations", {"roots": [root]})
    first, second = desk.do("tier1", f"/parts/{part}/split", {"amounts_minor": [400, 500]})[
        "PartSplit"
    ]["children"]
    for giver, taker, number in (("tier1", "tier2", first), ("tier1", "tier3", second)):
        offer = {"to": taker, "recourse": True, "expires": FAR}
        desk.do(giver, f"/parts/{number}/offer", offer)
        unpaid = desk.get(taker, f"/parts/{number}")["amount_minor"]
        taken = {"recourse": True, "unpaid_minor": unpaid, "deadline": FAR}
        desk.do(taker, f"/offers/{number}/accept", taken)
    whole = {p["part"] for p in desk.items("core", f"/receivables/{root}/parts")}
    assert len(whole) == 5
    mine = desk.items("tier2", f"/receivables/{root}/parts")
    assert {p["part"] for p in mine} == {part, first, max(whole) - 1}
    line = desk.items("tier2", f"/parts/{max(whole) - 1}/provenance")
    assert [p["part"] for p in line] == [max(whole) - 1, first, part]
    answer = desk.http.get(f"/v1/parts/{second}", headers=desk.headers("tier2"))
    assert answer.status_code == 404


def test_dispute_is_shown_to_who_decides_it_and_to_the_parties(desk: Desk) -> None:
    root, part = register(desk, "RE-2026-10", 900)
    desk.do("core", "/receivables/confirmations", {"roots": [root]})
    reason = {"reason": {"goods": "wet"}}
    desk.do("core", f"/receivables/{root}/dispute", reason)
    offer = {"to": "tier2", "recourse": False, "expires": FAR}
    assert desk.refused("tier1", f"/parts/{part}/offer", offer) == "contract.claim_in_dispute"
    for party in ("supervisor", "tier1", "core"):
        opened = desk.get(party, f"/receivables/{root}")["opened"]
        assert opened["dispute_reason"]["fields"] == {"goods": "wet"}, party
    assert desk.get("lender", f"/receivables/{root}")["opened"] == {}
    outcome = {"document": {"found": "dry"}}
    desk.do("supervisor", f"/receivables/{root}/resolve", outcome)
    shown = desk.get("tier1", f"/receivables/{root}")
    assert shown["disputed"] is False
    assert shown["opened"]["dispute_outcome"]["fields"] == {"found": "dry"}
    assert desk.get("supervisor", f"/receivables/{root}")["opened"] == {}


def test_roles_come_before_everything_else(desk: Desk) -> None:
    for party, path, body in (
        ("tier1", "/business-dates", {"date": 20260106}),
        ("tier1", "/prices", {"goods": "x", "price_minor": 1, "date": 20260105}),
        ("factory", "/credit-lines/1/votes", {"motion": "approve", "evidence": {"a": "b"}}),
        ("auditor", "/receivables/1/poke", None),
        ("warehouse", "/loans/1/repay", {"amount_minor": 1}),
        ("committee", "/credit-lines/1/activate", None),
    ):
        assert desk.refused(party, path, body) == "request.role_insufficient", (party, path)
    assert desk.refused("stranger", "/receivables/1/poke") == "party.account_missing"


def test_what_the_contracts_refuse_is_refused_with_their_code(desk: Desk) -> None:
    root, part = register(desk, "RE-2026-7", 900)
    offer = {"to": "tier2", "recourse": False, "expires": FAR}
    for party, path, body, code in (
        ("tier2", f"/receivables/{root}/cancel", None, "contract.not_a_party"),
        ("tier1", f"/parts/{part}/offer", offer, "contract.state_not_allowed"),
        ("tier1", "/parts/999/offer", offer, "contract.part_not_live"),
        ("tier1", f"/parts/{part}/offer", {**offer, "to": "nobody"}, "party.unknown"),
        ("core", "/loans/99/repay", {"amount_minor": 1}, "contract.loan_unknown"),
    ):
        assert desk.refused(party, path, body) == code, path
    with Session(desk.oracle.engine) as session:
        pending = select(Instruction).where(Instruction.status == "pending")
        assert session.exec(pending).all() == []


def test_allowance_is_given_by_signature(desk: Desk) -> None:
    body = {
        "owner": "buyer",
        "spender": "settlement",
        "amount_minor": 1_234_500,
        "deadline": FAR,
    }
    asked = desk.http.post(
        "/v1/cash/permits/typed-data", json=body, headers=desk.headers("buyer")
    ).json()
    signature = desk.signature("buyer", asked["typed_data"])
    desk.ask("tier1", "/cash/permits", {**body, "signature": signature})
    allowed = desk.get("buyer", "/cash")["allowances_minor"]["settlement"]
    assert allowed == 1_234_500
    desk.do("buyer", "/cash/approvals", {"spender": "settlement", "amount_minor": 10**12})
    stranger = desk.http.post(
        "/v1/cash/permits/typed-data", json=body, headers=desk.headers("tier1")
    )
    assert stranger.status_code == 404


def test_deal_moves_both_legs_once_all_have_signed(desk: Desk) -> None:
    world = desk.world
    world.give("tier2", 5_000)
    root, part = register(desk, "RE-2026-8", 4_000)
    desk.do("core", "/receivables/confirmations", {"roots": [root]})
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
    body = {"legs": legs, "nonce": 1, "deadline": FAR}
    made = desk.http.post("/v1/settlements", json=body, headers=desk.headers("tier1"))
    deal = made.json()
    assert "0x" + typed_data.digest(deal["typed_data"]).hex() == deal["id"]
    again = desk.http.post("/v1/settlements", json=body, headers=desk.headers("tier2")).json()
    assert again["id"] == deal["id"]
    assert desk.items("tier3", "/settlements") == []
    path = f"/settlements/{deal['id']}"
    assert desk.refused("tier1", f"{path}/settle") == "contract.signature_missing"
    bad = {"signature": desk.signature("tier3", deal["typed_data"])}
    answer = desk.http.post(f"/v1{path}/signatures", json=bad, headers=desk.headers("tier2"))
    assert (answer.status_code, answer.json()["code"]) == (409, "deal.signature_invalid")
    asked = desk.post("tier2", f"{path}/signature-requests").json()
    signature = desk.finish(asked["id"], "tier2")["result"]
    signed = desk.http.post(f"/v1{path}/signatures", json=signature, headers=desk.headers("tier2"))
    assert signed.json()["signed_by"] == [world.at("tier2")]
    before = desk.balance("tier1")
    desk.do("tier1", f"{path}/settle")
    assert desk.balance("tier1") == before + 3_900
    assert desk.get("tier2", path)["state"] == "settled"
    assert [p["holder"] for p in desk.items("tier2", "/parts") if p["root"] == root] == [
        world.at("tier2")
    ]
    assert desk.refused("tier1", f"{path}/settle") == "contract.deal_done"


def test_shares_are_opened_issued_passed_on_and_earn(desk: Desk) -> None:
    world = desk.world
    body = {"project": "lakeside-vending", "issuer": "factory", "cap": 100}
    opened = desk.sign("registrar", "/shares", body)["ProjectOpened"]
    project = "/shares/lakeside-vending"
    desk.do("factory", f"{project}/issue", {"holder": "tier1", "shares": 100})
    desk.do("tier1", f"{project}/transfer", {"to": "tier2", "shares": 30})
    world.give("core", 1_000)
    desk.do("core", "/cash/transfers", {"to": opened["account"], "amount_minor": 1_000})
    desk.do("tier1", f"{project}/transfer", {"to": "tier2", "shares": 20})
    before = desk.balance("tier1")
    desk.do("tier1", f"{project}/withdrawals", {})
    assert desk.balance("tier1") == before + 700
    said = desk.items("factory", "/shares")
    assert [(s["supply"], s["received_minor"], s["paid_minor"]) for s in said] == [
        (100, 1_000, 700)
    ]
    assert desk.items("tier3", "/shares") == []


def test_every_operation_is_a_call_that_its_contract_has(desk: Desk) -> None:
    for operation in OPERATIONS.values():
        functions = {i["name"] for i in abi_of(operation.contract) if i["type"] == "function"}
        assert operation.function in functions, operation.name
    listed = {o["name"] for o in desk.items("tier1", "/operations")}
    assert {"register_claims", "draw", "repay_loan"} <= listed
    assert "advance_date" not in listed
    assert desk.items("auditor", "/operations") == []


def test_party_is_found_by_who_knows_its_name(desk: Desk) -> None:
    said = desk.get("tier1", "/parties/core")
    assert (said["account"], said["active"]) == (desk.world.at("core"), True)
    assert desk.get("tier1", f"/parties/{said['account']}")["party"] == "core"
    assert desk.http.get("/v1/parties/cor", headers=desk.headers("tier1")).status_code == 404


def test_a_full_batch_is_registered_together_or_not_at_all(desk: Desk) -> None:
    before = len(desk.items("tier3", "/receivables"))
    batch = [claim(f"B-{n}", 100 + n, creditor="tier3", document=None) for n in range(100)]
    twice = {"claims": [*batch[:-1], batch[0]]}
    assert desk.refused("tier3", "/receivables", twice) == "contract.invoice_already_live"
    assert len(desk.items("tier3", "/receivables")) == before
    assert (
        desk.refused("tier3", "/receivables", {"claims": [*batch, batch[0]]}) == "request.malformed"
    )
    desk.do("tier3", "/receivables", {"claims": batch})
    made = desk.items("tier3", "/receivables")[before:]
    assert [c["face_minor"] for c in made] == [100 + n for n in range(100)]
    assert {c["state"] for c in made} == {"registered"}
