"""The page *Proof*: on a real chain it says what ``audit verify`` says of its file, and whose word that is."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest
from fastapi.testclient import TestClient
from support_api import build, export_certificates
from support_chain import deployed_world
from support_oracle import OracleHouse
from support_world import DAY_MS, DEVICES, FIRST_MS, World
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role
from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.pages import proof
from counterfoil.api.run import create_app
from counterfoil.api.settings import ApiSettings
from counterfoil.gateway.record.bodies import Status

pytestmark = pytest.mark.integration
DAYS = {"first": "2022-08-30", "last": "2022-08-31"}


@dataclass
class House:
    """An installation on a chain, and a reader of its pages who may see everything."""

    folder: Path
    rpc_url: str
    settings: ApiSettings
    token: str

    def reader(self) -> TestClient:
        return signed_in(TestClient(create_app(self.settings)), self.token)


def signed_in(browser: TestClient, token: str) -> TestClient:
    assert browser.post("/login", data={"secret": token}).status_code == 200
    return browser


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Three days sold, anchored and shared out on a chain, and two records of the fourth."""
    folder = tmp_path_factory.mktemp("proof")
    world = World(devices=DEVICES[:2], certified_ms=time.time_ns() // 1_000_000 - 60_000)
    with deployed_world("anvil", folder) as chain:
        oracle = OracleHouse(chain, folder, world=world)
        parts = oracle.parts()
        for _ in range(3):
            oracle.sell_a_day()
        oracle.run_until_quiet(
            parts
        )  # all in one go, so that one block holds distributions of several days
        for number in range(2):
            for device in world.devices:
                world.add(device, Status("idle"), FIRST_MS + 3 * DAY_MS + number)
        oracle.keep()
        oracle.run_until_quiet(parts)
        settings = ApiSettings(
            gateway_url=f"sqlite:///{folder}/gateway.db",
            oracle_url=f"sqlite:///{folder}/oracle.db",
            tiles=folder / "tiles",
            deployment=folder / "deployment.json",
            rpc_urls=[chain.node.rpc_url],
            certificates=export_certificates(world, folder / "certificates"),
        )
        app = create_app(settings)
        _, token = auth.create_token(
            engine=app.state.parts.oracle, role=Role.AUDITOR, party="", name="Auditor", days=1
        )
        yield House(folder, chain.node.rpc_url, settings, token)


def said_by(house: House, data: bytes, name: str, *options: str) -> dict[str, object]:
    """What ``audit verify`` says of the file."""
    app = Typer()
    audit_commands.register(app)
    path = house.folder / name
    path.write_bytes(data)
    root = house.folder / "certificates" / "root.pem"
    asked = ["audit", "verify", str(path), "--root-ca", str(root), "--json", *options]
    result = CliRunner().invoke(app, asked)
    found: dict[str, object] = json.loads(result.stdout)
    return found


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page)))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_says_what_the_command_says_of_the_file_that_it_hands_over(
    house: House, language: str
) -> None:
    browser = house.reader()
    browser.cookies["counterfoil_language"] = language
    shown = browser.get("/proof", params={"device": DEVICES[0], **DAYS})
    assert shown.status_code == 200
    file = re.search(r'href="(/v1/devices/[^"]*)" download', shown.text)
    assert file is not None
    handed = browser.get(html.unescape(file[1]))
    name = handed.headers["content-disposition"].split('"')[1]
    own = ("--deployment", str(house.folder / "deployment.json"), "--rpc", house.rpc_url)
    asked = ("--device", DEVICES[0], "--from", DAYS["first"], "--to", DAYS["last"])
    said = said_by(house, handed.content, name, *own, *asked, "--language", language)
    assert said["verdict"] == "valid"
    text = text_of(shown.text)
    for step in said["steps"]:  # type: ignore[attr-defined]
        checked = re.sub(r"\s+", " ", step["checked"])
        if step["number"] == 14:  # the chain has grown meanwhile
            assert re.sub("[0-9]+", "#", checked) in re.sub("[0-9]+", "#", text)
        else:
            assert checked in text
    for row, value in said["figures_text"].items():  # type: ignore[attr-defined]
        assert f"{row} {value}" in text
    for line in said["not_looked_at"]:  # type: ignore[attr-defined]
        assert line in text
    assert f"counterfoil audit verify {name} \\ --root-ca" in text


def test_it_calls_its_root_deployment_and_node_its_own_and_is_not_green(house: House) -> None:
    shown = house.reader().get("/proof", params={"device": DEVICES[0], **DAYS}).text
    text = text_of(shown)
    assert "What you read below is the platform's own word." in text
    assert "valid by the platform's own root, deployment and node" in text
    assert "whether root, deployment and node are the true ones: they are the platform's" in text
    for thing in ("root", "deployment", "node"):
        assert f"{thing} (the platform's own)" in text
    assert "own node asked" not in text
    assert 'class="conclusion alone"' in shown
    assert 'class="conclusion valid"' not in shown


def test_a_chain_that_does_not_answer_is_said(house: House) -> None:
    settings = house.settings.model_copy(update={"rpc_urls": ["http://127.0.0.1:9"]})
    browser = signed_in(TestClient(create_app(settings)), house.token)
    shown = browser.get("/proof", params={"device": DEVICES[0], **DAYS})
    assert (shown.status_code, "The chain's node doesn't answer" in text_of(shown.text)) == (
        503,
        True,
    )


def test_one_at_a_time_and_who_waits_too_long_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "_TURN_S", 0.1)
    browser, answers = house.reader(), list[int]()

    def ask() -> None:
        answers.append(browser.get("/proof", params={"device": DEVICES[0], **DAYS}).status_code)

    with proof._TURN:
        asking = Thread(target=ask)
        asking.start()
        asking.join()
    ask()
    assert answers == [503, 200]


def test_only_ones_own_machines_and_a_month_at_most(tmp_path: Path) -> None:
    site = build(tmp_path, days=3)
    browser = signed_in(TestClient(site.app), site.tokens["lakeside"])
    form = browser.get("/proof")
    offered = re.findall(r'<option value="([^"]*)"', form.text)
    assert sorted(offered) == sorted(DEVICES[:4])
    assert browser.get("/proof", params={"device": DEVICES[4]}).status_code == 404
    assert browser.get("/proof", params={"device": "urn:dev:os:32473-none"}).status_code == 404
    for first, last, said in (
        ("2022-08-02", "2022-08-01", "must not be after the last"),
        ("2022-08-01", "2022-09-01", "takes 31 days at most"),
        ("2022-08-01", "2022-08-31", "made without a node"),
    ):
        asked = {"device": DEVICES[0], "first": first, "last": last}
        shown = browser.get("/proof", params=asked)
        assert (shown.status_code, said in shown.text) == (200, True), said
    bare = site.settings.model_copy(update={"certificates": None})
    browser = signed_in(TestClient(create_app(bare)), site.tokens["lakeside"])
    assert "no root to verify by" in browser.get("/proof", params={"device": DEVICES[0]}).text
