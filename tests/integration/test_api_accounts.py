"""The API takes an account in any spelling, in a path, in a body and as the party of a token, and says the same."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from support_api import ACCOUNTS, Site, build

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role

pytestmark = pytest.mark.integration

MINE = ACCOUNTS["lakeside"]
SPELLINGS = (str(MINE), MINE.lower(), "0x" + MINE[2:].upper())
PATHS = (
    "/v1/participants",
    "/v1/balances",
    "/v1/withdrawals",
    "/v1/receivables",
    "/v1/shares",
    "/v1/warehouse-receipts",
    "/v1/credit-lines",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(tmp_path_factory.mktemp("accounts"), days=4)


@pytest.fixture(scope="module")
def client(site: Site) -> TestClient:
    return TestClient(site.app)


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_a_party_is_found_by_any_spelling_of_its_account(
    site: Site, client: TestClient, spelt: str
) -> None:
    answer = client.get(f"/v1/parties/{spelt}", headers=site.headers("harbour"))
    assert answer.status_code == 200
    assert answer.json()["party"] == "lakeside"
    assert answer.json()["account"] == str(MINE)


@pytest.mark.parametrize("path", PATHS)
def test_a_token_for_an_account_sees_the_same_in_any_spelling(
    site: Site, client: TestClient, path: str
) -> None:
    by_name = client.get(path, headers=site.headers("lakeside"))
    assert by_name.status_code == 200
    for spelt in SPELLINGS:
        _, token = auth.create_token(
            engine=site.oracle, role=Role.OPERATOR, party=spelt, name="x", days=1
        )
        found = client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert found.json() == by_name.json(), spelt


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_an_account_stands_for_itself_in_any_spelling(site: Site, spelt: str) -> None:
    directory = site.app.state.parts.directory
    assert directory.account_of(spelt) == directory.account_of("lakeside") == MINE
    assert directory.account_of("0x" + "ab" * 19) == ""


def test_a_name_is_known_in_any_case_and_is_nobody_elses(site: Site, client: TestClient) -> None:
    for named in ("lakeside", "Lakeside", "LAKESIDE"):
        answer = client.get(f"/v1/parties/{named}", headers=site.headers("harbour"))
        assert answer.json()["party"] == "lakeside"
    assert client.get("/v1/parties/lake", headers=site.headers("harbour")).status_code == 404
