"""The page Today in real Chromium: both languages, both schemes, wide and narrow, by keyboard and without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect
from support_api import Site, build, served
from support_browser import (
    chromium,
    keyboard_misses,
    low_contrasts,
    scrolls_sideways,
    sign_in,
    tab,
)
from support_world import DEVICES

from counterfoil.api.access import auth
from counterfoil.api.access.auth import Role

pytestmark = pytest.mark.integration


@dataclass
class Stage:
    """A served installation and a browser."""

    site: Site
    base: str
    browser: Browser


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with chromium() as browser:
        site = build(tmp_path_factory.mktemp("today"), days=44, stored_tail=2)
        _, site.tokens["newcomer"] = auth.create_token(
            engine=site.oracle, role=Role.OPERATOR, party="newcomer", name="New Vending", days=1
        )
        with served(site.app) as base:
            yield Stage(site, base, browser)


LOOKS = [
    (width, language, scheme)
    for width in (1440, 390)
    for language in ("en", "zh")
    for scheme in ("light", "dark")
]


@pytest.mark.parametrize(("width", "language", "scheme"), LOOKS)
def test_page_is_whole_legible_and_silent(
    stage: Stage, width: int, language: str, scheme: str, tmp_path: Path
) -> None:
    with tab(stage.browser, width, language, scheme) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        words = "How each dollar was split" if language == "en" else "每一美元如何分配"
        expect(page.get_by_role("heading", name=words)).to_be_visible()
        assert page.evaluate("document.documentElement.lang")[:2] == language
        expect(page.locator("[data-plot] canvas")).to_be_visible()
        page.locator(".sales a.row").nth(4).click()
        page.wait_for_selector(".foil")
        page.screenshot(path=tmp_path / "today.png", full_page=True)
        assert not scrolls_sideways(page)
        assert low_contrasts(page) == []
        assert opened.said == []


@pytest.mark.parametrize("width", [1440, 390])
def test_other_pages_keep_the_frame(stage: Stage, width: int) -> None:
    with tab(stage.browser, width, language="zh", scheme="dark") as opened:
        page = opened.page
        page.goto(f"{stage.base}/login")
        assert (scrolls_sideways(page), low_contrasts(page)) == (False, [])
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        for path in (
            "/sales",
            "/exceptions",
            "/proof",
            f"/proof?device={DEVICES[0]}",
            "/?span=month",
        ):
            page.goto(stage.base + path)
            assert (scrolls_sideways(page), low_contrasts(page)) == (False, []), path
        assert opened.said == []
        for path in ("/nowhere", "/?span=century", "/sales/x"):
            page.goto(stage.base + path)
            expect(page.get_by_role("heading", level=1)).to_have_text("未找到")
            assert (scrolls_sideways(page), low_contrasts(page)) == (False, []), path


@pytest.mark.parametrize("width", [1440, 390])
def test_everything_is_reached_with_the_keyboard_and_shows_its_focus(
    stage: Stage, width: int
) -> None:
    with tab(stage.browser, width) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        page.locator(".sales a.row").first.click()
        page.wait_for_selector(".foil")
        assert keyboard_misses(page) == ([], [])
        page.goto(f"{stage.base}/proof?device={DEVICES[0]}")
        assert keyboard_misses(page) == ([], [])


def test_counterfoil_opens_checks_and_closes_by_keyboard(stage: Stage) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        row = page.locator(".sales tbody").nth(5).locator("a.row")
        row.focus()
        page.keyboard.press("Enter")
        foil = page.locator(".foil")
        expect(foil).to_contain_text("What the machine signed")
        expect(page.locator("a.row[aria-expanded=true]")).to_have_count(1)
        expect(page.locator(".check")).to_be_hidden()
        page.locator("button[data-check]").focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-verdict]")).to_have_class(re.compile("stated"))
        expect(page.locator(".check li.passed")).to_have_count(6)
        page.locator("a.row[aria-expanded=true]").focus()
        page.keyboard.press("Enter")
        expect(foil).to_have_count(0)
        assert opened.said == []


@pytest.mark.parametrize(("place", "step"), [(-20, "signature"), (40, None)])
def test_altered_record_is_named_by_the_browser_itself(
    stage: Stage, place: int, step: str | None
) -> None:
    """One bit of the signed bytes changed on the way: in the signature, and in what is signed."""

    def alter(route: Route) -> None:
        answer = route.fetch()
        body = bytearray(answer.body())
        length = len(stage.site.world.records[index].raw)
        start = body.index(stage.site.world.records[index].raw)
        body[start + (place if place >= 0 else length + place)] ^= 1
        route.fulfill(response=answer, body=bytes(body))

    with tab(stage.browser) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        page.locator(".sales a.row").nth(4).click()
        button = page.locator("button[data-check]")
        index = int(button.get_attribute("data-index") or "")
        page.route("**/v1/records/*/evidence", alter)
        button.click()
        verdict = page.locator("[data-verdict]")
        expect(verdict).to_have_class(re.compile("false|unreadable"))
        if step is not None:
            expect(page.locator(f".check li[data-step={step}]")).to_have_class(re.compile("failed"))


def test_stored_sale_says_that_it_waits_for_its_anchor(stage: Stage) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        newest = page.locator(".sales tbody").first
        expect(newest).to_contain_text("stored")
        newest.locator("a.row").click()
        page.locator("button[data-check]").click()
        expect(page.locator("[data-verdict]")).to_have_class(re.compile("waiting"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [1440, 390])
def test_operator_without_machines_is_told_what_to_do(
    stage: Stage, width: int, language: str
) -> None:
    with tab(stage.browser, width, language) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["newcomer"])
        assert "counterfoil device" in page.inner_text("section[aria-labelledby=machines]")
        for card in page.locator("main section.card").all():
            assert len(card.inner_text().split("\n", 1)[-1].strip()) > 20
        assert not scrolls_sideways(page)
        assert low_contrasts(page) == []
        assert opened.said == []


def test_page_works_without_script(stage: Stage) -> None:
    with tab(stage.browser, script=False) as opened:
        page = opened.page
        sign_in(page, stage.base, stage.site.tokens["lakeside"])
        assert page.locator("figure .behind td").first.is_visible()
        page.locator(".sales a.row").first.click()
        expect(page.locator(".foil")).to_be_visible()


def test_language_is_kept_where_the_reader_was(stage: Stage) -> None:
    with tab(stage.browser) as opened:
        page = opened.page
        page.goto(f"{stage.base}/?span=month&date=2022-09-10")
        page.fill("#secret", stage.site.tokens["lakeside"])
        page.click("main button")
        expect(page.get_by_role("heading", level=1)).to_contain_text("September 2022")
        page.get_by_role("link", name="中文").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("2022年9月")
