"""What ``counterfoil audit sweep`` says: no line claims what was not looked at, and what is missing is not false."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support_api import export_certificates
from support_chain import deployed_world
from support_language import every_sweep_is_said_in_chinese, has_english
from support_oracle import FIRST_DATE, PROJECT, OracleHouse
from support_sweep import codes, run, states, swept
from support_world import DAY_MS, DEVICES, FIRST_MS
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands.audit import register
from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.making.known_facts import known_facts
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.chain.hexadecimal import to_hex
from counterfoil.gateway.log.tile_format import entries_path
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record.bodies import Sale
from counterfoil.oracle.rules.facts import decode_facts

__all__ = ["every_sweep_is_said_in_chinese"]
pytestmark = pytest.mark.integration

DAYS = 3
SALES_A_DAY = 6
CASH_A_DAY = 2


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OracleHouse]:
    """Three days sold and shared out, but for the third day's sales for cash: no settlement has them."""
    folder = tmp_path_factory.mktemp("sweep")
    with deployed_world("anvil", folder) as chain:
        house = OracleHouse(chain, folder)
        parts = house.parts()
        for _ in range(DAYS - 1):
            house.sell_a_day()
            house.run_until_quiet(parts)
        house.sell_a_day(is_settled=False)
        bodies = [record.record.body for record in house.world.records[-SALES_A_DAY:]]
        house.settle(
            [
                (body.payment_reference, body.amount_minor, FIRST_DATE + DAYS - 1)
                for body in bodies
                if isinstance(body, Sale) and body.payment_reference
            ]
        )
        house.run_until_quiet(parts)
        yield house
        house.engine.dispose()


@pytest.fixture(scope="module")
def facts(house: OracleHouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The facts of all distributions, as the command writes them."""
    folder = tmp_path_factory.mktemp("facts")
    said = audit("facts", "--out", str(folder), house=house)
    assert said == {"files": DAYS}
    return folder


def audit(*words: str, house: OracleHouse) -> dict[str, Any]:
    app = Typer()
    register(app)
    env = {"COUNTERFOIL_API_ORACLE_URL": f"sqlite:///{house.folder / 'oracle.db'}"}
    said: dict[str, Any] = json.loads(
        CliRunner().invoke(app, ["audit", *words, "--json"], env=env).stdout
    )
    return said


def refused(house: OracleHouse, *more: object, log: Path | None = None) -> tuple[str, str]:
    """The code and the detail with which the command ends, and says nothing else."""
    result = run(house, *more, log=log)
    assert (result.exit_code, result.stdout) == (2, "")
    (said,) = result.stderr.splitlines()
    error = json.loads(said)
    return error["code"], error["detail"]


# ---- what was shared out


def test_with_all_facts_what_was_not_shared_out_is_listed_with_its_sum(
    house: OracleHouse, facts: Path
) -> None:
    said = swept(house, "--facts", facts)
    assert (said["verdict"], said["distributions_known"]) == ("valid", DAYS)
    (row,) = said["not_shared_out"]
    assert (row["sales"], row["refunds"], row["currency"]) == (CASH_A_DAY, 0, "USD")
    shown = run(house, "--facts", facts).stdout
    assert "anchored and not shared out: 2 sales and 0 refunds\n" in shown
    said_of_row = f"{dated(DAYS - 1)} {PROJECT}: 2 sales, 0 refunds, sales less refunds "
    assert f"{said_of_row}{row['amount_minor'] / 100:.2f} USD, from record " in shown


def test_without_facts_nothing_is_said_to_be_shared_out_or_not(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    for file in facts.iterdir():
        if decode_facts(file.read_bytes()).business_date != FIRST_DATE + DAYS - 1:
            shutil.copy(file, tmp_path)
    for given, known, rest in (((), 0, DAYS * SALES_A_DAY), (("--facts", tmp_path), 2, 6)):
        said = swept(house, *given)
        assert (said["verdict"], codes(said)) == ("unverifiable", {"split.facts_missing"})
        assert (said["distributions"], said["distributions_known"]) == (DAYS, known)
        assert said["not_shared_out"] is None
        assert states(said)["facts"] == "not_told"
        shown = run(house, *given).stdout
        assert "? 6. not told: that 3 distributions" in shown
        assert f"the facts of {DAYS - known} of them are not here" in shown
        assert f"{rest} sales and 0 refunds are in no distribution whose facts are here" in shown
        assert "not shared out: " not in shown
        assert "was shared out" not in shown


def test_what_of_a_folder_of_facts_was_not_read_is_named(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    for file in facts.iterdir():
        shutil.copy(file, tmp_path)
    (tmp_path / "notes.txt").write_text("not facts")
    shown = run(house, "--facts", tmp_path).stdout
    assert f"facts given: 3 files in {tmp_path}\n" in shown
    assert f"passed over in {tmp_path}: notes.txt\n" in shown
    (tmp_path / "bad.cbor").write_text("not facts")
    code, detail = refused(house, "--facts", tmp_path)
    assert (code, detail.startswith(f"{tmp_path / 'bad.cbor'}: ")) == ("input.malformed", True)


def dated(day: int) -> str:
    date = str(FIRST_DATE + day)
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def test_facts_stand_in_bundles_too_and_only_those_of_a_hash_on_chain_count(
    house: OracleHouse, tmp_path: Path
) -> None:
    bundle = bundled(house, tmp_path)
    file = tmp_path / "true.bundle"
    file.write_bytes(encode(bundle))
    said = swept(house, "--bundle", file)
    assert (said["verdict"], said["distributions_known"]) == ("valid", DAYS)
    assert said["asked"]["facts"] == [f"those of {DAYS} distributions in the bundle {file}"]
    # Other facts, of another project, and bytes that are none: the chain has no such hash.
    other, *_ = bundle.distributions
    content = other.content.replace(PROJECT.encode(), b"seaside!")
    forged = [replace_content(other, content), replace_content(other, b"\1")]
    file.write_bytes(encode(replace(bundle, distributions=tuple(forged))))
    said = swept(house, "--bundle", file)
    assert (said["verdict"], said["distributions_known"]) == ("unverifiable", 0)
    assert said["asked"]["facts"] == [f"those of 1 distribution in the bundle {file}"]
    file.write_bytes(b"no bundle")
    code, detail = refused(house, "--bundle", file)
    assert (code, detail.startswith(f"{file}: ")) == ("bundle.malformed", True)
    assert refused(house, "--bundle", tmp_path / "nowhere")[0] == "file.unreadable"


def replace_content(distribution: Any, content: bytes) -> Any:
    return distribution._replace(content=content)


def bundled(house: OracleHouse, folder: Path) -> Any:
    export_certificates(house.world, folder / "certificates")
    known = known_facts(
        engine=house.engine,
        device=DEVICES[0],
        first_ms=FIRST_MS,
        until_ms=FIRST_MS + DAYS * DAY_MS,
        certificates=folder / "certificates",
        client=house.chain.client,
    )
    return collect(house.store.engine, None, known)


# ---- the log that was given


def copy_of(house: OracleHouse, folder: Path, heads: int) -> Path:
    """The log as it was when so many heads were anchored."""
    writer = TileWriter(folder / "tiles")
    raws = [record.raw for record in house.world.records]
    for event in house.on_chain("RecordAnchor", "HeadAnchored")[:heads]:
        writer.append(raws[writer.size : event["size"]])
        writer.publish()
    return folder / "tiles"


def test_an_older_copy_is_swept_as_far_as_it_reaches_and_the_rest_is_not_told(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    sizes = [head["size"] for head in house.on_chain("RecordAnchor", "HeadAnchored")]
    log = copy_of(house, folder=tmp_path, heads=len(sizes) - 1)
    said = swept(house, "--facts", facts, log=log)
    assert said["verdict"] == "unverifiable"
    assert codes(said) == {"log.records_missing", "split.records_missing"}
    assert (said["records"], said["records_anchored"]) == (sizes[-2], sizes[-1])
    assert (said["heads_verified"], said["heads"]) == (len(sizes) - 1, len(sizes))
    assert states(said) == {
        "records": "not_told",
        "heads": "not_told",
        "signers": "held",
        "gossip": "not_told",
        "splits": "held",
        "facts": "not_told",
        "balances": "held",
    }
    assert any(line.startswith("6 records behind the end") for line in said["not_looked_at"])


def test_a_copy_that_was_made_between_two_heads_is_swept_to_the_head_below(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    """Its files have names of its own size alone: no head's."""
    sizes = [head["size"] for head in house.on_chain("RecordAnchor", "HeadAnchored")]
    writer = TileWriter(tmp_path)
    writer.append(record.raw for record in house.world.records[: sizes[-1] - 1])
    writer.publish()
    said = swept(house, "--facts", facts, log=tmp_path)
    assert (said["verdict"], said["records"]) == ("unverifiable", sizes[-2])
    assert said["heads_verified"] == len(sizes) - 1


def test_what_an_older_copy_left_open_is_settled_by_a_newer_one(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    older = copy_of(house, folder=tmp_path, heads=1)
    words = ("--facts", facts, "--state", tmp_path / "sweep.db")
    first = swept(house, *words, log=older)
    assert (first["verdict"], first["records"]) == ("unverifiable", SALES_A_DAY)
    second = swept(house, *words)
    assert (second["verdict"], second["records_before"]) == ("valid", SALES_A_DAY)
    assert second["records"] == len(house.world.records)
    # What an earlier run has verified needs no log that reaches so far.
    third = swept(house, *words, log=older)
    assert (third["verdict"], third["records_before"]) == ("valid", second["records"])
    assert [row["currency"] for row in third["not_shared_out"]] == [""], "it can't be read again"


def test_a_hole_in_the_log_hides_nothing_that_was_found_before(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    log = tmp_path / "tiles"
    shutil.copytree(house.folder / "tiles", log)
    size = len(house.world.records)
    (log / entries_path(0, size)).unlink()
    said = swept(house, "--facts", facts, log=log)
    assert (said["verdict"], said["records"]) == ("unverifiable", 0)
    assert {"log.records_missing", "split.records_missing"} == codes(said)
    assert (states(said)["balances"], states(said)["records"]) == ("held", "not_told")
    assert said["distributions"] == DAYS


def test_where_no_log_is_nothing_is_asserted(house: OracleHouse, tmp_path: Path) -> None:
    code, detail = refused(house, log=tmp_path / "nowhere")
    assert (code, detail.startswith(str(tmp_path / "nowhere"))) == ("log.unreadable", True)
    assert refused(house, log=tmp_path)[0] == "log.unreadable"
    for address in ("http://127.0.0.1:9", "http://127.0.0.1:port"):
        code, detail = refused(house, "--log", address)
        assert (code, detail.startswith(f"{address}: ")) == ("log.unreachable", True), detail
    for file, why in ((tmp_path / "ca.pem", "No such file"), (house.chain.path, "")):
        code, detail = refused(house, "--log", "https://127.0.0.1:9", "--ca", file)
        assert (code, detail.startswith(f"{file}: {why}")) == ("file.unreadable", True), detail


def test_a_line_failed_where_a_finding_says_so_and_the_others_held(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    log = tmp_path / "tiles"
    shutil.copytree(house.folder / "tiles", log)
    file = log / entries_path(0, len(house.world.records))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1  # in the last record's signature
    file.write_bytes(data)
    said = swept(house, "--facts", facts, log=log)
    assert (said["verdict"], codes(said)) == ("invalid", {"record.refused", "head.root_differs"})
    failed = {part for part, state in states(said).items() if state != "held"}
    assert failed == {"records", "heads"}
    shown = run(house, "--facts", facts, log=log).stdout.splitlines()
    assert any(line.startswith("✕ 1. failed: that 18 records of 2 machines") for line in shown)
    assert any(line.startswith("✓ 7. held: that balances") for line in shown)


# ---- what was asked


def test_the_report_says_what_was_asked_of_which_block_and_what_nobody_looked_at(
    house: OracleHouse, facts: Path
) -> None:
    said = swept(house, "--facts", facts)
    block = house.chain.client.block(said["block"]["number"])
    assert block is not None
    assert said["block"] == {
        "number": block.number,
        "hash": to_hex(block.hash),
        "time_s": block.timestamp,
    }
    pinned = audit("deployment", str(house.chain.path), house=house)
    assert said["asked"]["deployment"] == [f"{pinned['hash']} ({house.chain.path})"]
    assert said["asked"]["chain"] == [str(pinned["chain_id"])]
    shown = run(house, "--facts", facts).stdout
    assert shown.startswith("What was asked\n")
    for words in (pinned["hash"], "date of the sweep: 20", "What was not looked at, and how to"):
        assert words in shown
    assert f"{said['deposits_minor'] / 100:.2f} USD in all stand for" in shown
    unseen = " ".join(said["not_looked_at"])
    for words in ("--root-ca", "clocks", "took place", "witness", "--statements", "credit lines"):
        assert words in unseen


def test_another_chains_deployment_is_refused(house: OracleHouse, tmp_path: Path) -> None:
    kept = json.loads(house.chain.path.read_text())
    other = tmp_path / "other.json"
    for change in ({"chain_id": kept["chain_id"] + 1}, {"block_hash": "0x" + "ab" * 32}):
        other.write_text(json.dumps(kept | change))
        assert refused(house, "--deployment", other)[0] == "chain.deployment_mismatch", change
    for text in ("", "{}", json.dumps(kept | {"contracts": {}})):
        other.write_text(text)
        code, detail = refused(house, "--deployment", other)
        assert (code.startswith("file."), detail.startswith(str(other))) == (True, True), text
    code, detail = refused(house, "--deployment", tmp_path)
    assert (code, detail.startswith(str(tmp_path))) == ("file.unreadable", True)


def test_a_project_that_the_chain_does_not_know_is_named(house: OracleHouse) -> None:
    code, detail = refused(house, "--project", PROJECT, "--project", "not-this")
    assert (code, "not-this" in detail, PROJECT in detail) == ("sweep.project_unknown", True, False)


def test_a_folder_without_a_statement_compares_nothing(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    (tmp_path / "statement.pdf").write_text("%PDF")
    code, detail = refused(house, "--facts", facts, "--statements", tmp_path)
    assert (code, "statement.pdf" in detail) == ("sweep.statements_missing", True)
    (tmp_path / "day.xml").write_text("<a/>")
    code, detail = refused(house, "--facts", facts, "--statements", tmp_path)
    assert detail.startswith(f"{tmp_path / 'day.xml'}: ")


def test_a_depth_beyond_the_chain_and_a_state_that_is_a_folder_are_said_in_words(
    house: OracleHouse, tmp_path: Path
) -> None:
    code, detail = refused(house, "--depth", 1_000_000)
    assert (code, "1,000,000" in detail) == ("sweep.depth_too_great", True)
    code, detail = refused(house, "--state", tmp_path)
    assert (code, detail) == ("sweep.state_unusable", f"{tmp_path}: it is a folder")


def test_a_findings_dates_are_written_for_people(house: OracleHouse) -> None:
    places = {finding["where"].rpartition(" of ")[2] for finding in swept(house)["findings"]}
    assert places == {dated(day) for day in range(DAYS)}


# ---- in Chinese


def without_keys(said: dict[str, Any]) -> Any:
    """What does not depend on the language."""
    return {
        **{key: said[key] for key in said.keys() - WORDED},
        "asked": list(said["asked"]),
        "lines": [(line["part"], line["state"], len(line["notes"])) for line in said["lines"]],
        "findings": [
            {key: one[key] for key in ("code", "unverifiable", "part")} for one in said["findings"]
        ],
        "not_looked_at": len(said["not_looked_at"]),
    }


def without_block(line: str) -> str:
    return re.sub(r"区块 [0-9,]+（[^）]*）", "区块", line)


WORDED = {
    "verdict_text",
    "asked",
    "asked_text",
    "lines",
    "findings",
    "not_looked_at",
    "block",
    "records_per_s",
}


@pytest.mark.parametrize("case", ["whole", "without facts", "broken", "older copy"])
def test_the_report_is_the_same_in_chinese_in_the_terminal_and_as_json(
    case: str, house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    log = None
    if case == "older copy":
        log = copy_of(house, folder=tmp_path, heads=1)
    if case == "broken":
        log = tmp_path / "tiles"
        shutil.copytree(house.folder / "tiles", log)
        file = log / entries_path(0, len(house.world.records))
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    words = () if case == "without facts" else ("--facts", facts)
    english = swept(house, *words, log=log)
    chinese = swept(house, *words, "--language", "zh", log=log)
    assert without_keys(english) == without_keys(chinese)
    shown = run(house, *words, "--language", "zh", log=log).stdout
    assert [line for line in shown.splitlines() if has_english(line)] == []
    for row in chinese["asked_text"]:
        if row["key"] not in ("block", "date"):  # the chain goes on between two sweeps
            assert f"  {row['name']}：{row['value']}\n" in shown
    for number, line in enumerate(chinese["lines"], start=1):
        assert f" {number}. {line['state_text']}：{line['text']}\n" in shown
        assert all(note in shown for note in line["notes"])
    for one in chinese["findings"]:
        assert f"{one['code']}：{one['where']}：{one['detail']}\n" in shown
    lines = {without_block(line) for line in shown.splitlines()}
    assert {f"– {without_block(text)}" for text in chinese["not_looked_at"]} <= lines
    names = {"valid": "有效", "invalid": "无效", "unverifiable": "无法核实"}
    verdict = chinese["verdict"]
    assert shown.splitlines()[-1] == f"{names[verdict]}（{verdict}）"
    assert {
        "whole": "valid",
        "without facts": "unverifiable",
        "broken": "invalid",
        "older copy": "unverifiable",
    }[case] == verdict


def test_what_an_earlier_run_found_is_said_in_the_language_of_this_one(
    house: OracleHouse, facts: Path, tmp_path: Path
) -> None:
    log = tmp_path / "tiles"
    shutil.copytree(house.folder / "tiles", log)
    file = log / entries_path(0, len(house.world.records))
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    words = ("--facts", facts, "--state", tmp_path / "sweep.db")
    first = swept(house, *words, log=log)
    again = swept(house, *words, "--language", "zh", log=log)
    assert [one["code"] for one in first["findings"]] == [one["code"] for one in again["findings"]]
    last = len(house.world.records) - 1
    assert (first["findings"][0]["where"], again["findings"][0]["where"]) == (
        f"record {last}",
        f"记录 {last}",
    )


def test_a_language_that_the_report_does_not_have_is_refused(house: OracleHouse) -> None:
    result = run(house, "--language", "fr")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "fr is none of en, zh" in result.stderr
