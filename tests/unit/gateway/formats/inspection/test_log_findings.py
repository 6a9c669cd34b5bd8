"""Inspecting what a log signs, and a bundle in few lines: what it is, and what is wrong in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_world import DAY_MS, DEVICES, FIRST_MS, World
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle_format import decode, encode
from counterfoil.gateway.formats.inspection import commands
from counterfoil.gateway.formats.inspection.file_findings import inspect_content
from counterfoil.gateway.formats.inspection.finding import Finding
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, sign_checkpoint
from counterfoil.gateway.log.merkle import MemoryTree, hash_leaf, inclusion_proof
from counterfoil.gateway.log.tlog_proof import TlogProof
from counterfoil.gateway.record.identity import Digest

ORIGIN = "log.example/fleet"
TREE = MemoryTree(hash_leaf(b"entry %d" % n) for n in range(20))
HEAD = Head(20, TREE.root(20), Digest(sha256(b"state").digest()))
NOTE = sign_checkpoint(
    Checkpoint(ORIGIN, HEAD), ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32))
)
PROOF = TlogProof(7, tuple(inclusion_proof(7, 20, TREE.read)), NOTE).encode()


def finding(content: bytes) -> Finding:
    (found,) = inspect_content(content, datetime.now(UTC))
    return found


def test_a_checkpoint_says_its_log_size_root_and_signers() -> None:
    found = finding(NOTE)
    assert (found.format, found.verdict) == ("checkpoint", "unverifiable")
    assert found.summary["log"] == ORIGIN
    assert (found.summary["size"], found.summary["root"]) == (20, HEAD.root)
    assert found.summary["signed_by"] == [ORIGIN]


def test_a_proof_says_its_place_and_its_checkpoint() -> None:
    found = finding(PROOF)
    assert (found.format, found.verdict) == ("tlog-proof", "unverifiable")
    assert (found.summary["log_index"], found.summary["size"]) == (7, 20)
    assert "check-proof" in found.reason


@pytest.mark.parametrize(
    ("content", "format_"),
    [
        (NOTE.replace(b"\n\n", b"\n"), "checkpoint"),
        (NOTE.replace(b"state ", b"stait "), "checkpoint"),
        (NOTE[:-1], "checkpoint"),
        (PROOF.replace(b"index 7", b"index x"), "tlog-proof"),
        (PROOF.replace(b"index 7", b"index 20"), "tlog-proof"),
        (PROOF[: PROOF.index(b"\n\n")], "tlog-proof"),
        (PROOF.replace(b"state ", b"stait "), "tlog-proof"),
    ],
)
def test_a_broken_one_is_invalid(content: bytes, format_: str) -> None:
    found = finding(content)
    assert (found.format, found.verdict) == (format_, "invalid")
    assert found.reason.startswith("checkpoint.invalid")


@pytest.fixture(scope="module")
def whole() -> bytes:
    world = World()
    world.sell(days=3)
    facts = world.facts(DEVICES[0], FIRST_MS, FIRST_MS + 2 * DAY_MS)
    return encode(collect(world.store().engine, None, facts))


def printed(file: Path, *options: str) -> str:
    app = Typer()
    app.callback()(lambda: None)
    commands.register(app)
    return CliRunner().invoke(app, ["inspect", str(file), *options]).stdout


def test_a_bundles_true_records_are_one_line_and_times_are_dates(
    whole: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "machine.bundle"
    file.write_bytes(whole)
    count = len(json.loads(printed(file, "--json"))) - 1
    short, all_of_them = printed(file), printed(file, "--all")
    heads = [line for line in short.splitlines() if not line.startswith(" ")]
    assert len(heads) == 2
    assert f"records: valid: {count} of them" in heads[1]
    assert "  first: 2022-08-29 00:00:00Z" in short.splitlines()
    assert "_ms" not in short
    assert all_of_them.count("record: valid") == count


def test_a_changed_record_is_named_beside_the_others(whole: bytes, tmp_path: Path) -> None:
    records = [one.summary for one in inspect_content(whole, datetime.now(UTC))[1:]]
    raw, second = bytearray(whole), decode(whole)[0].records[1].raw
    raw[raw.index(second) + len(second) - 80] ^= 1
    findings = inspect_content(bytes(raw), datetime.now(UTC))
    wrong = [one.summary["log_index"] for one in findings[1:] if one.verdict == "invalid"]
    assert len(wrong) == 1 < len(records)
    file = tmp_path / "changed.bundle"
    file.write_bytes(bytes(raw))
    said = printed(file)
    assert said.count(": record: invalid") == 1
    assert f"  log_index: {wrong[0]}" in said
    assert f"records: valid: {len(records) - 1} of them" in said
