"""``counterfoil inspect``: one finding a record, an exit status, and never a traceback."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.hazmat.primitives.asymmetric import ec
from support_hostile import mutated
from typer.testing import CliRunner

from counterfoil.gateway.certificate.enrolment import make_enrolment_request
from counterfoil.gateway.formats.inspection.commands import register
from counterfoil.gateway.formats.inspection.file_findings import inspect_content
from counterfoil.gateway.formats.iso20022.camt053 import check_statement, parse_camt053
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.record.identity import DeviceId

KEYS = ["file", "format", "verdict", "reason", "summary"]
VECTORS = Path(__file__).resolve().parents[4] / "vectors"
CAMT = """<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Id>S1</Id><Acct><Id><IBAN>DE1</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>
<Ntry><NtryRef>A</NtryRef><Amt Ccy="EUR">3.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>
<Ntry><NtryRef>B</NtryRef><Amt Ccy="EUR">0.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    return app


def run(app: typer.Typer, *paths: Path) -> tuple[int, Any, str]:
    result = CliRunner().invoke(app, ["inspect", *map(str, paths), "--json"])
    assert not isinstance(result.exception, Exception), result.exception
    return result.exit_code, json.loads(result.stdout), result.stderr


def test_one_record_is_an_object_and_many_are_a_list(app: typer.Typer, shared_data: Path) -> None:
    sales = shared_data / "vending" / "vending_sales_2022_jan_aug.csv.gz"
    meter = shared_data / "electricity" / "steel_15min_2018H1.csv.gz"
    status, one, _ = run(app, sales)
    assert (status, list(one)) == (0, KEYS)
    assert (one["format"], one["summary"]["rows"]) == ("sales-csv", 6469)
    assert (one["summary"]["gross"], len(one["summary"]["machines"])) == ("12620.50", 5)
    assert (one["summary"]["set_aside"], one["summary"]["notices"]["unlinked"]) == ([], 1)
    status, many, _ = run(app, sales, meter)
    assert [item["format"] for item in many] == ["sales-csv", "meter-csv"]
    assert many[1]["summary"]["energy_wh"] == 521_199_760
    status, many, _ = run(app, shared_data / "ocmf" / "keba.jsonl.gz")
    assert (status, len(many)) == (1, 229)
    verdicts = [item["verdict"] for item in many]
    assert [verdicts.count(v) for v in ("valid", "unverifiable", "invalid")] == [225, 2, 2]


def test_resolved_senml_reads_back_as_published(app: typer.Typer, shared_data: Path) -> None:
    for name in ("ex3.gen.cbor", "ex3.gen.json", "ex5.gen.cbor", "ex5.gen.json"):
        path = shared_data / "senml" / name
        wanted = path.with_name(name.split(".")[0] + ".gen.resolved.json")
        status, found, _ = run(app, path)
        assert status == 0
        assert found["summary"]["resolved"] == json.loads(wanted.read_text())


def test_invalid_comes_before_unverifiable_in_the_exit_status(
    app: typer.Typer, shared_data: Path, tmp_path: Path
) -> None:
    unknown = tmp_path / "unknown"
    unknown.write_bytes(b"who knows\n")
    bad = shared_data / "eva_dts" / "lanmark7_Test-5.dex"
    good = shared_data / "eva_dts" / "lanmark7_Test-3.dex"
    assert run(app, good)[0] == 0
    assert run(app, good, unknown)[0] == 2
    assert run(app, unknown, bad)[0] == 1


def test_file_that_cannot_be_read_is_an_error_with_a_code(app: typer.Typer, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"OCMF|" * 1000)[:-20])
    for path in (tmp_path / "absent", tmp_path, cut):
        status, found, errors = run(app, path)
        assert (status, found["verdict"]) == (2, "unverifiable")
        assert json.loads(errors)["code"] == "file.unreadable"


def test_empty_file_cannot_be_told(app: typer.Typer, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    status, found, _ = run(app, empty)
    assert (status, found["format"], found["verdict"]) == (2, "unknown", "unverifiable")


def test_noise_is_never_valid_and_never_a_traceback() -> None:
    rng = random.Random(7)
    heads = [b"", b"\xd2\x84", b"\x83\x72counterfoil bundle", b"OCMF|", b"<", b"[{", b"DXS*"]
    heads += [b"\x81\xa1", b"-----BEGIN CERTIFICATE-----\n", b'{"ocmf"', b"\x30\x82\x00\x40"]
    for head in heads:
        for length in (0, 1, 64, 500):
            content = head + rng.randbytes(length)
            for finding in inspect_content(content, datetime.now(UTC)) if content else []:
                assert finding.verdict != "valid", (head, finding)


@pytest.mark.parametrize(
    "content",
    [
        b"\xd2\x84\x5b\x00\x00\x7f\xff\xff\xff\xff\xff",
        b"\xd2\x84\x9b\x00\x00\x7f\xff\xff\xff\xff\xff",
        b"\x9b\xbf" + b"\xff" * 20,
        b"\x9f" * 100_000,
        b"\x81\xa1" * 100_000,
        b"[" * 1_000_000,
        b"[{" * 100_000,
        b"<a>" * 100_000,
        b"OCMF|" + b"[" * 100_000,
        b"DXS*" + b"*" * 1_000_000,
    ],
)
def test_content_that_claims_to_be_huge_or_deep_is_refused(content: bytes) -> None:
    for finding in inspect_content(content, datetime.now(UTC)):
        assert finding.verdict != "valid"


SPLICED = (
    b"\x00",
    b"\xff",
    b"\r",
    b"\n",
    b'"',
    b",",
    b"-",
    b"*",
    b"|",
    b"<",
    b"&",
    b"[",
    b"{",
    b"}",
    b"1e999",
    b"1e99999999999999999999",
    b"9" * 30,
    b"NaN",
    b"null",
    b"0" * 5_000,
    b"\x9f",
    b"\xbf",
    b"\xd2",
    b"\x1b" + b"\xff" * 8,
)


def test_mutated_files_never_raise(shared_data: Path) -> None:
    rng = random.Random(11)
    folders = ("eva_dts", "senml", "loan_math")
    sources = [path.read_bytes() for name in folders for path in (shared_data / name).iterdir()]
    zipped = ("ocmf/keba.jsonl.gz", "vending/coffee_machine.csv.gz")
    zipped = (*zipped, "vending/vending_sales_2022_jan_aug.csv.gz")
    zipped = (*zipped, "electricity/steel_15min_2018H1.csv.gz")
    sources += [gzip.decompress((shared_data / name).read_bytes())[:4_000] for name in zipped]
    sources.append(CAMT.encode())
    for source in sources:
        for _ in range(100):
            content = mutated(source=source[:20_000], rng=rng, spliced=SPLICED, replaced_below=3)
            for finding in inspect_content(content, datetime.now(UTC)):
                json.dumps(finding.to_json("mutated"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'[{"n":"a","v":1e99999999999999999999}]', "out of range"),
        (b'OCMF|{"FV":"1.0","RD":[{"RV":1e99999999999999999999}]}|{"SD":"00"}', "out of range"),
        (b"date,co\rlumn\n1,2\n", ""),
        (b'a,"b\n', ""),
    ],
)
def test_what_a_number_or_a_line_breaks_is_a_finding(content: bytes, reason: str) -> None:
    (found,) = inspect_content(content, datetime.now(UTC))
    assert found.verdict != "valid"
    assert reason in found.reason


def test_records_one_behind_the_other_are_an_item_each() -> None:
    vectors = json.loads((VECTORS / "records.json").read_text())
    raws = [bytes.fromhex(vector["raw"]) for vector in vectors["good"]]
    assert len(raws) > 2
    findings = inspect_content(b"".join(raws), datetime.now(UTC))
    assert [f.format for f in findings] == ["record"] * len(raws)
    assert all(f.verdict == "unverifiable" for f in findings)
    broken = inspect_content(raws[0][:-1], datetime.now(UTC))
    assert [f.verdict for f in broken] == ["invalid"]


def test_receipts_and_promises_are_told_from_records() -> None:
    vectors = json.loads((VECTORS / "receipts.json").read_text())
    signed = [vectors["promise"]["promise"], *(v["receipt"] for v in vectors["receipts"])]
    assert len(signed) > 1
    for text in signed:
        (finding,) = inspect_content(bytes.fromhex(text), datetime.now(UTC))
        assert (finding.format, finding.verdict) == ("receipt", "unverifiable")
    assert finding.summary["tree_size"] > finding.summary["log_index"]


def test_certificates_are_judged_by_their_path_and_time(tmp_path: Path) -> None:
    authority = CertificateAuthority.create(tmp_path, "correct horse battery")
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    device = DeviceId("urn:dev:os:32473-x")
    enrolment = authority.enrol(make_enrolment_request(device, *keys))
    now = datetime.now(UTC)
    whole = enrolment.record_certificate + authority.chain_pem
    findings = inspect_content(whole, now)
    assert [f.verdict for f in findings] == ["valid"] * 3
    assert (findings[0].summary["device"], findings[0].summary["for"]) == (device, "records")
    alone = inspect_content(enrolment.record_certificate, now)
    assert [f.verdict for f in alone] == ["unverifiable"]
    late = inspect_content(whole, now + timedelta(days=91))
    assert [f.verdict for f in late] == ["invalid", "valid", "valid"]


def test_statement_that_contradicts_itself_is_invalid() -> None:
    (statement,) = parse_camt053(CAMT)
    check_statement(statement)
    assert [entry.amount_minor for entry in statement.entries] == [300, -50]
    assert statement.booked_minor == 250
    (good,) = inspect_content(CAMT.encode(), datetime.now(UTC))
    assert (good.format, good.verdict) == ("camt.053", "valid")
    (bad,) = inspect_content(CAMT.replace("3.00", "3.01").encode(), datetime.now(UTC))
    assert bad.verdict == "invalid"
    assert bad.reason.startswith("bank.balance_mismatch")
    (evil,) = inspect_content(b"<!DOCTYPE x>" + CAMT.encode(), datetime.now(UTC))
    assert evil.verdict == "invalid"
