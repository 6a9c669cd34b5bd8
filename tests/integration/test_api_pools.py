"""Pools of investors as their readers see them: all shares to whoever runs the project, its own to an investor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlmodel import Session
from support_api import ACCOUNTS, POOL, Site, build
from support_json import read_json

from counterfoil.oracle.ledger.revenue_split import Balance

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A pool of three that was paid 1,003, the first 101 of them in a run that ended."""
    return build(tmp_path_factory.mktemp("pools"), days=2)


@pytest.fixture
def client(site: Site) -> Iterator[TestClient]:
    with TestClient(site.app) as found:
        yield found


def shares(site: Site, client: TestClient, party: str) -> list[tuple[str, int, int, int]]:
    answer = client.get(f"/v1/pools/{POOL}/shares", headers=site.headers(party))
    assert answer.status_code == 200, answer.text
    return [
        (row["account"], row["weight"], row["earned_minor"], row["claimable_minor"])
        for row in read_json(answer.text)["items"]
    ]


def test_who_runs_the_project_sees_every_share_in_the_lists_order(
    site: Site, client: TestClient
) -> None:
    found = shares(site, client, "lakeside")
    # Of the ended run 50, 30 and 21 of 101; floors of the 902 after it: 451, 270 and 180.
    assert found == [
        (ACCOUNTS["investor"], 50, 501, 201),
        (ACCOUNTS["site"], 30, 300, 300),
        (ACCOUNTS["maker"], 20, 201, 201),
    ]
    answer = client.get("/v1/pools", headers=site.headers("lakeside"))
    (pool,) = read_json(answer.text)["items"]
    assert (pool["pool"], pool["paid_minor"], pool["investors"]) == (POOL, 1_003, 3)


def test_an_investor_sees_its_own_share_and_it_is_in_its_balance(
    site: Site, client: TestClient
) -> None:
    assert shares(site, client, "investor") == [(ACCOUNTS["investor"], 50, 501, 201)]
    answer = client.get("/v1/balances", headers=site.headers("investor"))
    (balance,) = read_json(answer.text)["items"]
    with Session(site.oracle) as session:
        direct = session.get(Balance, ACCOUNTS["investor"])
    credited = (direct.credited_minor if direct else 0) + 501
    assert balance["account"] == ACCOUNTS["investor"]
    assert balance["credited_minor"] == credited


def test_others_see_no_pool(site: Site, client: TestClient) -> None:
    assert client.get("/v1/pools", headers=site.headers("supplier")).json()["items"] == []
    answer = client.get(f"/v1/pools/{POOL}/shares", headers=site.headers("harbour"))
    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")
