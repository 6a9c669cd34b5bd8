"""The committed vectors are judged as they say, and the script still makes the same bytes."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from counterfoil.gateway.errors import ReceiptError, RecordError
from counterfoil.gateway.log.merkle import hash_leaf
from counterfoil.gateway.log.receipt import verify_promise, verify_receipt
from counterfoil.gateway.record.chain_check import (
    Accepted,
    ChainTip,
    NumberUsed,
    check_chain,
    check_used_number,
)
from counterfoil.gateway.record.identity import DeviceId, Digest, PublicKey
from counterfoil.gateway.record.record import Counters
from counterfoil.gateway.record.signed_record import decode
from counterfoil.gateway.record.verification import (
    OPEN_SEQUENCE,
    DeviceKey,
    KeyRing,
    KeyStatus,
    verify_signature,
)

FOLDER = Path(__file__).resolve().parents[3] / "vectors"
RECORDS: dict[str, Any] = json.loads((FOLDER / "records.json").read_text())
RECEIPTS: dict[str, Any] = json.loads((FOLDER / "receipts.json").read_text())
DEVICE = DeviceId(RECORDS["device"])


def ring(entries: list[dict[str, Any]]) -> KeyRing:
    keys = {}
    for entry in entries:
        until = entry["until_sequence"]
        keys[DeviceId(entry["device"]), entry["epoch"]] = DeviceKey(
            device=DeviceId(entry["device"]),
            epoch=entry["epoch"],
            key=PublicKey(bytes.fromhex(entry["x"]), bytes.fromhex(entry["y"])),
            from_sequence=entry["from_sequence"],
            until_sequence=OPEN_SEQUENCE if until is None else until,
            status=KeyStatus(entry["status"]),
        )
    return keys


def tip(entry: dict[str, Any] | None) -> ChainTip | None:
    if entry is None:
        return None
    return ChainTip(
        device=DeviceId(entry["device"]),
        epoch=entry["epoch"],
        sequence=entry["sequence"],
        payload_digest=Digest(bytes.fromhex(entry["payload_digest"])),
        counters=Counters(*entry["counters"]),
    )


def judge(vector: dict[str, Any]) -> str:
    raw = bytes.fromhex(vector["raw"])
    try:
        signed = verify_signature(raw, DEVICE, ring(vector.get("keys", RECORDS["keys"])))
        outcome = check_chain(signed, tip(vector["tip"]))
        if isinstance(outcome, NumberUsed):
            check_used_number(signed, None)
    except RecordError as error:
        return error.code
    assert isinstance(outcome, Accepted)
    return "accepted"


@pytest.mark.parametrize("vector", RECORDS["good"], ids=lambda vector: vector["name"])
def test_good_records_are_accepted(vector: dict[str, Any]) -> None:
    assert judge(vector) == "accepted"
    raw = bytes.fromhex(vector["raw"])
    assert decode(raw).payload_digest.hex() == vector["payload_digest"]
    assert hash_leaf(raw).hex() == vector["leaf_hash"]


@pytest.mark.parametrize("vector", RECORDS["bad"], ids=lambda vector: vector["name"])
def test_bad_records_are_refused_with_their_code(vector: dict[str, Any]) -> None:
    assert judge(vector) == vector["code"]


def test_every_refusal_has_a_vector() -> None:
    def codes(error: type[RecordError]) -> set[str]:
        return {error.code}.union(*(codes(one) for one in error.__subclasses__()))

    shown = {vector["code"] for vector in RECORDS["bad"]}
    assert codes(RecordError) - {RecordError.code} == shown


RECEIPT_KEY = PublicKey(bytes.fromhex(RECEIPTS["key"]["x"]), bytes.fromhex(RECEIPTS["key"]["y"]))


@pytest.mark.parametrize("vector", RECEIPTS["receipts"], ids=lambda vector: str(vector["index"]))
def test_receipts_prove_their_records(vector: dict[str, Any]) -> None:
    entry = bytes.fromhex(vector["raw"])
    receipt = verify_receipt(bytes.fromhex(vector["receipt"]), entry, RECEIPT_KEY)
    assert (receipt.log_index, receipt.tree_size) == (vector["index"], RECEIPTS["size"])
    assert receipt.root.hex() == RECEIPTS["root"]


@pytest.mark.parametrize("vector", RECEIPTS["bad"], ids=lambda vector: vector["name"])
def test_receipts_that_prove_nothing_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(ReceiptError):
        verify_receipt(bytes.fromhex(vector["receipt"]), bytes.fromhex(vector["raw"]), RECEIPT_KEY)


def test_the_promise_covers_its_record() -> None:
    vector = RECEIPTS["promise"]
    promise, origin = verify_promise(bytes.fromhex(vector["promise"]), RECEIPT_KEY)
    assert origin == RECEIPTS["origin"]
    assert promise.covers(decode(bytes.fromhex(vector["raw"])))


def test_the_script_makes_the_committed_files(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("make_vectors", FOLDER / "make_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "make_vectors", script)  # its dataclass looks itself up
    spec.loader.exec_module(script)
    for name, text in script.documents().items():
        assert (FOLDER / name).read_text() == text, f"run tests/vectors/make_vectors.py for {name}"


def test_the_page_shows_the_vector_byte_by_byte() -> None:
    page = (FOLDER.parents[1] / "docs" / "formats" / "record.md").read_text()
    block = page.split("## A record, byte by byte")[1].split("```")[1]
    shown = ""
    for line in block.splitlines():
        shown += "".join(re.match(r"[0-9a-f ]*", line.split("  " * 8)[0])[0].split())  # type: ignore[index]
    vector = next(one for one in RECORDS["good"] if one["name"] == "sale in cash without lines")
    assert shown == vector["raw"]
    assert vector["payload_digest"] in page
    assert vector["leaf_hash"] in page
