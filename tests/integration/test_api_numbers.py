"""Numbers in JSON: what may be wider than 53 bits is a string of digits by its field's type; the rest never is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from support_api import ACCOUNTS, Site, build
from support_json import EXACT, read_json
from support_roles import PARTIES, plant

from counterfoil.api.access.auth import Role, create_token
from counterfoil.chain.address import Address
from counterfoil.oracle.ledger.receivables import ClaimRow
from counterfoil.oracle.store.integers import Unsigned
from counterfoil.oracle.store.table import OracleTable

pytestmark = pytest.mark.integration

MOST = 2**256 - 1
WIDE_NAMES = ("_minor", "_wh", "_varh")
HUGE = 1_000_000_007
"""The number of a claim that owes as much as a contract's word can say."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    made = build(tmp_path_factory.mktemp("numbers"), days=2)
    plant(made, token=ACCOUNTS["tax"], bank=Address(b"\x42" * 20))
    with Session(made.oracle) as session:
        zeros = "0x" + "00" * 32
        session.add(
            ClaimRow(
                root=HUGE,
                kind="order",
                state="draft",
                obligor=ACCOUNTS["lakeside"],
                creditor=ACCOUNTS["tax"],
                token=ACCOUNTS["tax"],
                face_minor=MOST,
                redeemed_minor=2**53,
                issue_date=20220801,
                due_date=20221001,
                default_days=30,
                invoice=zeros,
                document=zeros,
                tag=zeros,
                block_number=1,
                transaction_hash=zeros,
            )
        )
        session.commit()
    return made


@pytest.fixture(scope="module")
def web(site: Site) -> Iterator[TestClient]:
    with TestClient(site.app) as found:
        yield found


def fields(description: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every field of the description: of which schema, its name, and each schema that its value may have."""

    def inside(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            yield schema
            for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
                for one in schema.get(key, ()):
                    yield from inside(one)
            for key in ("items", "additionalProperties"):
                yield from inside(schema.get(key))

    for owner, schema in description["components"]["schemas"].items():
        for name, field in schema.get("properties", {}).items():
            for one in inside(field):
                yield owner, name, one


def test_no_amount_is_a_json_number_anywhere_in_the_description(web: TestClient) -> None:
    found = 0
    for owner, name, schema in fields(web.app.openapi()):  # type: ignore[attr-defined]
        if name.endswith(WIDE_NAMES):
            assert schema.get("type") not in ("integer", "number"), (owner, name)
            found += schema.get("format") == "digits"
    assert found > 80


def test_a_requests_number_that_may_be_wide_is_digits_in_the_description(web: TestClient) -> None:
    """What a request may say, its bounds tell: none that is a JSON number goes beyond 53 bits."""
    for owner, name, schema in fields(web.app.openapi()):  # type: ignore[attr-defined]
        if schema.get("type") == "integer":
            for bound in ("maximum", "exclusiveMaximum"):
                assert schema.get(bound, 0) <= EXACT, (owner, name)


COUNTED = {"collateral", "issues", "order_root", "parent", "received"}
"""What a contract counts up by one itself: no participant writes it, and none lives to see 2^53."""


def test_what_is_as_wide_as_a_word_in_the_store_is_digits(web: TestClient) -> None:
    """So that a new column that a participant can fill is no JSON number by oversight."""
    wide = {
        column.name.removeprefix("offer_")
        for table in OracleTable.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Unsigned)
    }
    assert len(wide) > 30
    for owner, name, schema in fields(web.app.openapi()):  # type: ignore[attr-defined]
        if name in wide - COUNTED:
            assert schema.get("type") != "integer", (owner, name)


def test_one_name_is_one_kind_of_number_everywhere(web: TestClient) -> None:
    kinds: dict[str, set[str]] = {}
    for _, name, schema in fields(web.app.openapi()):  # type: ignore[attr-defined]
        if schema.get("format") == "digits":
            kinds.setdefault(name, set()).add("digits")
        elif schema.get("type") == "integer":
            kinds.setdefault(name, set()).add("number")
    assert {name: kind for name, kind in kinds.items() if len(kind) > 1} == {}


def test_real_answers_keep_the_rule(site: Site, web: TestClient) -> None:
    """Every list and every object of the planted ones, for who sees all of it."""
    asked = 0
    for path, methods in web.app.openapi()["paths"].items():  # type: ignore[attr-defined]
        if "get" not in methods or not path.startswith("/v1/") or path == "/v1/stream":
            continue
        url = path
        for name in ("root", "part", "line", "loan", "receipt", "pledge", "number"):
            url = url.replace(f"{{{name}}}", str(PARTIES[0].number))
        url = url.replace("{project}", PARTIES[0].project).replace("{pool}", PARTIES[0].pool)
        url = url.replace("{device}", PARTIES[0].device).replace("{log_index}", "0")
        answer = web.get(url, headers=site.headers("admin"))
        if answer.status_code == 200 and "json" in answer.headers["content-type"]:
            read_json(answer.text)
            asked += 1
    assert asked > 40


def test_an_amount_as_wide_as_a_contracts_word_arrives_whole(site: Site, web: TestClient) -> None:
    record = web.get("/v1/records/0", headers=site.headers("admin")).json()
    assert isinstance(record["body"]["amount_minor"], str)
    assert isinstance(record["counters"]["amount_minor"], str)
    said = web.get(f"/v1/receivables/{HUGE}", headers=site.headers("admin")).json()
    assert (said["face_minor"], said["redeemed_minor"]) == (str(MOST), str(2**53))
    assert said["set_off_minor"] == "0", "small ones are digits too: the type decides"


@pytest.mark.parametrize(
    ("given", "status"),
    [("9007199254740993", 202), (7, 202), (2**53 + 1, 422), ("7.0", 422), ("", 422), (1.5, 422)],
)
def test_a_request_gives_digits_or_a_number_that_no_client_rounds(
    site: Site, web: TestClient, given: object, status: int
) -> None:
    _, token = create_token(site.oracle, Role.BANK, "bank", name="bank", days=1)
    entry = {
        "statement": "s",
        "reference": "r",
        "project": "lakeside-vending",
        "business_date": 20220831,
        "amount_minor": given,
        "currency": "USD",
    }
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"n-{status}-{given}"[:20]}
    headers["Idempotency-Key"] = headers["Idempotency-Key"].replace(".", "-")
    answer = web.post("/v1/statements", json={"entries": [entry]}, headers=headers)
    assert answer.status_code == status, answer.text
