"""Every cell of the table of roles, with a real app, a real chain, and real objects of two who are strangers.

Each role comes twice, as a token of either of two parties, whose objects are their own; the bank's role comes as the
bank whose deposits the token stands for, and as its rival.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session
from starlette.routing import Mount
from support_api import ACCOUNTS, build
from support_chain import deployed_world, signer_of
from support_roles import DAY, FILES, PARTIES, Party, plant
from support_roles_walk import ASKS_THE_CHAIN, BANKS, CHANGES, EVERYBODYS, HOW, SKIPPED, House

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Principal, Role
from counterfoil.api.access.role_groups import OTHERS
from counterfoil.api.access.roles import rule_of, whose
from counterfoil.api.access.roles_table import RULES
from counterfoil.api.access.whose import Whose
from counterfoil.api.run import create_app
from counterfoil.api.stream import _newest
from counterfoil.oracle.ledger.deposit_token import Payout
from counterfoil.oracle.ledger.revenue_split import Credit
from counterfoil.oracle.store.instruction_table import Instruction
from counterfoil.oracle.store.revenue_tables import MatchException

pytestmark = pytest.mark.integration

OPERATIONS = [operation for rule in RULES for operation in rule.operations]
REFUSED = (401, 403, 404)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    site = build(tmp_path_factory.mktemp("roles"), days=2)
    with deployed_world("anvil", tmp_path_factory.mktemp("chain")) as chain:
        bank = chain.client.call("DepositToken", "bank")
        plant(site, token=chain.client.address_of("DepositToken"), bank=bank)
        settings = site.settings.model_copy(
            update={"rpc_urls": [chain.node.rpc_url], "deployment": chain.path}
        )
        sent = {role: signer_of(chain.node, role).address for role in ("admin", "guardian")}
        names = [party.name for party in PARTIES] + ["bank", "rival", *sent.values(), "investor"]
        tokens = {
            (role, name): auth.create_token(
                engine=site.oracle, role=role, party=name, name=name, days=1
            )[1]
            for role in Role
            for name in names
        }
        sales = {
            party.name: next(
                n for n, r in enumerate(site.world.records) if r.record.device == party.device
            )
            for party in PARTIES
        }
        yield House(
            site,
            chain,
            create_app(settings),
            tokens,
            sales=sales,
            exceptions={"lakeside": 1, "harbour": 2},
            sent=sent,
        )


@pytest.fixture(scope="module")
def web(house: House) -> Iterator[TestClient]:
    with TestClient(house.app, follow_redirects=False) as client:
        yield client


def routes(app: FastAPI) -> Iterator[str]:
    """Every operation that the app answers, as the table names it."""
    for route in app.routes:
        if isinstance(route, Mount):
            yield f"GET {route.path}"
            continue
        inner = getattr(getattr(route, "original_router", None), "routes", [route])
        for one in inner:
            yield from (f"{method} {one.path}" for method in one.methods - {"HEAD"})


def test_the_table_has_a_row_for_every_route_and_for_nothing_else(house: House) -> None:
    there = set(routes(house.app))
    assert len(there) > 200
    assert {name for name in there if rule_of(name) is None} == set(), "a route without a row"
    named = {name for name in OPERATIONS if not name.startswith("EVENT ")}
    assert named - there == set(), "a row without a route"


def test_every_operation_that_reads_or_changes_a_partys_object_is_walked() -> None:
    """What is *own*, *party to it* or *own bank's* to anybody, or hidden from some, has objects of two here."""
    for operation in OPERATIONS:
        reach = {whose(operation, role) for role in Role}
        if operation.startswith("GET ") and reach & {Whose.OWN, Whose.PARTY}:
            known = operation in HOW or operation in (
                "GET /v1/quorum",
                "GET /v1/transactions/{transaction}",
            )
            assert known, operation
        if operation.startswith("GET ") and Whose.BANK in reach:
            assert operation in BANKS, operation
        if operation.startswith("POST /v1") and reach & {Whose.OWN, Whose.PARTY}:
            is_new = operation in ("POST /v1/quotes", "POST /v1/settlements")
            assert operation in CHANGES or is_new, operation


def sessions(house: House, role: Role, party: str) -> dict[str, str]:
    """The cookie of a page's session."""
    cookie = auth.open_session(house.site.oracle, house.tokens[role, party], 1)
    return {"Cookie": f"counterfoil_session={cookie}"}


@pytest.mark.parametrize("operation", HOW)
def test_reads_reach_as_far_as_their_cells(house: House, web: TestClient, operation: str) -> None:
    is_page, is_asked = " /v1/" not in operation, operation in ASKS_THE_CHAIN
    path = operation.split(" ", 1)[1]
    reads = {party.name: HOW[operation](party, house, path) for party in PARTIES}
    for role in Role:
        reach = whose(operation, role)
        for asker in PARTIES:
            headers = (sessions if is_page else House.headers)(house, role, asker.name)
            for owner in PARTIES:
                read = reads[owner.name]
                answer = web.get(read.url, headers=headers)
                where = (operation, role, asker.name, owner.name, answer.status_code, answer.text)
                if reach is Whose.NONE:
                    assert answer.status_code == 403, where
                elif reach is Whose.ALL or (reach is not Whose.BANK and asker is owner):
                    assert is_page or answer.status_code in ((409, 503) if is_asked else (200,)), (
                        where
                    )
                    assert is_asked or read.mark in answer.text, where
                elif reach is Whose.BANK and asker is owner:
                    pass  # it runs the project itself
                elif read.is_item:
                    assert answer.status_code == 404, where
                else:
                    assert answer.status_code == 200, where
                    assert read.mark not in answer.text, where
    nobody = web.get(reads["lakeside"].url)
    assert nobody.status_code in ((303, 404) if is_page else (401,)), nobody.text


@pytest.mark.parametrize("operation", BANKS)
def test_a_banks_files_are_its_own_and_no_rivals(
    house: House, web: TestClient, operation: str
) -> None:
    url, mark = BANKS[operation]
    for role in Role:
        reach = whose(operation, role)
        for party in ("bank", "rival"):
            answer = web.get(url, headers=house.headers(role, party))
            where = (operation, role, party, answer.status_code, answer.text)
            if reach is Whose.NONE:
                assert answer.status_code == 403, where
            elif reach is Whose.ALL or (reach is Whose.BANK and party == "bank"):
                assert (answer.status_code, mark in answer.text) == (200, True), where
            else:
                is_item = "{" in operation
                assert answer.status_code == (404 if is_item else 200), where
                assert mark not in answer.text, where
    assert web.get(url).status_code == 401


def test_a_second_account_that_the_settings_name_sees_its_banks_files(house: House) -> None:
    rival = house.app.state.parts.directory.account_of("rival")
    named = house.app.state.parts.settings.model_copy(update={"bank_accounts": [rival]})
    with TestClient(create_app(named)) as web:
        for url, mark in BANKS.values():
            assert mark in web.get(url, headers=house.headers(Role.BANK, "rival")).text, url


def test_a_bank_where_no_node_can_be_asked_is_told_so(house: House) -> None:
    with TestClient(house.site.app) as web:
        answer = web.get("/v1/bank-lines", headers=house.headers(Role.BANK, "bank"))
    assert (answer.status_code, answer.json()["code"]) == (409, "api.chain_not_configured")


@pytest.mark.parametrize("what", ["resolution", "confirmation"])
def test_entries_are_dealt_with_by_whom_the_table_says(
    house: House, web: TestClient, what: str
) -> None:
    for role in Role:
        reach = whose(f"POST /v1/bank-lines/{{number}}/{what}", role)
        for party in ("bank", "rival"):
            url = f"/v1/bank-lines/{FILES}/{what}"
            headers = house.headers(role, party) | {"Idempotency-Key": f"{what}-{role}"}
            status = web.post(url, json={"note": "n"}, headers=headers).status_code
            is_theirs = reach is Whose.ALL or (reach is Whose.BANK and party == "bank")
            wanted = 403 if reach is Whose.NONE else 202 if is_theirs else 404
            assert status == wanted, (what, role, party)


@pytest.mark.parametrize("operation", CHANGES)
def test_changes_reach_as_far_as_their_cells(house: House, web: TestClient, operation: str) -> None:
    url_of, body_of = CHANGES[operation]
    for role in Role:
        reach = whose(operation, role)
        for asker in PARTIES:
            for owner in PARTIES:
                key = {"Idempotency-Key": f"{operation.split('/')[2]}-{role}-{owner.name}"}
                headers = house.headers(role, asker.name) | key
                answer = web.post(url_of(owner, house), json=body_of(owner), headers=headers)
                where = (operation, role, asker.name, owner.name, answer.status_code, answer.text)
                if reach is Whose.NONE:
                    assert answer.status_code == 403, where
                elif reach is Whose.ALL or asker is owner:
                    assert answer.status_code not in REFUSED, where
                else:
                    assert answer.status_code == 404, where
    assert web.post(url_of(PARTIES[0], house), json={}).status_code == 401


def test_the_rest_is_reached_or_refused_as_the_cells_say(house: House, web: TestClient) -> None:
    """What is about no party's object: a role is refused with 403 where it has no cell, and never where it has one."""
    head = house.site.world.heads[-1].size
    walked = 0
    for operation in OPERATIONS:
        method, path = operation.split(" ", 1)
        known = operation in HOW or operation in BANKS or operation in CHANGES
        if known or method == "EVENT" or operation in SKIPPED:
            continue
        if not path.startswith("/v1/"):
            continue
        url = EVERYBODYS.get(operation, path).replace("{head}", str(head))
        url = re.sub("{(deal|quote|transaction)}", "0x" + "d3" * 32, url)
        url = re.sub("{.*?}", "1", url.replace("{project}", "lakeside-vending"))
        for role in Role:
            for one in (url, *([url + "/unsigned"] if twin(house, operation) else [])):
                headers = house.headers(role, "lakeside")
                answer = web.request(
                    method, one, headers=headers, json={} if method == "POST" else None
                )
                where = (operation, role, answer.status_code, answer.text)
                refused = whose(operation, role) is Whose.NONE
                assert (answer.status_code == 403) == refused, where
                assert answer.status_code != 401, where
        assert web.request(method, url, json={} if method == "POST" else None).status_code == 401
        walked += 1
    assert walked > 80


def twin(house: House, operation: str) -> bool:
    """Whether the operation is also offered as a transaction to sign."""
    return operation + "/unsigned" in set(routes(house.app)) - set(OPERATIONS)


def test_what_needs_no_token_shows_nothing_of_a_party(house: House, web: TestClient) -> None:
    theirs = PARTIES[1]
    marks = [*(party.account for party in PARTIES), theirs.project, theirs.device, theirs.label]
    for rule in RULES:
        for operation in rule.operations if rule.is_open else ():
            method, path = operation.split(" ", 1)
            url = path.replace("{code}", "x").replace("{language}", "en")
            answer = web.request(method, url.replace("/static", "/static/icon.svg"))
            assert answer.status_code in (200, 303, 307, 401, 403), operation
            assert not any(mark in answer.text for mark in marks), operation


def test_a_page_of_decisions_takes_them_from_whom_the_table_says(
    house: House, web: TestClient
) -> None:
    for role in Role:
        reach = whose("POST /exceptions/{number}", role)
        for asker in PARTIES:
            cookies = sessions(house, role, asker.name)
            cookie = cookies["Cookie"].partition("=")[2]
            found = auth.by_cookie(house.site.oracle, cookie)
            assert found is not None
            for owner in PARTIES:
                answer = web.post(
                    f"/exceptions/{house.exceptions[owner.name]}",
                    data={"csrf": found.csrf, "resolution": "accepted"},
                    headers=cookies,
                )
                reached = reach is Whose.ALL or (reach is Whose.OWN and asker is owner)
                assert answer.status_code == (303 if reached else 404), (role, asker, owner)


def test_transactions_are_the_senders(house: House, web: TestClient) -> None:
    client = house.chain.client
    admin, guardian = house.sent["admin"], house.sent["guardian"]
    newest = client.latest().number
    blocks = (client.rpc("eth_getBlockByNumber", hex(n), True) for n in range(newest + 1))
    sent = next(
        t for b in blocks for t in b["transactions"] if int(t["from"], 16) == int(admin, 16)
    )
    for role in Role:
        reach = whose("GET /v1/transactions/{transaction}", role)
        for party in (admin, guardian):
            url = f"/v1/transactions/{sent['hash']}"
            status = web.get(url, headers=house.headers(role, party)).status_code
            reached = reach is Whose.ALL or party == admin
            assert status == (200 if reached else 404), (role, party)


def test_results_and_salts_are_of_who_asked_whoever_sees_the_instruction(
    house: House, web: TestClient
) -> None:
    for role in Role:
        for asker in PARTIES:
            headers = house.headers(role, asker.name)
            listed = web.get("/v1/instructions?limit=500", headers=headers).text
            for owner in PARTIES:
                one = web.get(f"/v1/instructions/{owner.number}", headers=headers).text
                for text in (listed, one):
                    shown = owner.digest("signature") in text
                    assert shown == (asker is owner), (role, asker.name, owner.name)


def test_who_is_only_paid_by_a_project_sees_no_payments_reference(
    house: House, web: TestClient
) -> None:
    """An investor sees the project, and none of the records: so none of the exceptions that quote them either."""
    for role in OTHERS:
        headers = house.headers(role, "investor")
        assert "lakeside-vending" in web.get("/v1/projects", headers=headers).text
        assert web.get("/v1/exceptions", headers=headers).json()["items"] == []
        for number in house.exceptions.values():
            assert web.get(f"/v1/exceptions/{number}", headers=headers).status_code == 404
        page = web.get("/exceptions", headers=sessions(house, role, "investor")).text
        assert "pay-0-0" not in page


def events(house: House, role: Role, party: str) -> dict[str, int]:
    """What a stream of this token would know now."""
    return _newest(house.app.state.parts, Principal("t", role, party, party))


def test_events_tell_of_what_their_cells_reach(house: House) -> None:
    planted = [name.removeprefix("EVENT ") for name in OPERATIONS if name.startswith("EVENT ")]
    assert sorted(planted) == sorted(events(house, Role.AUDITOR, "lakeside"))
    mine = PARTIES[1]
    with Session(house.site.oracle) as session:
        project = session.get_one(MatchException, house.exceptions[mine.name]).project
        hashes = {p.project: p.project_hash for p in house.app.state.parts.directory.projects()}
    rows: dict[str, Any] = {
        "exception": MatchException(
            project=project, business_date=DAY, amount_minor=1, code="x", detail="x"
        ),
        "withdrawal": Payout(
            id=8_000_001,
            holder=ACCOUNTS[mine.name],
            amount_minor=1,
            payout_account="0x00",
            block_number=1,
        ),
        "instruction": Instruction(
            idempotency_key="api:harbour:e", party="harbour", kind="x", payload={}, created_ms=1
        ),
        "distribution": Credit(
            batch="0xevents",
            project_hash=hashes[mine.project],
            account=ACCOUNTS[mine.name],
            tier=6,
            amount_minor=1,
        ),
    }
    askers = [(role, party.name) for role in Role for party in PARTIES]
    for name, row in rows.items():
        before = {asker: events(house, *asker) for asker in askers}
        with Session(house.site.oracle) as session:
            session.add(row)
            session.commit()
        for role, party in askers:
            told = events(house, role, party)[name] != before[role, party][name]
            reach = whose(f"EVENT {name}", role)
            assert told == (reach is Whose.ALL or party == mine.name), (name, role, party)
    newest = {
        party.name: max(
            n for n, r in enumerate(house.site.world.records) if r.record.device in _of(party)
        )
        for party in PARTIES
    }
    for role, party in askers:
        every = whose("EVENT record", role) is Whose.ALL
        wanted = max(newest.values()) if every else newest[party]
        assert events(house, role, party)["record"] == wanted, (role, party)


def _of(party: Party) -> list[str]:
    from support_world import DEVICES

    return list(DEVICES[:4] if party.name == "lakeside" else DEVICES[4:])
