"""A record checked in real Chromium, with and without the reader's own node, on a platform that may lie."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cbor2
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Route as Asked
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support_api import export_certificates, served
from support_browser import chromium, low_contrasts, scrolls_sideways, sign_in, tab
from support_chain import deployed_world
from support_oracle import OracleHouse
from support_world import private_key

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings
from counterfoil.chain.abi.artifacts import selector_of
from counterfoil.gateway.record.identity import PublicKey
from counterfoil.gateway.record.signed_record import sign_record

pytestmark = pytest.mark.integration


@dataclass
class Stage:
    """A house whose machines are registered and whose head is anchored, served, and a browser."""

    base: str
    token: str
    rpc_url: str
    deployment: Path
    house: OracleHouse
    browser: Browser


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("own-node")
    with chromium() as browser, deployed_world("anvil", folder) as chain:
        house = OracleHouse(chain, folder)
        house.sell_a_day()
        house.run_until_quiet(house.parts())
        app = create_app(
            ApiSettings(
                gateway_url=f"sqlite:///{folder}/gateway.db",
                oracle_url=f"sqlite:///{folder}/oracle.db",
                certificates=export_certificates(house.world, folder / "certificates"),
            )
        )
        _, token = auth.create_token(
            engine=app.state.parts.oracle, role=Role.AUDITOR, party="eyes", name="Eyes", days=1
        )
        with served(app) as base, served(own_node(chain.node.rpc_url, base)) as rpc_url:
            yield Stage(base, token, rpc_url, folder / "deployment.json", house, browser)


def own_node(rpc_url: str, origin: str) -> Starlette:
    """A reader's own node: the chain's, which he lets pages of *origin* ask."""

    async def ask(request: Request) -> Response:
        async with httpx.AsyncClient() as client:
            told = await client.post(
                rpc_url,
                content=await request.body(),
                headers={"content-type": "application/json"},
            )
        return Response(told.content, told.status_code, media_type="application/json")

    pages = Middleware(
        CORSMiddleware, allow_origins=[origin], allow_methods=["POST"], allow_headers=["*"]
    )
    return Starlette(routes=[Route("/", ask, methods=["POST"])], middleware=[pages])


def _open(page: Page, stage: Stage) -> None:
    sign_in(page, stage.base, stage.token)
    page.goto(f"{stage.base}/sales/0#sale-0")


def _name_node(page: Page, url: str, deployment: Path) -> None:
    page.locator(".own summary").click()
    page.fill(".own input[name=url]", url)
    page.set_input_files(".own input[name=deployment]", deployment)
    with page.expect_navigation():
        page.click(".own button[type=submit]")


def _verdict(page: Page, is_: str) -> None:
    page.locator("button[data-check]").click()
    expect(page.locator("[data-verdict]")).to_have_class(re.compile(rf"\b{is_}\b"))


def _forged(stage: Stage, route: Asked) -> None:
    """The platform's own key and root: everything fits together, and nothing of it is true."""
    if route.request.url.endswith("/raw"):
        route.fulfill(status=200, body=cbor2.dumps([1, _root(stage)]))
        return
    answer = route.fetch()
    evidence = cbor2.loads(answer.body())
    forger = PublicKey.of(_FORGER)
    evidence[0], evidence[2], evidence[3] = _record(stage), forger.x, forger.y
    evidence[6], evidence[7] = [], _root(stage)
    evidence[5] = 1
    route.fulfill(response=answer, body=cbor2.dumps(evidence))


_FORGER: ec.EllipticCurvePrivateKey = private_key(66)


def _record(stage: Stage) -> bytes:
    return sign_record(stage.house.world.records[0].record, _FORGER)


def _root(stage: Stage) -> bytes:
    return sha256(b"\0" + _record(stage)).digest()


def test_without_a_node_of_ones_own_it_is_the_platforms_word(stage: Stage, tmp_path: Path) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        _open(page, stage)
        _verdict(page, "stated")
        expect(page.locator(".check li.passed")).to_have_count(6)
        expect(page.locator("[data-verdict]")).to_contain_text("only the platform says")
        page.locator(".own summary").click()
        page.screenshot(path=tmp_path / "stated.png", full_page=True)
        assert (scrolls_sideways(page), low_contrasts(page), opened.said) == (False, [], [])


@pytest.mark.parametrize("width", [1440, 390])
def test_the_readers_own_node_is_asked(stage: Stage, width: int, tmp_path: Path) -> None:
    with tab(stage.browser, width) as opened:
        page = opened.page
        _open(page, stage)
        _name_node(page, stage.rpc_url, stage.deployment)
        _verdict(page, "true")
        expect(page.locator(".check li.passed")).to_have_count(7)
        page.screenshot(path=tmp_path / "own.png", full_page=True)
        assert (scrolls_sideways(page), low_contrasts(page), opened.said) == (False, [], [])
        # It is kept for the next record, and forgotten when asked to.
        page.goto(f"{stage.base}/sales/1#sale-1")
        _verdict(page, "true")
        page.locator(".own summary").click()
        with page.expect_navigation():
            page.click("[data-forget]")
        _verdict(page, "stated")


def test_a_forgers_key_and_root_are_found_by_ones_own_node(stage: Stage) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        _open(page, stage)
        page.route("**/evidence", lambda route: _forged(stage, route))
        page.route("**/v1/heads/*/raw", lambda route: _forged(stage, route))
        _verdict(page, "stated")
        _name_node(page, stage.rpc_url, stage.deployment)
        _verdict(page, "false")
        expect(page.locator(".check li.failed")).to_have_attribute("data-step", "own")


def test_a_forgers_head_with_the_machines_own_record_is_found(stage: Stage) -> None:
    """The machine's true record under a root of the platform's making."""

    def lie(route: Asked) -> None:
        answer = route.fetch()
        raw = stage.house.world.records[0].raw
        root = sha256(b"\0" + raw).digest()
        if route.request.url.endswith("/raw"):
            route.fulfill(status=200, body=cbor2.dumps([1, root]))
        elif route.request.url.endswith("/evidence"):
            evidence = cbor2.loads(answer.body())
            evidence[5], evidence[6], evidence[7] = 1, [], root
            route.fulfill(response=answer, body=cbor2.dumps(evidence))
        else:
            head = answer.json() if answer.ok else {}
            zero = "00" * 32
            made = {"size": 1, "previous_size": 0, "root": root.hex()}
            filled = dict.fromkeys(("state", "figures", "annex"), zero) | head | made
            route.fulfill(status=200, json=filled)

    with tab(stage.browser) as opened:
        page = opened.page
        _open(page, stage)
        _name_node(page, stage.rpc_url, stage.deployment)
        page.route("**/evidence", lie)
        page.route("**/v1/heads/**", lie)
        _verdict(page, "false")
        expect(page.locator(".check li.failed")).to_have_attribute("data-step", "own")


def test_a_node_that_does_not_answer_and_one_of_another_chain_settle_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        _open(page, stage)
        _name_node(page, "http://127.0.0.1:1", stage.deployment)
        _verdict(page, "unanswered")
        other = tmp_path / "other.json"
        found = re.sub(r'"chain_id": \d+', '"chain_id": 77', stage.deployment.read_text())
        other.write_text(found)
        _name_node(page, stage.rpc_url, other)
        _verdict(page, "false")
        (tmp_path / "none.json").write_text("[]")
        page.locator(".own summary").click()
        page.fill(".own input[name=url]", stage.rpc_url)
        page.set_input_files(".own input[name=deployment]", tmp_path / "none.json")
        page.click(".own button[type=submit]")
        expect(page.locator(".own [role=status]")).to_contain_text("no deployment file")


@pytest.mark.parametrize(("name", "value"), [("data-kind", "7"), ("data-time", "1")])
def test_kind_and_time_on_the_page_are_the_signed_ones(stage: Stage, name: str, value: str) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        _open(page, stage)
        button = page.locator("button[data-check]")
        button.evaluate("(b, [n, v]) => b.setAttribute(n, v)", [name, value])
        _verdict(page, "false")
        expect(page.locator(".check li.failed")).to_have_attribute("data-step", "page")


def test_the_page_asks_by_the_contracts_own_selectors() -> None:
    script = (Path(__file__).parents[2] / "api/pages/static/check/node.js").read_text()
    for contract, function in (("DeviceRegistry", "signingKey"), ("RecordAnchor", "requireHead")):
        assert f'{function}: "{selector_of(contract, function).hex()}"' in script
