"""A report says what was asked, the verdict, how sure, each figure with its unit, and what was not looked at."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from hashlib import sha256

import pytest
from eth_utils.crypto import keccak
from support_blocks import ADDRESSES
from support_bundles import bundle_of, world_of
from support_world import DEVICES, FIRST_MS, World

from counterfoil.api.audit.html_report import html_report
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
    return world_of(days=4)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    """The first two days; the second one's distribution is not in it."""
    made = bundle_of(world, days=2)
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


def test_where_money_was_shared_out_it_is_said_that_nobody_looked_whose_the_accounts_are(
    world: World, bundle: Bundle
) -> None:
    for language in LANGUAGES:
        line = word(language, "unseen.accounts")
        _, paid = reported(bundle, world, language)
        _, unpaid = reported(replace(bundle, distributions=(), takes=(), terms=()), world, language)
        assert (line in paid.unseen, line in unpaid.unseen) == (True, False)


def test_the_period_the_project_and_the_figures_are_said(world: World, bundle: Bundle) -> None:
    _, opinion = reported(bundle, world)
    asked = {row.name: row.value for row in opinion.asked}
    assert asked["you named"] == "no device and no days"
    assert asked["period of the file"] == (
        "2022-08-29 00:00:00Z to 2022-08-31 00:00:00Z, by the device's own clock"
    )
    assert (asked["device of the file"], asked["project"]) == (DEVICE, "lakeside")
    assert asked["file"] == "machine.bundle, 1,234 bytes"
    assert asked["root believed"] == f"CN=Root, SHA-256 {'cd' * 32}"
    assert asked["verified by"] == "counterfoil 0, 1970-01-01 00:00:00Z by this machine's clock"
    sure = {row.name: row.value for row in opinion.sure}
    assert sure["class of proof"].startswith("machine: signed inside it.")
    assert sure["log as of"] == "the head of 30 records, block 1003 of 2022-09-02 00:00:00Z"
    assert sure["chain as of"].startswith("block 2000 of 2025-")
    assert sure["own node"] == "not asked"
    assert {row.name: row.value for row in opinion.figures} == {
        "records dated": "2022-08-29 10:00:00Z to 2022-08-30 14:30:00Z, by the device's own clock",
        "records of the period": "8",
        "sales": "8, 21.00 USD in all",
        "refunds": "0",
        "other records": "0",
        "sales that a distribution here shared out": "4, 12.00 USD in all",
        "refunds that a distribution here counts": "0",
        "sales of the period in no distribution here": "4, 9.00 USD in all",
        "refunds of the period in no distribution here": "0",
        "distributions of the period's days, of all machines (a day may have several)": "1",
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
            replace(
                ASKED,
                is_node_asked=True,
                has_log_key=True,
                has_witnesses=True,
                subject=Subject(DEVICE, date(2022, 8, 29), date(2022, 8, 30)),
            ),
            "en",
        ).unseen
    )
    gone = {word("en", f"unseen.{key}") for key in ("node", "log_key", "witnesses", "subject")}
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


def test_records_dated_before_their_key_was_registered_are_named(
    world: World, bundle: Bundle
) -> None:
    """Nobody but the machine dates them: it may have been enrolled today, and have sold for last year."""
    _, opinion = reported(bundle, world)
    key = next(row.value for row in opinion.sure if row.key == "key")
    point = bundle.registry[0].x + bundle.registry[0].y
    assert key.startswith(f"epoch 1, SHA-256 {sha256(point).hexdigest()}; registered 2022-")
    late = bundle.registry[0]._replace(registered_at=FIRST_MS // 1_000 + 86_400)
    enrolled_after = replace(bundle, registry=(late,))
    _, opinion = reported(enrolled_after, world)
    (line,) = [line for line in opinion.unseen if "before their key was registered" in line]
    assert line.startswith("when 4 of the records were signed")


def test_a_step_that_can_only_not_be_told_is_open_and_not_failed(
    world: World, bundle: Bundle
) -> None:
    _, opinion = reported(bundle, world)
    assert {row.outcome for row in opinion.steps} == {"passed", "open"}
    false = replace(bundle, scope=bundle.scope._replace(project="hilltop"))
    assert "failed" in {row.outcome for row in reported(false, world)[1].steps}


def test_a_file_without_blocks_claims_no_anchoring(world: World, bundle: Bundle) -> None:
    bare = replace(bundle, blocks=(), terms=(), distributions=(), takes=(), pools=())
    _, opinion = reported(bare, world)
    text = " ".join(row.text for row in opinion.steps)
    assert "heads stated, and no block here shows that they are anchored" in text
    assert "the device was in no project that is shown here" in text
    assert "which is not here" in next(row.value for row in opinion.sure if row.key == "head")


def test_what_the_chain_never_shared_out_is_told_from_what_the_file_leaves_out(
    world: World, bundle: Bundle
) -> None:
    report, opinion = reported(bundle, world)
    names = {row.key: row.name for row in opinion.figures}
    assert names["left.sales"] == "sales of the period in no distribution here"
    elsewhere = word("en", "unseen.elsewhere")
    assert elsewhere not in opinion.unseen
    report.is_complete = True
    opinion = opinion_of(report, ASKED, "en")
    names = {row.key: row.name for row in opinion.figures}
    # An operator may have paid them under another project, or on another day: that is not looked at, and said.
    assert names["left.sales"].endswith("that the project has not shared out on their days")
    assert elsewhere in opinion.unseen


def test_where_all_was_shared_out_nothing_is_said_of_elsewhere(world: World) -> None:
    report, _ = reported(bundle_of(world, days=3), world)
    report.is_complete = True
    assert word("en", "unseen.elsewhere") not in opinion_of(report, ASKED, "en").unseen


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
    assert not Subject(DEVICE, last=last).is_whole
    assert not Subject("", first, last).is_whole


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


def test_every_block_is_listed_to_be_compared_with_the_chain(bundle: Bundle, world: World) -> None:
    """Blocks do not vouch for one another: the newest one's hash alone says nothing of the others."""
    report, opinion = reported(bundle, world)
    hashes = ["0x" + keccak(block.header).hex() for block in bundle.blocks]
    assert [block.hash for block in opinion.blocks] == hashes
    assert all(one in html_report("machine.bundle", report, opinion) for one in hashes)
    for language, each in (("en", "the hash of each block"), ("zh", "每个区块的哈希")):
        assert each in word(language, "valid.alone")


def test_shares_that_no_block_proves_are_not_shown(bundle: Bundle, world: World) -> None:
    report, opinion = reported(bundle, world)
    account = "0x" + bundle.distributions[0].credits[0].account.hex()
    assert account in html_report("machine.bundle", report, opinion)
    made_up = replace(bundle, blocks=())
    report, opinion = reported(made_up, world)
    assert report.verdict == "unverifiable"
    assert account not in html_report("machine.bundle", report, opinion)


def test_a_node_s_key_is_in_no_report(bundle: Bundle, world: World) -> None:
    """Whoever may see one machine reads the page's report, and a report is handed on."""
    node = "https://me:hunter2@node.example:8545/v3/hunter3?key=hunter4"
    for is_asked in (True, False):
        report, _ = reported(bundle, world)
        opinion = opinion_of(report, replace(ASKED, node=node, is_node_asked=is_asked), "en")
        assert "https://node.example:8545" in dict(row[:2] for row in opinion.sure)["own node"]
        assert "hunter" not in html_report("machine.bundle", report, opinion)
