"""The bank's files and the business days through the API: who may, how large, and what is left for the oracle."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select
from support_api import Site, build
from support_camt import Booked, camt053

from counterfoil.gateway.formats.iso20022.messages import MAX_BYTES
from counterfoil.gateway.formats.iso20022.pain001 import Party, Transfer, write_pain001
from counterfoil.oracle.store.bank_tables import BankLine, BankStatement, PayoutFile
from counterfoil.oracle.store.day_tables import DayClose
from counterfoil.oracle.store.instruction_table import Instruction

pytestmark = pytest.mark.integration

DOCUMENT = write_pain001(
    message="CF-1",
    made_ms=0,
    execution_date=20220901,
    currency="USD",
    payer=Party("B", "1"),
    transfers=[Transfer("CF-1-1", 7, Party("A", "2"))],
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = build(tmp_path_factory.mktemp("bank"), days=1)
    with Session(site.oracle) as session:
        rows: list[Any] = [
            BankStatement(
                account="1", identification="A", currency="USD", document_hash="x", taken_ms=1
            ),
            PayoutFile(
                message="CF-1",
                account="1",
                currency="USD",
                execution_date=20220901,
                payouts=1,
                total_minor=7,
                document=DOCUMENT,
                document_hash="x",
                made_ms=1,
            ),
            DayClose(
                date=20220831,
                status="differs",
                phase="done",
                asked_by="t",
                started_ms=1,
                report={"date": 20220831, "differences": [{"code": "day.supply_differs"}]},
            ),
            DayClose(date=20220901, phase="asked", asked_by="t", started_ms=2),
        ]
        for n, outcome in enumerate(("minted", "set_aside", "set_aside")):
            line = BankLine(
                statement_id=1,
                position=n,
                reference=f"R{n}",
                amount_minor=n - 1,
                currency="USD",
                booked=20220831,
                outcome=outcome,
            )
            rows.append(line)
        session.add_all(rows)
        session.commit()
    return site


@pytest.fixture
def web(site: Site) -> TestClient:
    return TestClient(site.app)


def post_xml(web: TestClient, site: Site, party: str, key: str, body: bytes | str) -> Any:
    headers = site.headers(party) | {"Idempotency-Key": key, "Content-Type": "application/xml"}
    return web.post("/v1/statements/camt053", content=body, headers=headers)


def test_a_statement_is_left_for_the_oracle_once(web: TestClient, site: Site) -> None:
    text = camt053("A", [Booked(5, "R1")])
    first = post_xml(web, site, party="admin", key="s-1", body=text)
    again = post_xml(web, site, party="admin", key="s-1", body=text)
    assert (first.status_code, first.json()["id"]) == (202, again.json()["id"])
    with Session(site.oracle) as session:
        row = session.get_one(Instruction, first.json()["id"])
        assert (row.kind, row.payload["text"]) == ("import_camt053", text)
    other = post_xml(web, site, party="admin", key="s-1", body=camt053("B", []))
    assert (other.status_code, other.json()["code"]) == (409, "request.key_reused")


def test_a_body_that_is_too_long_no_text_or_nothing_is_refused(web: TestClient, site: Site) -> None:
    for body, status, code in (
        (b" " * (MAX_BYTES + 1), 413, "file.too_large"),
        (b"\xff\xfe", 422, "request.malformed"),
        (b"", 422, "request.malformed"),
    ):
        refused = post_xml(web, site, party="admin", key="s-2", body=body)
        assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_an_operator_neither_uploads_nor_sees_the_banks_files(web: TestClient, site: Site) -> None:
    assert post_xml(web, site, party="lakeside", key="s-3", body="<a/>").status_code == 403
    for path in ("bank-statements", "bank-lines", "bank-accounts", "payout-files", "days"):
        assert web.get(f"/v1/{path}", headers=site.headers("lakeside")).status_code == 403, path
        assert web.get(f"/v1/{path}").status_code == 401, path
    key = {"Idempotency-Key": "d-1"}
    headers = site.headers("lakeside") | key
    assert web.post("/v1/days", json={"date": 20220902}, headers=headers).status_code == 403


def test_entries_are_listed_by_outcome_in_pages(web: TestClient, site: Site) -> None:
    headers = site.headers("admin")
    first = web.get("/v1/bank-lines?outcome=set_aside&limit=1", headers=headers).json()
    after = {"outcome": "set_aside", "limit": "1", "cursor": first["next"]}
    second = web.get("/v1/bank-lines", params=after, headers=headers).json()
    found = [page["items"][0]["reference"] for page in (first, second)]
    assert (found, second["next"]) == (["R1", "R2"], None)
    assert web.get("/v1/bank-statements", headers=headers).json()["items"][0]["account"] == "1"
    missing = web.post(
        "/v1/bank-lines/99/resolution",
        json={"note": "x"},
        headers=headers | {"Idempotency-Key": "r-1"},
    )
    assert missing.status_code == 404


def test_a_payment_file_is_read_as_it_was_made(web: TestClient, site: Site) -> None:
    headers = site.headers("admin")
    (item,) = web.get("/v1/payout-files", headers=headers).json()["items"]
    assert "document" not in item
    got = web.get(f"/v1/payout-files/{item['id']}/document", headers=headers)
    assert (got.content, got.headers["content-type"]) == (DOCUMENT, "application/xml")
    assert web.get("/v1/payout-files/99/document", headers=headers).status_code == 404


def test_days_are_listed_shown_and_asked_for(web: TestClient, site: Site) -> None:
    headers = site.headers("admin")
    days = web.get("/v1/days", headers=headers).json()["items"]
    assert [(d["date"], d["status"], d["differences"]) for d in days] == [
        (20220901, "open", 0),
        (20220831, "differs", 1),
    ]
    shown = web.get("/v1/days/20220831", headers=headers).json()
    assert shown["report"]["differences"] == [{"code": "day.supply_differs"}]
    assert web.get("/v1/days/20220101", headers=headers).status_code == 404
    asked = web.post(
        "/v1/days", json={"date": 20220902}, headers=headers | {"Idempotency-Key": "d-2"}
    )
    assert asked.status_code == 202
    with Session(site.oracle) as session:
        row = session.exec(select(Instruction).where(Instruction.kind == "close_day")).one()
        assert row.payload == {"date": 20220902, "far": False}


def test_a_payee_and_a_payout_file_are_left_for_the_oracle(web: TestClient, site: Site) -> None:
    headers = site.headers("lakeside") | {"Idempotency-Key": "p-1"}
    payee = {"account": "6222021234567890123", "name": "Lakeside"}
    told = web.post("/v1/payout-accounts", json=payee, headers=headers)
    assert (told.status_code, told.json()["kind"]) == (202, "register_payee_account")
    wrong = web.post("/v1/payout-accounts", json=payee | {"bic": "x"}, headers=headers)
    assert wrong.status_code == 422
    headers = site.headers("admin") | {"Idempotency-Key": "p-2"}
    made = web.post("/v1/payout-files", json={"account": "1"}, headers=headers)
    assert (made.status_code, made.json()["kind"]) == (202, "make_payout_file")
