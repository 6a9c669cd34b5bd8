"""Both languages say everything, and no text stands in a template outside the catalogue."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from counterfoil.api import pages
from counterfoil.api.pages.language import LANGUAGES, Speech, catalogue, choose

TEMPLATES = Path(pages.__file__).parent / "templates"
_JINJA = re.compile(r"\{[%#].*?[%#]\}|\{\{.*?\}\}", re.DOTALL)
_SILENT = re.compile(
    r"<(script|style|svg)\b.*?</\1>|<[^>]*>|<!doctype html>", re.DOTALL | re.IGNORECASE
)
_SPOKEN = re.compile(r'\b(?:aria-label|title|alt|placeholder)="([^"]*)"')


def test_both_catalogues_have_the_same_keys_and_values_to_fill_in() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        others = {name for _, name, _, _ in Formatter().parse(chinese[key]) if name}
        assert names == others, key
        assert text.strip(), key
        assert chinese[key].strip(), key


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_no_text_stands_in_a_template(path: Path) -> None:
    source = _JINJA.sub(" ", path.read_text())
    spoken = " ".join(_SPOKEN.findall(source))
    text = _SILENT.sub(" ", re.sub(r" data-[a-z]+", "", source))
    assert re.findall(r"[A-Za-z\u4e00-\u9fff]{2,}", text.replace("sha256", "") + spoken) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_every_key_that_a_template_names_is_in_the_catalogue(path: Path) -> None:
    known = catalogue("en")
    for key in re.findall(r"s\.t\('([a-z_.]+)'[,)]", path.read_text()):
        assert key in known, key
    for prefix in re.findall(r"s\.t\('([a-z_.]+\.)' ~", path.read_text()):
        assert any(key.startswith(prefix) for key in known), prefix


def test_nothing_loads_from_elsewhere() -> None:
    for path in (TEMPLATES, TEMPLATES.parent / "static"):
        for file in path.rglob("*"):
            if file.suffix in (".html", ".css", ".js") and "vendor" not in file.parts:
                found = re.findall(r"(?:src|href|url)\(?=?[\"']?(?:https?:)?//", file.read_text())
                assert found == [], file
                assert ' style="' not in file.read_text(), file


def test_amounts_and_dates_follow_the_language() -> None:
    english, chinese = (Speech(language, ZoneInfo("UTC")) for language in LANGUAGES)
    assert english.money(123456, "USD") == "1,234.56"
    assert english.money(-5, "USD") == "-0.05"
    assert english.money(1234, "JPY") == "1,234"
    assert english.part(430, 1000) == "0.430"
    assert english.part(1, 0) == "–"
    assert english.day(date(2022, 8, 31)) == "Wed 31 August 2022"
    assert chinese.day(date(2022, 8, 31)) == "2022年8月31日 周三"
    assert english.word("method", "smoke-signal") == "smoke-signal"


@pytest.mark.parametrize(
    ("cookie", "accepts", "language"),
    [
        ("zh", "en", "zh"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "fr, en;q=0.5", "en"),
        ("xx", "", "en"),
    ],
)
def test_language_is_the_chosen_one_or_the_browsers(
    cookie: str | None, accepts: str, language: str
) -> None:
    assert choose(cookie, accepts) == language
