"""Chromium for tests: pages that report what went wrong in them, and what is asked of every page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; the test is skipped where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is missing; to mend it: scripts/system-packages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """A page of its own context, and what its console said that is no message for users."""

    page: Page
    said: list[str] = field(default_factory=list)


@contextmanager
def tab(
    browser: Browser,
    width: int = 1440,
    language: str = "en",
    scheme: str = "light",
    script: bool = True,
) -> Iterator[Tab]:
    """A new tab with nobody signed in."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 900 if width > 500 else 844},
        locale="zh-CN" if language == "zh" else "en-GB",
        color_scheme=scheme,  # type: ignore[arg-type]
        java_script_enabled=script,
        reduced_motion="reduce",
    )
    opened = Tab(context.new_page())
    opened.page.on(
        "console",
        lambda message: opened.said.append(f"{message.type}: {message.text}"),
    )
    opened.page.on("pageerror", lambda error: opened.said.append(f"error: {error}"))
    try:
        yield opened
    finally:
        context.close()


def sign_in(page: Page, base: str, token: str) -> None:
    """Sign in with *token*; the page Today is shown then."""
    page.goto(f"{base}/login")
    page.fill("#secret", token)
    page.click("main button")
    page.wait_for_selector(".ticket")


def scrolls_sideways(page: Page) -> bool:
    """Whether the page as a whole is wider than its window."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def low_contrasts(page: Page) -> list[str]:
    """The visible texts below WCAG's 4.5 : 1 (3 : 1 when large), with their ratios."""
    found: list[str] = page.evaluate(_CONTRAST)
    return found


def keyboard_misses(page: Page) -> tuple[list[str], list[str]]:
    """Go through the page with Tab: what is never reached, and what shows no focus when it is."""
    expected = page.evaluate(_MARK)
    reached: set[int] = set()
    unseen: list[str] = []
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    # A date has a stop for its day, month, year and calendar.
    dates = page.locator("input[type=date]").count()
    for _ in range(expected + 3 * dates + 5):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUSED)
        if at is None:
            continue
        reached.add(at["number"])
        if not at["seen"]:
            unseen.append(at["name"])
    missed = page.evaluate(
        "reached => [...document.querySelectorAll('[data-t]')]"
        ".filter(e => !reached.includes(Number(e.dataset.t))).map(e => e.outerHTML.slice(0, 90))",
        sorted(reached),
    )
    return missed, unseen


_CONTRAST = """() => {
  const parse = (text) => {
    const canvas = document.createElement('canvas'); canvas.width = canvas.height = 1;
    const c = canvas.getContext('2d'); c.fillStyle = text; c.fillRect(0, 0, 1, 1);
    return [...c.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) return c;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest('.hidden-visually, script, noscript, .skip')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
  }
  return found;
}"""

_MARK = """() => {
  const all = [...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, [tabindex="0"]'
  )]
    .filter((e) => e.checkVisibility() && !e.disabled);
  all.forEach((e, number) => { e.dataset.t = number; });
  return all.length;
}"""

_FOCUSED = """() => {
  const e = document.activeElement;
  if (!e || e.dataset.t === undefined) return null;
  const style = getComputedStyle(e);
  const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
  return { number: Number(e.dataset.t), seen, name: e.outerHTML.slice(0, 90) };
}"""
