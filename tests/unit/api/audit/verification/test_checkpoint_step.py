"""Who vouches for a bundle's last head: the log's key, and witnesses, for its size and root."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_bundles import bundle_from_the_start, one_machine
from support_world import DAY_MS, DEVICES, FIRST_MS, World, verify

from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification.bundle import Bundle, HeadFact
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.log_steps import LogTrust
from counterfoil.api.audit.verification.report import Report
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, log_key_of, sign_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosign, split_note, with_lines
from counterfoil.gateway.logfiles.tiles import TileWriter
from counterfoil.gateway.record.identity import Digest

ORIGIN = "log.example"
LOG = Ed25519PrivateKey.from_private_bytes(b"\3" * 32)
LOG_KEY = log_key_of(ORIGIN, LOG)
WITNESSES = {
    f"bank.example/w{n}": Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (5, 6)
}
KNOWN = [WitnessKey(n, key.public_key().public_bytes_raw()) for n, key in WITNESSES.items()]


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine()


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    """Three days, with each day's head."""
    return bundle_from_the_start(world, days=2)


def note_of(head: HeadFact, **change: bytes) -> bytes:
    """The log's checkpoint of *head*, cosigned by both witnesses."""
    stated = head._replace(**change)  # type: ignore[arg-type]
    checkpoint = Checkpoint(ORIGIN, Head(stated.size, Digest(stated.root), Digest(stated.state)))
    note = sign_checkpoint(checkpoint, ORIGIN, LOG)
    text = split_note(note)[0]
    return with_lines(
        note, [cosign(text, name, key, 1_700_000_000) for name, key in WITNESSES.items()]
    )


def judged(bundle: Bundle, world: World, note: bytes, trust: LogTrust | None = None) -> Report:
    return verify(encode(replace(bundle, checkpoint=note)), world.root, trust)


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def test_a_checkpoint_of_an_earlier_head_vouches_for_nothing(bundle: Bundle, world: World) -> None:
    """The witnesses cosigned it truly; what the file rests on came later, and nobody outside has seen that."""
    trust = LogTrust(LOG_KEY, KNOWN, 2)
    assert len(bundle.heads) == 3
    for earlier in bundle.heads[:-1]:
        report = judged(bundle, world, note_of(earlier), trust)
        assert codes(report) == ["checkpoint.mismatch"]
        assert f"the last head is one of {bundle.heads[-1].size}" in str(report.findings[0])
        assert "cosigned by" not in report.steps[8].checked
        assert report.verdict == "invalid"
    assert judged(bundle, world, note_of(bundle.heads[-1]), trust).verdict == "valid"


@pytest.mark.parametrize("name", ["root", "state"])
def test_a_checkpoint_with_another_root_or_state_is_of_another_head(
    name: str, bundle: Bundle, world: World
) -> None:
    note = note_of(bundle.heads[-1], **{name: bytes(32)})
    assert codes(judged(bundle, world, note, LogTrust(LOG_KEY, KNOWN, 2))) == [
        "checkpoint.mismatch"
    ]


def test_the_report_says_that_witnesses_vouch_for_size_and_root_alone(
    bundle: Bundle, world: World
) -> None:
    said = judged(bundle, world, note_of(bundle.heads[-1]), LogTrust(LOG_KEY, KNOWN, 2))
    line = said.steps[8].checked
    assert (
        "its size and root, not its state, cosigned by bank.example/w5 at 2023-11-14 22:13:20Z"
        in line
    )
    assert "signed by the log" in line
    line = judged(bundle, world, note_of(bundle.heads[-1])).steps[8].checked
    assert "signature not looked at" in line
    assert "no witness has vouched" in line


def test_a_named_witness_must_have_cosigned_the_last_head(bundle: Bundle, world: World) -> None:
    stranger = WitnessKey("bank.example/w9", bytes(32))
    for trust in (LogTrust(LOG_KEY, [stranger]), LogTrust(LOG_KEY, [*KNOWN, stranger], 3)):
        report = judged(bundle, world, note_of(bundle.heads[-1]), trust)
        assert codes(report) == ["checkpoint.cosignatures_too_few"]
        assert report.verdict == "unverifiable"
    assert codes(judged(bundle, world, b"", LogTrust(None, KNOWN))) == [
        "checkpoint.cosignatures_too_few"
    ]
    assert codes(judged(bundle, world, b"", LogTrust(None, KNOWN, 0))) == []


def test_a_bundle_takes_the_logs_checkpoint_only_where_it_is_of_its_last_head(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    facts = world.facts(DEVICES[0], 0, FIRST_MS + 2 * DAY_MS)
    for head, is_taken in ((world.heads[-1], True), (world.heads[0], False)):
        tiles = tmp_path_factory.mktemp("tiles")
        writer = TileWriter(tiles)
        writer.append(record.raw for record in world.records)
        writer.publish()
        writer.write_checkpoint(note_of(head))
        made = collect(world.store().engine, tiles, facts)
        assert (made.checkpoint != b"") == is_taken
        assert verify(encode(made), world.root, LogTrust(LOG_KEY)).verdict == "valid"


def test_the_steps_line_says_of_which_head_and_who_vouched(bundle: Bundle, world: World) -> None:
    last = bundle.heads[-1]
    said = judged(bundle, world, note_of(last), LogTrust(LOG_KEY, KNOWN, 2)).steps[8].checked
    assert f"; checkpoint of {last.size}, the last head, signed by the log; " in said
    assert "no witness has vouched" not in said
    said = judged(bundle, world, note_of(last)).steps[8].checked
    assert said.endswith("; no witness has vouched for the last head")
    assert "the log's signature not looked at (--log-key)" in said


def test_a_checkpoint_in_a_file_without_heads_is_of_another_head(
    bundle: Bundle, world: World
) -> None:
    note = note_of(bundle.heads[-1])
    report = judged(replace(bundle, heads=(), consistency=()), world, note)
    size = bundle.heads[-1].size
    said = f"it is of a head of {size}, the last head is none"
    assert [one.detail for one in report.steps[8].findings] == [said]
    assert report.steps[7].checked.endswith(" under the head of 0")
    whole = judged(bundle, world, note).steps[7].checked
    assert whole.endswith(f" under the head of {size}")
