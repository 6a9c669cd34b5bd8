"""A sweep's report says all of its frame in English and Chinese, and every key of it is used."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from support_language import has_english, texts

from counterfoil.api.audit.sweep import sweep_report
from counterfoil.api.audit.sweep.facts_check import NotSharedOut
from counterfoil.api.audit.sweep.ledger_view import SigningQuorum
from counterfoil.api.audit.sweep.run import Swept
from counterfoil.api.audit.sweep.sweep_finding import Finding
from counterfoil.api.audit.sweep.sweep_part import PART_OF
from counterfoil.api.audit.sweep.sweep_report import Asked, AskedFolder, report_of
from counterfoil.api.audit.sweep.sweep_words import keys, word
from counterfoil.api.audit.verification.report_words import LANGUAGES
from counterfoil.api.audit.verification.said import Said

SWEEP = Path(__file__).resolve().parents[5] / "api/audit/sweep"


def test_every_sentence_stands_in_both_languages_with_the_same_names() -> None:
    for key in keys():
        english, chinese = (word(language, key) for language in LANGUAGES)
        names = [Counter(re.findall(r"\{(\w+)[:,]*\}", text)) for text in (english, chinese)]
        if key != "last":  # in Chinese the verdict's code stands behind its name
            assert names[0] == names[1], key
        words = re.sub(r"\{[^}]*\}", "", chinese)
        assert re.search("[一-鿿]", words) or not re.search("[A-Za-z]", words), key
        assert not has_english(chinese), key


def test_what_a_sweep_finds_is_said_and_never_a_bare_text() -> None:
    """A text would be said in English alone: of all that is made in the sweep's modules, none is."""
    for path in sorted(SWEEP.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                said = [
                    *node.args[1:3],
                    *(k.value for k in node.keywords if k.arg != "unverifiable"),
                ]
                assert not [one for one in said if isinstance(one, ast.Constant | ast.JoinedStr)], (
                    f"{path.name}:{node.lineno}"
                )


ASKED = Asked(
    deployment="ab" * 32,
    deployment_file="deployment.json",
    node="http://127.0.0.1:8545",
    log="tiles\x1b[2J",
    date_s=1_700_000_000,
    program="counterfoil 0",
    depth=3,
    state="sweep.db",
    projects=["lakeside", "harbour"],
    facts=AskedFolder("facts", 1, ["notes.txt"]),
    bundles=[AskedFolder("one.bundle", 2)],
    statements=AskedFolder("bank", 1, ["a.pdf", "b.pdf"]),
)
ROW = NotSharedOut("", 20220829, sales=1, refunds=2, amount_minor=-150, repudiated=1, currency="")


def outcomes() -> Iterator[Swept]:
    """Outcomes of every kind, one finding of each code where there are any."""
    every = [
        Finding(code, Said("heads"), Said("it ends there"), flag)
        for flag in (True, False)
        for code in PART_OF
    ]
    for found, short, missing, rows, mints in product(
        ([], every[: len(PART_OF)], every), (0, 1), (0, 1), ([], [ROW]), (0, 2)
    ):
        yield Swept(
            records=10_000 - short,
            records_before=4_096,
            records_anchored=10_000,
            heads=3,
            heads_verified=3 - short,
            quorums=[SigningQuorum(7, 2, ["0x" + "11" * 20, "0x" + "22" * 20], heads=3)],
            machines=2,
            gossiped_heads=1,
            distributions=2,
            distributions_known=2 - missing,
            in_no_known_distribution=rows,
            deposits=mints,
            deposits_minor=12_345,
            deposits_compared=mints == 2 and not short,
            findings=list(found),
        )


def test_no_outcome_leaves_english_in_the_chinese_report() -> None:
    """And both reports are of the same shape."""
    for done in outcomes():
        english, chinese = (report_of(done, ASKED, language) for language in LANGUAGES)
        assert [text for text in texts(chinese) if has_english(text)] == []
        assert len(list(texts(english))) == len(list(texts(chinese)))
        assert [row.key for row in english.asked] == [row.key for row in chinese.asked]
        assert [(one.part, one.state) for one in english.lines] == [
            (one.part, one.state) for one in chinese.lines
        ]
        assert not any("\x1b" in text for text in (*texts(english), *texts(chinese)))


def test_every_sentence_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the reports of all outcomes, or by the command that prints them."""
    said: set[str] = set()

    def noted(language: str, key: str, **values: object) -> str:
        said.add(key)
        return word(language, key, **values)

    monkeypatch.setattr(sweep_report, "word", noted)
    for done in outcomes():
        report_of(done, ASKED, "zh")
    report_of(Swept(), replace(ASKED, facts=None, bundles=[]), "zh")
    command = SWEEP.parent / "commands" / "sweep.py"
    for node in ast.walk(ast.parse(command.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "word":
            said.add(ast.literal_eval(node.args[1]))
    assert set(keys()) == said
