"""Published vectors of the formats that come in: each read and judged as its source expects."""

from __future__ import annotations

import base64
import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.formats.errors import FormatError, SignatureMissingError
from counterfoil.gateway.formats.eva_dts import (
    DexChecksumError,
    DexCountError,
    DexIncompleteError,
    check_dex,
    crc16_arc,
    parse_dex,
)
from counterfoil.gateway.formats.ocmf import (
    CURVES,
    HASHES,
    OcmfContentError,
    OcmfSignatureError,
    check_content,
    pagination_breaks,
    parse_ocmf,
    verify_ocmf,
)
from counterfoil.gateway.formats.ocmf_files import find_stated_keys
from counterfoil.gateway.formats.senml import parse_senml_cbor, parse_senml_json
from counterfoil.gateway.formats.sparkplug import parse_sparkplug


def _ocmf_lines(shared: Path) -> list[str]:
    with gzip.open(shared / "ocmf" / "keba.jsonl.gz", "rt") as file:
        return file.read().splitlines()


def test_every_charging_record_is_judged_as_its_source_expects(shared_data: Path) -> None:
    judged = []
    for line in _ocmf_lines(shared_data):
        (stated,) = find_stated_keys(line)
        try:
            record = parse_ocmf(stated.text)
            verify_ocmf(record, stated.public_key)
            check_content(record)
            verdict = "valid"
        except OcmfSignatureError:
            verdict = "invalid"
        except FormatError:
            verdict = "error"
        judged.append((verdict, json.loads(line)["expected"]))
    assert len(judged) == 229
    assert [pair for pair in judged if pair[0] != pair[1]] == []


def test_contiguous_pagination_has_no_break_and_a_lost_page_is_one(shared_data: Path) -> None:
    lines = [json.loads(line) for line in _ocmf_lines(shared_data)]
    texts = [line["ocmf"] for line in lines if line["source"] == "xml/keba_test.xml"]
    records = [parse_ocmf(text) for text in texts]
    assert len(records) == 100
    assert pagination_breaks(records) == []
    assert len(pagination_breaks(records[:10] + records[11:])) == 1


def test_changing_any_byte_of_the_payload_breaks_the_signature(shared_data: Path) -> None:
    (stated,) = find_stated_keys(_ocmf_lines(shared_data)[0])
    start, end = stated.text.index("|") + 1, stated.text.rindex("|")
    for place in range(start, end):
        changed = chr(ord(stated.text[place]) ^ 1)
        text = stated.text[:place] + changed + stated.text[place + 1 :]
        with pytest.raises(FormatError):
            verify_ocmf(parse_ocmf(text), stated.public_key)


def test_record_without_a_usable_key_is_unverifiable(shared_data: Path) -> None:
    (stated,) = find_stated_keys(_ocmf_lines(shared_data)[0])
    record = parse_ocmf(stated.text)
    for key in (None, "", "zz", "00" * 40, stated.public_key[:-2] if stated.public_key else None):
        with pytest.raises(SignatureMissingError):
            verify_ocmf(record, key)
    assert record.energy_wh == Decimal("0.1")


def test_safe_xml_carries_record_and_key(shared_data: Path) -> None:
    (stated,) = find_stated_keys(_ocmf_lines(shared_data)[0])
    for text in (stated.text, base64.b64encode(stated.text.encode()).decode()):
        xml = (
            "<?xml version='1.0'?><values><value transactionId='1'><signedData format='OCMF'>"
            f"<![CDATA[{text}]]></signedData><publicKey encoding='plain'>{stated.public_key}"
            "</publicKey></value></values>"
        )
        (found,) = find_stated_keys(xml)
        verify_ocmf(parse_ocmf(found.text), found.public_key)
    with pytest.raises(FormatError):
        find_stated_keys("<!DOCTYPE x [<!ENTITY a 'b'>]><values/>")


def test_register_that_runs_backwards_is_refused() -> None:
    reading = (
        '{"TM":"2019-08-13T10:03:15,000+0000 S","TX":"%s","RV":%s,"RI":"1-b:1.8.0","RU":"kWh"}'
    )
    text = f'OCMF|{{"RD":[{reading % ("B", "2.5")},{reading % ("E", "2.4")}]}}|{{"SD":"00"}}'
    with pytest.raises(OcmfContentError):
        check_content(parse_ocmf(text))


def test_crc_is_crc16_arc() -> None:
    assert crc16_arc(b"123456789") == 0xBB3D


@pytest.mark.parametrize(
    ("name", "error", "total"),
    [
        ("lanmark7_Test-3.dex", None, (225, 3)),
        ("lanmark7_Test-5.dex", DexChecksumError, (300, 3)),
        ("lanmark7_Test-6.dex", DexIncompleteError, (300, 3)),
        ("lanmark7_Test-7.dex", DexIncompleteError, (0, 0)),
        ("lanmark7_Test-8.dex", None, (225, 3)),
        ("lanmark7_Test1.dex", None, (69250, 1306)),
        ("lanmark7_Test2.dex", DexCountError, (15600, 302)),
        ("reneaaron_sample.txt", None, (143500, 423)),
    ],
)
def test_dex_files_are_judged_by_count_and_checksum(
    shared_data: Path, name: str, error: type[FormatError] | None, total: tuple[int, int]
) -> None:
    content = (shared_data / "eva_dts" / name).read_bytes()
    for ends in (content, content.replace(b"\n", b"\r\n")):
        audit = parse_dex(ends)
        assert (audit.value_minor, audit.vends) == total
        if error is None:
            check_dex(audit)
        else:
            with pytest.raises(error):
                check_dex(audit)


def test_counters_that_do_not_reconcile_are_warnings(shared_data: Path) -> None:
    audit = parse_dex((shared_data / "eva_dts" / "lanmark7_Test1.dex").read_bytes())
    assert check_dex(audit) == (
        "PA2 counts 0 vends, VA1 1306",
        "PA2 sums to 0, VA1 is 69250",
        "CA2 and DA2 sum to 67000, VA1 is 69250",
        "SE counts 54 segments without the 4 loop marks LS and LE",
    )


def test_changing_any_digit_under_the_checksum_is_noticed(shared_data: Path) -> None:
    content = (shared_data / "eva_dts" / "lanmark7_Test-3.dex").read_bytes()
    begin, end = content.index(b"ST*"), content.index(b"G85*")
    for place in range(begin, end):
        if content[place : place + 1].isdigit():
            changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            with pytest.raises(FormatError):
                check_dex(parse_dex(changed))


@pytest.mark.parametrize("number", range(1, 14))
def test_senml_examples_resolve_as_published(shared_data: Path, number: int) -> None:
    folder = shared_data / "senml"
    pack = parse_senml_json((folder / f"ex{number}.gen.json").read_text())
    expected = folder / f"ex{number}.gen.resolved.json"
    if expected.exists():
        wanted = json.loads(expected.read_text(), parse_float=Decimal, parse_int=Decimal)
        if pack.relative_times:
            found = [{k: r[k] for k in r if k not in {"t", "vd"}} for r in pack.records]
            bare = [{k: r[k] for k in r if k != "t"} for r in wanted]
            assert found[: len(bare)] == bare
        else:
            assert list(pack.records) == wanted
    cbor = folder / f"ex{number}.gen.cbor"
    if cbor.exists():
        assert parse_senml_cbor(cbor.read_bytes()) == pack


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        "[1]",
        '[{"n":"a","v":1,"vs":"b"}]',
        '[{"n":"a"}]',
        '[{"n":"","v":1}]',
        '[{"n":"a b","v":1}]',
        '[{"n":"a","v":"1"}]',
        '[{"n":"a","v":1,"x_":1}]',
        '[{"bver":11,"n":"a","v":1}]',
        '[{"n":"a","vb":1}]',
        "[" * 100_000,
    ],
)
def test_pack_outside_the_standard_is_refused(text: str) -> None:
    with pytest.raises(FormatError):
        parse_senml_json(text)


def test_sparkplug_vectors_read_whole(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "sparkplug" / "vectors.json").read_text())
    by_name = {}
    for vector in vectors:
        payload = parse_sparkplug(base64.b64decode(vector["base64"]))
        assert len(payload.metrics) == vector["metric_count"]
        by_name[vector["name"]] = payload
    birth = by_name["NBIRTH_V1"]
    named = [(metric.name, metric.alias, metric.value) for metric in birth.metrics]
    assert named == [
        ("bdSeq", 1, 88),
        ("Node Control/Rebirth", 2, False),
        ("Temperature", 100, Decimal("21.5")),
    ]
    assert by_name["NDATA_GAP"].sequence == 5


def test_sparkplug_cut_off_anywhere_never_gains_a_metric(shared_data: Path) -> None:
    vector = json.loads((shared_data / "sparkplug" / "vectors.json").read_text())[0]
    content = base64.b64decode(vector["base64"])
    for length in range(len(content)):
        try:
            assert len(parse_sparkplug(content[:length]).metrics) <= vector["metric_count"]
        except FormatError:
            continue


@pytest.mark.parametrize("name", sorted(CURVES))
@pytest.mark.parametrize("digest", sorted(HASHES))
def test_every_curve_that_ocmf_names_verifies_and_refuses(name: str, digest: str) -> None:
    try:
        key = ec.generate_private_key(CURVES[name])
    except UnsupportedAlgorithm:
        pytest.skip(f"no {name} in this build of the library")
    reading = (
        '{"TM":"2019-08-13T10:03:15,000+0000 S","TX":"B","RV":1.5,"RI":"1-b:1.8.0","RU":"kWh"}'
    )
    payload = f'{{"FV":"1.0","RD":[{reading}]}}'
    signature = key.sign(payload.encode(), ec.ECDSA(HASHES[digest])).hex()
    text = f'OCMF|{payload}|{{"SA":"ECDSA-{name}-{digest}","SD":"{signature}"}}'
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    verify_ocmf(parse_ocmf(text), spki.hex())
    verify_ocmf(parse_ocmf(text), base64.b64encode(spki).decode())
    with pytest.raises(OcmfSignatureError):
        verify_ocmf(parse_ocmf(text.replace("1.5", "1.6")), spki.hex())


@pytest.mark.parametrize(
    "name", ["RSA-2048-SHA256", "ECDSA-secp256r1-MD5", "ECDSA-nist-SHA256", ""]
)
def test_algorithm_that_is_not_known_is_unverifiable(shared_data: Path, name: str) -> None:
    (stated,) = find_stated_keys(_ocmf_lines(shared_data)[0])
    text = stated.text.replace('{"SD"', f'{{"SA":"{name}","SD"')
    with pytest.raises(SignatureMissingError):
        verify_ocmf(parse_ocmf(text), stated.public_key)
