"""Each party sees its own; writes happen once; every answer is as the description says."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

import cbor2
import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session, select
from support_api import ACCOUNTS, Site, build
from support_json import read_json
from support_world import DEVICES

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.audit.verification.steps import verify
from counterfoil.api.store.tables import ApiToken
from counterfoil.gateway.log.merkle import hash_leaf, verify_consistency, verify_inclusion
from counterfoil.oracle.rules.facts import decode_facts
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import Distribution

pytestmark = pytest.mark.integration

MINE, THEIRS = DEVICES[0], DEVICES[4]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(tmp_path_factory.mktemp("site"), days=6, stored_tail=1)


@pytest.fixture(scope="module")
def client(site: Site) -> TestClient:
    return TestClient(site.app, follow_redirects=False)


def index_of(site: Site, device: str) -> int:
    return next(n for n, s in enumerate(site.world.records) if s.record.device == device)


def test_without_a_token_everything_is_401(client: TestClient) -> None:
    for path, methods in client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        if not path.startswith("/v1/"):
            continue
        for method in methods:
            url = re.sub("{.*?}", "1", path.replace("{device}", MINE))
            answer = client.request(method, url, headers={"Idempotency-Key": "k"})
            assert answer.status_code in (401, 422), (method, path, answer.status_code)
            if answer.status_code == 401:
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/devices/{THEIRS}",
        f"/v1/devices/{THEIRS}/keys",
        f"/v1/devices/{THEIRS}/bundle?first=2022-08-29&last=2022-08-30",
        f"/v1/records?device={THEIRS}",
        "/v1/projects/harbour-snacks",
        "/v1/projects/harbour-snacks/split-versions",
        "/v1/distributions?project=harbour-snacks",
        "/v1/statements?project=harbour-snacks",
        "/v1/exceptions/2",
        "/v1/devices/urn:dev:os:nobody",
        "/v1/records/999999",
        "/v1/instructions/999999",
    ],
)
def test_what_is_anothers_answers_like_what_is_not_there(
    site: Site, client: TestClient, path: str
) -> None:
    answer = client.get(path, headers=site.headers("lakeside"))
    assert answer.status_code == 404
    assert answer.json()["code"] == "request.not_found"


def test_anothers_record_is_not_found_by_any_of_its_ways(site: Site, client: TestClient) -> None:
    theirs = index_of(site, THEIRS)
    for way in ("", "/raw", "/proof", "/evidence"):
        path = f"/v1/records/{theirs}{way}"
        assert client.get(path, headers=site.headers("lakeside")).status_code == 404
        assert client.get(path, headers=site.headers("harbour")).status_code == 200
        assert client.get(path, headers=site.headers("auditor")).status_code == 200


def test_lists_hold_the_askers_own_only(site: Site, client: TestClient) -> None:
    mine = client.get("/v1/devices", headers=site.headers("lakeside")).json()["items"]
    assert [d["device"] for d in mine] == list(DEVICES[:4])
    every = client.get("/v1/devices", headers=site.headers("auditor")).json()["items"]
    assert len(every) == 5
    records = client.get("/v1/records?limit=500", headers=site.headers("harbour")).json()["items"]
    assert {r["device"] for r in records} == {THEIRS}
    balances = client.get("/v1/balances", headers=site.headers("supplier")).json()["items"]
    assert [b["account"] for b in balances] == [ACCOUNTS["supplier"]]
    assert client.get("/v1/withdrawals", headers=site.headers("supplier")).json()["items"] == []


def test_a_recipient_sees_its_own_credits_of_a_distribution(site: Site, client: TestClient) -> None:
    answer = client.get("/v1/distributions", headers=site.headers("lakeside"))
    all_credits = read_json(answer.text)["items"]
    own = client.get("/v1/distributions", headers=site.headers("investor")).json()["items"]
    assert {c["account"] for d in own for c in d["credits"]} == {ACCOUNTS["investor"]}
    assert {d["project"] for d in own} == {"lakeside-vending", "harbour-snacks"}
    for d in all_credits:
        paid = sum(c["amount_minor"] for c in d["credits"])
        assert paid == d["gross_minor"]


def test_facts_are_for_those_who_see_all_of_a_project(site: Site, client: TestClient) -> None:
    rows = client.get("/v1/distributions", headers=site.headers("auditor")).json()["items"]
    assert rows
    for row in rows:
        path = f"/v1/distributions/{row['batch']}/facts"
        answer = client.get(path, headers=site.headers("auditor"))
        assert answer.headers["content-type"] == "application/cbor"
        assert sha256(answer.content).hexdigest() == row["facts_hash"].removeprefix("0x")
        assert decode_facts(answer.content).business_date == row["business_date"]
        mine = "lakeside" if row["project"] == "lakeside-vending" else "harbour"
        theirs = "harbour" if mine == "lakeside" else "lakeside"
        assert client.get(path, headers=site.headers(mine)).content == answer.content
        assert client.get(path, headers=site.headers(theirs)).status_code == 404
        assert client.get(path, headers=site.headers("investor")).status_code == 404
    unknown = f"/v1/distributions/0x{'00' * 32}/facts"
    assert client.get(unknown, headers=site.headers("auditor")).status_code == 404


def test_facts_that_are_not_those_of_the_chain_are_not_given_out(
    site: Site, client: TestClient
) -> None:
    (row, *_) = client.get("/v1/distributions", headers=site.headers("auditor")).json()["items"]
    path = f"/v1/distributions/{row['batch']}/facts"
    with Session(site.oracle) as session:
        kept = session.exec(
            select(Distribution).where(Distribution.facts_hash == row["facts_hash"])
        ).one()
        whole, kept.facts = kept.facts, b"changed"
        session.commit()
        try:
            assert client.get(path, headers=site.headers("auditor")).status_code == 404
        finally:
            kept.facts = whole
            session.commit()


def test_expired_and_revoked_tokens_are_refused(site: Site, client: TestClient) -> None:
    number, token = auth.create_token(
        engine=site.oracle, role=Role.OPERATOR, party="lakeside", name="x", days=1
    )
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/devices", headers=headers).status_code == 200
    with Session(site.oracle) as session:
        row = session.get_one(ApiToken, number)
        row.expires_ms = 1
        session.commit()
    assert client.get("/v1/devices", headers=headers).status_code == 401
    number, token = auth.create_token(
        engine=site.oracle, role=Role.OPERATOR, party="lakeside", name="x", days=1
    )
    cookie = auth.open_session(site.oracle, token, 1)
    assert cookie is not None
    assert auth.by_cookie(site.oracle, cookie) is not None
    assert auth.revoke_token(site.oracle, number)
    assert auth.by_token(site.oracle, token) is None
    assert auth.by_cookie(site.oracle, cookie) is None


def test_tokens_are_stored_as_their_hash_only(site: Site) -> None:
    stored = (site.folder / "oracle.db").read_bytes() + (site.folder / "oracle.db-wal").read_bytes()
    assert all(token.encode() not in stored for token in site.tokens.values())


def test_login_code_opens_one_session_once(site: Site) -> None:
    number, _ = auth.create_token(
        engine=site.oracle, role=Role.OPERATOR, party="lakeside", name="x", days=1
    )
    code = auth.create_login_code(site.oracle, number)
    assert auth.open_session(site.oracle, code, 1) is not None
    assert auth.open_session(site.oracle, code, 1) is None


def test_proof_and_consistency_verify_against_the_anchored_heads(
    site: Site, client: TestClient
) -> None:
    headers = site.headers("lakeside")
    index = index_of(site, MINE)
    proof = client.get(f"/v1/records/{index}/proof", headers=headers).json()
    raw = client.get(f"/v1/records/{index}/raw", headers=headers).content
    assert raw == site.world.records[index].raw
    path = [bytes.fromhex(node) for node in proof["path"]]
    root = bytes.fromhex(proof["root"])
    verify_inclusion(
        index, size=proof["head_size"], leaf_hash=hash_leaf(raw), proof=path, root=root
    )
    sizes = [head.size for head in site.world.heads]
    found = client.get(f"/v1/heads/{sizes[3]}/consistency?first={sizes[1]}", headers=headers).json()
    verify_consistency(
        first=sizes[1],
        second=sizes[3],
        first_root=bytes.fromhex(found["first_root"]),
        second_root=bytes.fromhex(found["second_root"]),
        proof=[bytes.fromhex(node) for node in found["proof"]],
    )
    newest = site.world.tree.size - 1
    answer = client.get(f"/v1/records/{newest}/proof", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "record.not_anchored")
    evidence = client.get(f"/v1/records/{newest}/evidence", headers=headers).content
    assert cbor2.loads(evidence)[5:] == [0, [], b""]


def test_bundle_of_the_api_verifies(site: Site, client: TestClient) -> None:
    path = f"/v1/devices/{MINE}/bundle?first=2022-08-30&last=2022-08-31"
    answer = client.get(path, headers=site.headers("lakeside"))
    assert answer.status_code == 200
    report = verify(answer.content, site.world.root)
    assert [f.code for f in report.findings] == ["bundle.block_missing"], (
        "there is no node behind this API"
    )
    assert report.verdict == "unverifiable"
    missing = client.get(
        f"/v1/devices/{MINE}/bundle?first=2022-09-01&last=2022-08-31",
        headers=site.headers("lakeside"),
    )
    assert missing.status_code == 422


def test_pages_of_a_list_join_without_gap_or_repeat(site: Site, client: TestClient) -> None:
    headers = site.headers("lakeside")
    seen: list[int] = []
    cursor = ""
    while True:
        page = client.get(f"/v1/records?limit=7{cursor}", headers=headers).json()
        seen += [item["log_index"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    mine = {n for n, s in enumerate(site.world.records) if s.record.device != THEIRS}
    assert seen == sorted(mine)
    wrong = client.get("/v1/heads?cursor=cmVjb3Jkczox", headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "request.malformed")


def test_write_needs_a_key_and_happens_once(site: Site, client: TestClient) -> None:
    path, body = "/v1/exceptions/1/resolution", {"resolution": "accepted", "note": "seen"}
    headers = site.headers("lakeside")
    assert client.post(path, json=body, headers=headers).status_code == 422
    keyed = headers | {"Idempotency-Key": "resolve-1"}
    first = client.post(path, json=body, headers=keyed)
    again = client.post(path, json=body, headers=keyed)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    other = client.post(path, json=body | {"resolution": "excluded"}, headers=keyed)
    assert (other.status_code, other.json()["code"]) == (409, "request.key_reused")
    with Session(site.oracle) as session:
        row = session.get_one(Instruction, first.json()["id"])
        assert (row.kind, row.payload["exception"], row.party) == (
            "resolve_exception",
            1,
            "lakeside",
        )
    number = first.json()["id"]
    path = f"/v1/instructions/{number}"
    assert client.get(path, headers=headers).json()["status"] == "pending"
    assert client.get(path, headers=site.headers("harbour")).status_code == 404


def test_roles_reach_as_far_as_they_should(site: Site, client: TestClient) -> None:
    body = {"resolution": "accepted"}
    for party, status in (("auditor", 403), ("supplier", 403), ("harbour", 404)):
        headers = site.headers(party) | {"Idempotency-Key": f"k-{party}"}
        answer = client.post("/v1/exceptions/1/resolution", json=body, headers=headers)
        assert answer.status_code == status, party
    entry = {
        "statement": "s",
        "reference": "r",
        "project": "lakeside-vending",
        "business_date": 20220831,
        "amount_minor": 1,
        "currency": "USD",
    }
    for party, status in (("bank", 202), ("lakeside", 403)):
        headers = site.headers(party) | {"Idempotency-Key": "statement-1"}
        answer = client.post("/v1/statements", json={"entries": [entry]}, headers=headers)
        assert answer.status_code == status, party


def test_chain_writes_without_a_node_are_a_plain_conflict(site: Site, client: TestClient) -> None:
    body = {"step": "from_split"}
    answer = client.post("/v1/withdrawals/unsigned", json=body, headers=site.headers("lakeside"))
    assert (answer.status_code, answer.json()["code"]) == (409, "api.chain_not_configured")


def test_session_reads_but_writes_only_with_its_csrf_token(site: Site) -> None:
    browser = TestClient(site.app, follow_redirects=False)
    answer = browser.post(
        "/login", data={"secret": site.tokens["lakeside"], "to": "//evil.example"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert browser.get("/v1/devices").status_code == 200
    body = {"resolution": "accepted"}
    keyed = {"Idempotency-Key": "from-a-browser"}
    answer = browser.post("/v1/exceptions/1/resolution", json=body, headers=keyed)
    assert (answer.status_code, answer.json()["code"]) == (403, "request.csrf_token_missing")
    form = browser.post("/exceptions/1", data={"resolution": "accepted"})
    assert form.status_code == 403
    secret = browser.cookies["counterfoil_session"]
    found = auth.by_cookie(site.oracle, secret)
    assert found is not None
    form = browser.post("/exceptions/1", data={"resolution": "accepted", "csrf": found.csrf})
    assert (form.status_code, form.headers["location"][:18]) == (303, "/exceptions?asked=")
    assert browser.post("/logout", data={"csrf": found.csrf}).status_code == 303
    assert auth.by_cookie(site.oracle, secret) is None


def test_pages_lead_to_the_login_and_hide_others(site: Site) -> None:
    browser = TestClient(site.app, follow_redirects=False)
    for path in ("/", "/sales", "/exceptions", "/proof"):
        assert browser.get(path).headers["location"].startswith("/login")
    assert browser.post("/login", data={"secret": "cf_wrong"}).status_code == 401
    browser.post("/login", data={"secret": site.tokens["lakeside"]})
    assert browser.get(f"/sales/{index_of(site, MINE)}").status_code == 200
    assert browser.get(f"/sales/{index_of(site, THEIRS)}").status_code == 404
    assert browser.get(f"/parts/sales/{index_of(site, THEIRS)}").status_code == 404
    assert "GuttenPlans" not in browser.get("/").text


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/login", "/healthz", "/v1/devices", "/static/counterfoil.css", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'"), path
        assert "unsafe" not in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        ("http://127.0.0.1:8545", True),
        ("https://node.bank.example", True),
        ("http://[::1]:8545", True),
        ("http://node.example/path", False),
        ("https://x.example; script-src *", False),
        ("javascript:alert(1)", False),
        ("*", False),
    ],
)
def test_a_page_may_ask_the_readers_own_node_and_nothing_else(
    client: TestClient, origin: str, may: bool
) -> None:
    cookie = {"Cookie": f"counterfoil_node={origin}"}
    policy = client.get("/login", headers=cookie).headers["content-security-policy"]
    assert policy.endswith(f"; connect-src 'self' {origin}") is may
    assert "script-src" not in policy
    assert "connect-src" not in client.get("/login").headers["content-security-policy"]


def test_health_and_metrics_answer_without_a_token(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["ready"] is True
    assert "counterfoil_api_requests_total" in client.get("/metrics").text


def test_process_without_its_databases_is_not_ready(tmp_path: Path) -> None:
    from counterfoil.api.run import create_app
    from counterfoil.api.settings import ApiSettings

    settings = ApiSettings(
        gateway_url=f"sqlite:///{tmp_path}/absent.db", oracle_url=f"sqlite:///{tmp_path}/o.db"
    )
    answer = TestClient(create_app(settings)).get("/readyz")
    assert (answer.status_code, answer.json()["gateway_database"]) == (503, False)
