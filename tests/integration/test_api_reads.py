"""Lists in pages, ETags, news: what a program that reads the API again and again relies on."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlmodel import Session
from starlette.requests import Request
from support_api import ACCOUNTS, POOL, Site, build
from support_world import DEVICES

from counterfoil.api.access import auth
from counterfoil.api.stream import _events
from counterfoil.gateway.record.identity import device_hash
from counterfoil.gateway.store.gateway_store import open_store
from counterfoil.gateway.store.tables import RefusedRecord
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.ledger.record_anchor import AnchoredHeadRow
from counterfoil.oracle.ledger.revenue_split import Credit
from counterfoil.oracle.store.alarm_table import AlarmRow

pytestmark = pytest.mark.integration

MINE, THEIRS = DEVICES[0], DEVICES[4]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = build(tmp_path_factory.mktemp("reads"), days=4)
    with Session(made.oracle) as session:
        for device in (MINE, THEIRS, None):
            session.add(
                AlarmRow(code="record.equivocation", detail="two", device=device, raised_ms=1)
            )
        for number in range(2, 6):
            holder = ACCOUNTS["lakeside" if number % 2 else "harbour"]
            session.add(
                Payout(
                    id=number,
                    holder=holder,
                    amount_minor=number,
                    payout_account="0x00",
                    block_number=3_000 + number,
                )
            )
        session.commit()
    gateway = open_store(made.settings.gateway_url)
    with Session(gateway.engine) as session:
        for device in (MINE, THEIRS, None):
            session.add(
                RefusedRecord(
                    device=device,
                    raw=b"\xff" + (device or "").encode(),
                    code="gap",
                    detail="a number is missing",
                    received_ms=2,
                    peer="tls",
                )
            )
        session.commit()
    gateway.engine.dispose()
    return made


@pytest.fixture(scope="module")
def client(site: Site) -> TestClient:
    return TestClient(site.app, follow_redirects=False)


LISTS = (
    "/v1/devices",
    f"/v1/devices/{MINE}/keys",
    "/v1/records",
    "/v1/refused-records",
    "/v1/heads",
    "/v1/exceptions",
    "/v1/alarms",
    "/v1/projects",
    "/v1/projects/lakeside-vending/split-versions",
    "/v1/pools",
    f"/v1/pools/{POOL}/shares",
    "/v1/distributions",
    "/v1/balances",
    "/v1/withdrawals",
    "/v1/statements",
    "/v1/instructions",
    "/v1/participants",
    "/v1/business-dates",
    "/v1/receivables",
    "/v1/receivables/1/funding",
    "/v1/receivables/1/parts",
    "/v1/parts",
    "/v1/offers",
    "/v1/orders",
    "/v1/credit-lines",
    "/v1/credit-lines/1/sweeps",
    "/v1/loans",
    "/v1/loans/1/payments",
    "/v1/warehouse-receipts",
    "/v1/pledges",
    "/v1/prices",
    "/v1/shares",
    "/v1/shares/lakeside-vending/holdings",
    "/v1/settlements",
    "/v1/quotes",
)
BANKS = ("/v1/bank-lines", "/v1/bank-statements", "/v1/payout-files", "/v1/days")
"""Lists that are for those alone who may see everything."""
NUMBERED = re.compile("{(root|line|loan)}")


def read(client: TestClient, path: str, headers: dict[str, str], limit: int) -> list[Any]:
    items: list[Any] = []
    more = ""
    while True:
        answer = client.get(
            f"{path}{'&' if '?' in path else '?'}limit={limit}{more}", headers=headers
        )
        assert answer.status_code == 200, (path, answer.text)
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        more = f"&cursor={page['next']}"


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_the_same_in_small_pages(site: Site, client: TestClient, path: str) -> None:
    for party in ("auditor", "lakeside"):
        headers = site.headers(party)
        assert read(client, path, headers, limit=2) == read(client, path, headers, limit=500)


@pytest.mark.parametrize("path", BANKS)
def test_lists_of_the_bank_are_for_who_sees_everything(
    site: Site, client: TestClient, path: str
) -> None:
    auditor = site.headers("auditor")
    assert read(client, path, headers=auditor, limit=2) == read(
        client, path, headers=auditor, limit=500
    )
    assert client.get(path, headers=site.headers("lakeside")).status_code == 403


def test_every_list_of_the_description_is_tried_here(client: TestClient) -> None:
    paged = {
        NUMBERED.sub(
            "1",
            path.replace("{device}", MINE)
            .replace("{project}", "lakeside-vending")
            .replace("{pool}", POOL),
        )
        for path, methods in client.app.openapi()["paths"].items()  # type: ignore[attr-defined]
        if any(p["name"] == "cursor" for p in methods.get("get", {}).get("parameters", ()))
    }
    assert paged == {*LISTS, *BANKS}


def test_no_answer_is_a_bare_list(client: TestClient) -> None:
    for path, methods in client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        content = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        assert schema.get("type") != "array", path


def test_cursor_of_one_list_is_malformed_in_another(site: Site, client: TestClient) -> None:
    headers = site.headers("auditor")
    cursor = client.get("/v1/balances?limit=1", headers=headers).json()["next"]
    for path in LISTS:
        if path != "/v1/balances":
            answer = client.get(f"{path}?cursor={cursor}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "request.malformed"), path


def test_what_was_repudiated_is_marked_as_disputed(site: Site, client: TestClient) -> None:
    headers = site.headers("lakeside")
    mine = read(client, f"/v1/records?device={MINE}", headers, 50)
    assert {r["disputed"] for r in mine} == {False}
    with site.oracle.begin() as connection:
        connection.execute(
            text(
                "UPDATE registry_key SET until_sequence = '2', disputed_until = '4' WHERE device_hash = :d"
            ),
            {"d": "0x" + device_hash(MINE).hex()},
        )
    try:
        mine = read(client, f"/v1/records?device={MINE}", headers, 50)
        marked = [r["sequence"] for r in mine if r["disputed"]]
        assert marked == [3, 4], "one range, and nothing beside it"
        one = next(r for r in mine if r["sequence"] == 3)
        assert client.get(f"/v1/records/{one['log_index']}", headers=headers).json()["disputed"]
        (key,) = read(client, f"/v1/devices/{MINE}/keys", headers, 50)
        assert (key["until_sequence"], key["disputed_until"]) == ("2", "4")
        sale = next(r["log_index"] for r in mine if r["disputed"] and r["kind"] == "sale")
        browser = TestClient(site.app, follow_redirects=False)
        secret = auth.open_session(site.oracle, site.tokens["lakeside"], 1)
        browser.cookies.set("counterfoil_session", str(secret))
        page = browser.get(f"/sales/{sale}").text
        assert "repudiated by the consortium after it was anchored" in page
    finally:
        with site.oracle.begin() as connection:
            connection.execute(
                text(
                    "UPDATE registry_key SET until_sequence = :open, disputed_until = NULL WHERE device_hash = :d"
                ),
                {"d": "0x" + device_hash(MINE).hex(), "open": str(2**64 - 1)},
            )


def test_alarms_and_refusals_are_shown_to_whose_machine_it_is(
    site: Site, client: TestClient
) -> None:
    for path in ("/v1/alarms", "/v1/refused-records"):
        for party, devices in (
            ("lakeside", [MINE]),
            ("harbour", [THEIRS]),
            ("regulator", [MINE, THEIRS, None]),
            ("supplier", []),
        ):
            items = client.get(path, headers=site.headers(party)).json()["items"]
            assert [item["device"] for item in items] == devices, (path, party)
    mine, theirs, nobodys = (f"/v1/refused-records/{number}/raw" for number in (1, 2, 3))
    assert client.get(mine, headers=site.headers("lakeside")).content == b"\xff" + MINE.encode()
    assert client.get(theirs, headers=site.headers("lakeside")).status_code == 404
    assert client.get(nobodys, headers=site.headers("lakeside")).status_code == 404
    assert client.get(nobodys, headers=site.headers("auditor")).content == b"\xff"


def example(client: TestClient, schema: dict[str, Any]) -> Any:
    """A body that fits *schema*, of its examples."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return example(client, client.app.openapi()["components"]["schemas"][name])  # type: ignore[attr-defined]
    if schema.get("type") == "object" and "properties" in schema:
        wanted = schema.get("required", ())
        made = {name: example(client, schema["properties"][name]) for name in wanted}
        return made | ({"months": 1} if schema["title"] == "DrawIn" else {})
    for told in ("examples", "enum"):
        if told in schema:
            return schema[told][0]
    if schema.get("type") == "array":
        return [example(client, schema["items"])] * schema.get("minItems", 1)
    return {"boolean": True, "integer": 1, "string": "x", "object": {}}[schema["type"]]


def test_regulator_reads_everything_and_writes_nothing(site: Site, client: TestClient) -> None:
    headers = site.headers("regulator") | {"Idempotency-Key": "regulator"}
    assert len(client.get("/v1/devices", headers=headers).json()["items"]) == len(DEVICES)
    for path, methods in client.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        if "post" not in methods:
            continue
        body = {
            "/v1/exceptions/{number}/resolution": {"resolution": "accepted"},
            "/v1/withdrawals/unsigned": {"step": "from_split"},
            "/v1/transactions": {"raw": "0x02"},
            "/v1/withdrawals/{number}/payment/unsigned": {"payment": "0x" + "00" * 32},
            "/v1/projects/{project}/split-versions/unsigned": {
                "effective_from": 20220801,
                "period": "day",
                **dict.fromkeys(("refund", "tax", "residual"), ACCOUNTS["site"]),
                **dict.fromkeys(("goods", "allocations", "investors"), ()),
            },
            "/v1/settlement-files": {"project": "lakeside-vending", "source": "s", "text": "t"},
            "/v1/statements": {"entries": [ENTRY]},
            "/v1/statements/unsigned": {"entries": [ENTRY]},
        }.get(path)
        content = methods["post"].get("requestBody", {}).get("content", {})
        if body is None and "application/json" in content:
            body = example(client, content["application/json"]["schema"])
        url = re.sub("{(deal|quote)}", "0x" + "d3" * 32, path)
        url = re.sub("{.*?}", "1", url.replace("{project}", "lakeside-vending"))
        if content and "application/json" not in content:
            as_is = headers | {"Content-Type": next(iter(content))}
            answer = client.post(url, content=b"<Document/>", headers=as_is)
        else:
            answer = client.post(url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "request.role_insufficient"), (
            path
        )


ENTRY = {
    "statement": "s",
    "reference": "r",
    "project": "lakeside-vending",
    "business_date": 20220831,
    "amount_minor": 1,
    "currency": "USD",
}


def test_instructions_are_listed_to_who_gave_them(site: Site, client: TestClient) -> None:
    keyed = site.headers("bank") | {"Idempotency-Key": "listed"}
    given = client.post("/v1/statements", json={"entries": [ENTRY]}, headers=keyed).json()
    for party, sees in (("bank", True), ("admin", True), ("lakeside", False), ("site", False)):
        items = client.get("/v1/instructions", headers=site.headers(party)).json()["items"]
        assert (given["id"] in [item["id"] for item in items]) == sees, party


def test_answer_that_the_asker_has_is_not_sent_again(site: Site, client: TestClient) -> None:
    for path in (*LISTS, "/v1/records/0", "/v1/records/0/raw", "/v1/heads/latest/"[:-1]):
        headers = site.headers("lakeside")
        first = client.get(path, headers=headers)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "private, no-cache"
        again = client.get(path, headers=headers | {"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), path
        other = client.get(path, headers=headers | {"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)


def test_tag_of_anothers_answer_opens_nothing(site: Site, client: TestClient) -> None:
    path = f"/v1/devices/{MINE}"
    tag = client.get(path, headers=site.headers("lakeside")).headers["etag"]
    known = {"If-None-Match": tag}
    assert client.get(path, headers=site.headers("harbour") | known).status_code == 404
    assert client.get(path, headers=known).status_code == 401


def test_tag_changes_with_the_answer(site: Site, client: TestClient) -> None:
    headers = site.headers("site")
    before = client.get("/v1/balances", headers=headers).headers["etag"]
    with site.oracle.begin() as connection:
        connection.execute(
            text("UPDATE balance SET withdrawn_minor = withdrawn_minor + 1 WHERE account = :a"),
            {"a": ACCOUNTS["site"]},
        )
    answer = client.get("/v1/balances", headers=headers | {"If-None-Match": before})
    assert answer.status_code == 200


def test_reader_does_not_wait_for_a_writer(site: Site, client: TestClient) -> None:
    """The writer ends only after the answer: a reader that needs its lock would not get one."""
    browser = TestClient(site.app, follow_redirects=False)
    browser.post("/login", data={"secret": site.tokens["lakeside"]})
    with site.oracle.begin() as connection:
        connection.execute(text("UPDATE balance SET credited_minor = credited_minor"))
        for path in (*LISTS, "/readyz"):
            assert client.get(path, headers=site.headers("lakeside")).status_code == 200, path
        assert browser.get("/").status_code == 200


def news(site: Site, party: str, known: str | None, change: Any) -> list[tuple[str, str]]:
    """The events (name, data) that *party* hears until the first turn after *change* that has some."""
    headers = [(b"authorization", f"Bearer {site.tokens[party]}".encode())]
    if known is not None:
        headers.append((b"last-event-id", known.encode()))

    async def heard() -> list[tuple[str, str]]:
        async def receive() -> Any:
            await asyncio.sleep(3600)

        scope = {"type": "http", "headers": headers, "method": "GET", "app": site.app}
        principal = auth.by_token(site.oracle, site.tokens[party])
        assert principal is not None
        events = _events(Request(scope, receive), site.app.state.parts, principal)
        found: list[tuple[str, str]] = []
        assert (await anext(events)).startswith("retry")
        change()
        while not found or found[-1][0] != "head":  # the head is changed last in every test
            event = await anext(events)
            fields = dict(line.split(": ", 1) for line in event.strip().split("\n"))
            found.append((fields["event"], fields["id"]))
        await events.aclose()  # type: ignore[attr-defined]
        return found

    return asyncio.run(heard())


def grow(site: Site, *rows: object) -> None:
    """Commit *rows* and a newer head with them."""
    with Session(site.oracle) as session:
        newest = session.exec(text("SELECT max(size) FROM anchored_head")).scalar()  # type: ignore[call-overload]
        session.add_all(rows)
        session.add(
            AnchoredHeadRow(
                size=newest + 1,
                number=newest,
                root="0x00",
                state="0x00",
                block_number=9_000,
                block_hash="0x00",
                transaction_hash="0x00",
            )
        )
        session.commit()


def test_news_reach_whom_they_concern_and_nobody_else(site: Site) -> None:
    with Session(site.oracle) as session:
        name = session.exec(  # type: ignore[call-overload]
            text("SELECT project_hash FROM known_project WHERE project = 'lakeside-vending'")
        ).scalar()

    def credit() -> None:
        account = ACCOUNTS["supplier"]
        row = Credit(batch="0xnew", project_hash=name, account=account, tier=2, amount_minor=1)
        grow(site, row)

    names = {
        party: sorted({event for event, _ in news(site, party, known=None, change=credit)})
        for party in ("supplier", "lakeside", "harbour", "auditor")
    }
    assert names == {
        "supplier": ["distribution", "head"],
        "lakeside": ["distribution", "head"],
        "harbour": ["head"],
        "auditor": ["distribution", "head"],
    }


def test_cut_stream_goes_on_with_what_it_missed(site: Site) -> None:
    heard = news(site, party="lakeside", known=None, change=lambda: grow(site))
    place = heard[-1][1]
    grow(site)
    assert [
        event for event, _ in news(site, party="lakeside", known=place, change=lambda: None)
    ] == ["head"]
    for unreadable in ("", "nonsense", "head=x;record", "head=" + "9" * 40):
        assert (
            news(site, party="lakeside", known=unreadable, change=lambda: grow(site))[-1][0]
            == "head"
        )
