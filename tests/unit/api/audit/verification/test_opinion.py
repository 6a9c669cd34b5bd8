"""A report says what was asked, the verdict, how sure, each figure with its unit, and what was not looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from support_blocks import ADDRESSES
from support_world import DAY_MS, DEVICES, FIRST_MS, World

from counterfoil.api.audit.html_report import html_report
from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.opinion import Asked, Opinion, opinion_of
from counterfoil.api.audit.verification.report import Report
from counterfoil.api.audit.verification.report_words import LANGUAGES, keys, word
from counterfoil.api.audit.verification.said import Said
from counterfoil.api.audit.verification.steps import verify
from counterfoil.api.audit.verification.subject import Subject, check_subject
from counterfoil.gateway.record.proof_class import ProofClass

ASKED = Asked("machine.bundle", 1_234, "ab" * 32, "CN=Root", "cd" * 32, "counterfoil 0")
DEVICE = DEVICES[0]


@pytest.fixture(scope="module")
def world() -> World:
    world = World()
    world.sell(days=4)
    return world


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    """The first two days; the second one's distribution is not in it."""
    made = collect(world.store().engine, None, world.facts(DEVICE, FIRST_MS, FIRST_MS + 2 * DAY_MS))
    fewer = replace(made, distributions=made.distributions[:1], takes=(), terms=made.terms[:1])
    return replace(fewer, blocks=tuple(world.chain.prove(fewer.on_chain())))


def reported(bundle: Bundle, world: World, language: str = "en") -> tuple[Report, Opinion]:
    report = verify(encode(bundle), world.root, addresses=ADDRESSES)
    return report, opinion_of(report, ASKED, language)


def test_every_text_stands_in_both_languages_with_the_same_names() -> None:
    for key in keys():
        english, chinese = (word(language, key) for language in LANGUAGES)
        assert english, key
        assert chinese, key
        names = [set(re.findall(r"\{(\w+)\}", text)) for text in (english, chinese)]
        assert names[0] == names[1], key
        assert "{" in english or key == "sha256" or english != chinese, key
    assert {f"class.{one}" for one in ProofClass} <= set(keys())


def test_the_period_the_project_and_the_figures_are_said(world: World, bundle: Bundle) -> None:
    _, opinion = reported(bundle, world)
    asked = dict(opinion.asked)
    assert asked["period"] == (
        "2022-08-29 00:00:00Z to 2022-08-31 00:00:00Z, by the device's own clock"
    )
    assert (asked["device"], asked["project"]) == (DEVICE, "lakeside")
    assert asked["file"] == "machine.bundle, 1,234 bytes"
    assert asked["root believed"] == f"CN=Root, SHA-256 {'cd' * 32}"
    sure = dict(opinion.sure)
    assert sure["class of proof"].startswith("machine: signed inside it.")
    assert sure["log as of"] == "the head of 30 records, block 1003 of 2022-09-02 00:00:00Z"
    assert sure["chain as of"].startswith("block 2000 of 2025-")
    assert sure["own node"] == "not asked"
    assert dict(opinion.figures) == {
        "records of the period": "8",
        "sales": "8, 21.00 USD in all",
        "refunds": "0",
        "other records": "0",
        "sales that a distribution here shared out": "4, 12.00 USD in all",
        "refunds that a distribution here counts": "0",
        "sales of the period in no distribution here": "4, 9.00 USD in all",
        "refunds of the period in no distribution here": "0",
        "distributions of the period, all machines": "1",
    }


def test_the_verdict_is_said_in_words(world: World, bundle: Bundle) -> None:
    report, opinion = reported(bundle, world)
    assert (report.verdict, opinion.verdict) == ("unverifiable",) * 2
    assert "(findings: 1)" in opinion.verdict_text
    false = replace(bundle, scope=bundle.scope._replace(project="hilltop"))
    report, opinion = reported(false, world)
    wrong = sum(not finding.unverifiable for finding in report.findings)
    assert opinion.verdict_text == (f"invalid: something is false or left out (findings: {wrong})")
    chinese = reported(false, world, "zh")[1]
    assert chinese.verdict_text == f"无效（invalid）：有虚假或遗漏（{wrong} 项）"
    broken = opinion_of(verify(b"no bundle", world.root), ASKED, "zh")
    assert (broken.sure, broken.figures, broken.unseen) == ([], [], [])


def test_what_was_not_looked_at_depends_on_what_was_given(world: World, bundle: Bundle) -> None:
    report = verify(encode(bundle), world.root, addresses=ADDRESSES)
    least = set(opinion_of(report, ASKED, "en").unseen)
    most = set(
        opinion_of(
            report,
            replace(ASKED, is_node_asked=True, has_witnesses=True, has_subject=True),
            "en",
        ).unseen
    )
    gone = {word("en", f"unseen.{key}") for key in ("node", "witnesses", "subject")}
    assert least - most == gone
    assert any("delivered after 2022-09-02 00:00:00Z" in line for line in most)
    report.skipped.append(Said("no chain"))
    assert opinion_of(report, ASKED, "en").unseen[0] == "no chain"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_says_what_the_opinion_says(language: str, world: World, bundle: Bundle) -> None:
    from html import unescape

    report, opinion = reported(bundle, world, language)
    page = html_report("machine.bundle", report, opinion)
    text = unescape(page)
    for row in (*opinion.asked, *opinion.sure, *opinion.figures):
        assert f"<dt>{row.name}</dt><dd>{row.value}</dd>" in text
    for line in (opinion.verdict_text, *opinion.unseen):
        assert line in text
    assert [row.number for row in opinion.steps] == [step.number for step in report.steps]
    for row in opinion.steps:
        assert f"{row.number}. {row.title}" in row.text
        assert row.text in text
    assert f'<html lang="{language}">' in page
    gross = bundle.distributions[0].gross
    assert f"<td>{gross // 100}.{gross % 100:02} USD</td>" in text, "amounts have their unit"


def test_another_device_or_period_than_was_asked_for_is_found(bundle: Bundle) -> None:
    scope, first, last = bundle.scope, date(2022, 8, 29), date(2022, 8, 30)
    assert list(check_subject(scope, Subject())) == []
    assert list(check_subject(scope, Subject(DEVICE, first, last))) == []
    for subject in (
        Subject(DEVICES[1], first, last),
        Subject(DEVICE, date(2022, 8, 28), last),
        Subject(DEVICE, date(2022, 8, 30), last),
        Subject(DEVICE, first, date(2022, 8, 31)),
        Subject(DEVICE, first, first),
    ):
        (error,) = check_subject(scope, subject)
        assert (error.code, error.unverifiable) == ("bundle.not_what_was_asked", False)
    assert Subject(DEVICE, first, last).is_whole
    assert not Subject(DEVICE, first).is_whole


def test_valid_without_a_node_is_said_to_be_so_by_the_file_alone() -> None:
    """It is not shown as what a node has confirmed."""
    report = Report([], [], None)
    alone, sure = (
        opinion_of(report, replace(ASKED, is_node_asked=asked), "en") for asked in (False, True)
    )
    assert (report.verdict, alone.is_alone, sure.is_alone) == ("valid", True, False)
    assert alone.verdict_text.startswith("valid by the file alone: ")
    assert sure.verdict_text == word("en", "valid")
    assert opinion_of(report, ASKED, "zh").verdict_text == word("zh", "valid.alone")
