"""A bundle proves what it says, and a change of any byte of any part of it is found and named."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support_bundles import bundle_of, world_of
from support_world import DAY_MS, DEVICES, FIRST_MS, World, der, private_key, verify

from counterfoil.api.audit.making.collection import NothingToBundleError, collect
from counterfoil.api.audit.verification.bundle import Bundle, Entry
from counterfoil.api.audit.verification.bundle_format import PARTS, decode, encode
from counterfoil.api.audit.verification.errors import (
    CertificateError,
    CertificateMissingError,
    CertificateRevokedError,
    ChainBrokenError,
    CheckpointMismatchError,
    ConsistencyError,
    ContainerError,
    CosignaturesTooFewError,
    EndOpenError,
    InclusionError,
    NotAnchoredError,
    PartAlteredError,
    PeriodError,
    RecordRefusedError,
    RegistryMismatchError,
    RevocationListMissingError,
    RevokedKeyUsedError,
    StateError,
)
from counterfoil.api.audit.verification.log_steps import LogTrust
from counterfoil.api.audit.verification.money_errors import NotDistributedError
from counterfoil.gateway.log.checkpoint import Checkpoint, Head, LogKey, log_key_of, sign_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosign, split_note, with_lines
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.proof_class import ProofClass

DEVICE = DEVICES[0]
ANEW = (
    "records",
    "heads",
    "assignments",
    "inclusion",
    "consistency",
    "state",
    "terms",
    "distributions",
    "pools",
    "takes",
)
ANEW += ("blocks",)
SHARED = ("records", "inclusion", "consistency", "state", "blocks")
"""Parts that are named by the record, the heads, the device or the payment that they are about."""
LOG = Ed25519PrivateKey.from_private_bytes(b"\3" * 32)
LOG_KEY = log_key_of("log.example", LOG)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"\4" * 32)
WITNESS_KEY = WitnessKey("bank.example/w1", WITNESS.public_key().public_bytes_raw())


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(days=4)


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    """The second day's records, with the two before and the two after."""
    return bundle_of(world, days=1, since=1)


def found(bundle: Bundle, world: World) -> list[type]:
    return [type(finding) for finding in verify(encode(bundle), world.root).findings]


def test_true_bundle_is_valid_at_every_step(bundle: Bundle, world: World) -> None:
    report = verify(encode(bundle), world.root)
    assert report.findings == []
    assert report.verdict == "valid"
    assert [step.number for step in report.steps] == list(range(1, 14))
    assert report.steps[6].checked == (
        "4 records of the period 2022-08-30 00:00:00Z to 2022-08-31 00:00:00Z by the device's clock, "
        "4 sales of 9.00 USD, 0 refunds, 0 other records"
    )


def test_whole_life_and_empty_period_are_bundled_and_their_end_is_open(world: World) -> None:
    engine = world.store().engine
    for first, until, count in (
        (0, FIRST_MS + 4 * DAY_MS, 16),
        (FIRST_MS + 3 * DAY_MS + 80_000_000, FIRST_MS + 4 * DAY_MS, 2),
    ):
        made = collect(engine, None, world.facts(DEVICE, first, until))
        assert len(made.records) == count
        report = verify(encode(made), world.root)
        assert EndOpenError in [type(one) for one in report.open]
        assert report.verdict == "unverifiable"


def test_unknown_device_has_nothing_to_bundle(world: World) -> None:
    facts = world.facts(DEVICE, 0, 1)
    facts = replace(facts, scope=facts.scope._replace(device=DEVICES[4]))
    with pytest.raises(NothingToBundleError):
        collect(world.store().engine, None, facts)


def test_encoding_is_deterministic_and_reads_back(bundle: Bundle) -> None:
    data = encode(bundle)
    again, altered = decode(data)
    assert altered == []
    assert encode(again) == data


MONEY = ("terms", "distributions", "pools", "takes")


def small_bundle(days: int) -> tuple[World, Bundle]:
    small = World(devices=DEVICES[:1])
    small.sell(days=days + 2, sales_a_day=1)
    facts = small.facts(DEVICE, 0, FIRST_MS + days * DAY_MS)
    made = collect(small.store().engine, None, facts)
    return small, replace(made, checkpoint=cosigned_note(made))


def spans_of(data: bytes) -> dict[str, tuple[int, int]]:
    """Where the content of each part begins and ends."""
    spans, at = {}, 0
    for name, digest, part in cbor2.loads(data)[2]:
        # By its digest, and behind the part before: an empty part's one byte stands in many places.
        row = digest + cbor2.dumps(part)
        at = data.index(row, at) + len(row)
        spans[name] = at - len(part), at
    return spans


def test_any_changed_byte_at_all_is_found_and_its_part_named() -> None:
    """Every byte of a small bundle, each by two bits, goes through all steps; of the blocks every third."""
    small, made = small_bundle(days=1)
    kept = {one.transaction_hash for one in (*made.heads, *made.assignments)}
    blocks = small.chain.prove({n: h for n, h in made.on_chain().items() if kept & set(h)})
    made = replace(made, terms=(), distributions=(), pools=(), takes=(), blocks=tuple(blocks))
    data = encode(made)
    trust = LogTrust(LOG_KEY, [WITNESS_KEY], 1)
    assert [type(f) for f in verify(data, small.root, trust).findings] == [NotDistributedError]
    spans = spans_of(data)
    assert all(end - start > 30 for n, (start, end) in spans.items() if n not in MONEY)
    first, last = spans["blocks"]
    for at in range(len(data)):
        if first <= at < last and (at - first) % 3:
            continue
        name = next((n for n, (start, end) in spans.items() if start <= at < end), None)
        changed = bytearray(data)
        changed[at] ^= 0x41
        findings = verify(bytes(changed), small.root, trust).findings
        assert any(not finding.unverifiable for finding in findings), at
        assert name is None or any(f.where.startswith(name) for f in findings), (name, at)


def test_any_changed_byte_of_the_money_and_its_blocks_is_found_and_its_part_named() -> None:
    """Every 23rd byte of these parts, by two bits."""
    small, made = small_bundle(days=3)
    data = encode(made)
    assert verify(data, small.root).findings == []
    for name, (start, end) in spans_of(data).items():
        if name not in (*MONEY, "blocks"):
            continue
        assert end - start > 30, "something in every part"
        for at in range(start, end, 23):
            changed = bytearray(data)
            changed[at] ^= 0x41
            findings = verify(bytes(changed), small.root).findings
            assert any(f.where.startswith(name) for f in findings), (name, at)
            assert any(not finding.unverifiable for finding in findings), (name, at)


def cosigned_note(bundle: Bundle) -> bytes:
    """The log's checkpoint of the bundle's last head, with a witness's cosignature."""
    head = bundle.heads[-1]
    stated = Head(head.size, Digest(head.root), Digest(head.state))
    note = sign_checkpoint(Checkpoint("log.example", stated), "log.example", LOG)
    return with_lines(
        note,
        [
            cosign(
                text=split_note(note)[0],
                name="bank.example/w1",
                private_key=WITNESS,
                time_s=1_700_000_000,
            )
        ],
    )


def test_checkpoint_says_who_has_seen_the_head(bundle: Bundle, world: World) -> None:
    data = encode(replace(bundle, checkpoint=cosigned_note(bundle)))
    report = verify(data, world.root, LogTrust(LOG_KEY, [WITNESS_KEY], 1))
    assert report.verdict == "valid"
    assert "not its state, cosigned by bank.example/w1 at 2023-11-14" in report.steps[8].checked
    assert verify(data, world.root).verdict == "valid"
    asked = verify(encode(bundle), world.root, LogTrust(LOG_KEY, [WITNESS_KEY], 1))
    assert [type(f) for f in asked.findings] == [CosignaturesTooFewError]
    assert asked.verdict == "unverifiable"


def test_checkpoint_of_another_log_or_head_is_found(bundle: Bundle, world: World) -> None:
    note = cosigned_note(bundle)
    early = replace(bundle, heads=bundle.heads[:1])
    size = b"%d\n" % early.heads[0].size
    for other, trust in (
        (
            replace(bundle, checkpoint=cosigned_note(early).replace(size, b"9%s" % size, 1)),
            LogTrust(LOG_KEY),
        ),
        (replace(bundle, checkpoint=note), LogTrust(LogKey("log.example", bytes(32)))),
        (replace(bundle, checkpoint=b"no note"), LogTrust()),
        (replace(bundle, checkpoint=note.replace(b"\n\n", b"\nmore\n\n", 1)), LogTrust()),
    ):
        found_ = verify(encode(other), world.root, trust).findings
        assert [type(f) for f in found_] == [CheckpointMismatchError]


def test_changed_byte_of_a_larger_bundle_is_found_and_its_part_named(
    bundle: Bundle, world: World
) -> None:
    data = encode(replace(bundle, checkpoint=cosigned_note(bundle)))
    parts = {row[0]: row[2] for row in cbor2.loads(data)[2]}
    for name in PARTS:
        start = data.index(parts[name])
        length = len(parts[name])
        for offset in sorted({0, length - 1, *range(0, length, max(1, length // 10))}):
            changed = bytearray(data)
            changed[start + offset] ^= 0x01
            findings = verify(bytes(changed), world.root).findings
            assert findings, (name, offset)
            assert any(finding.where.startswith(name) for finding in findings), (name, offset)


def test_changed_record_is_named_with_its_sale(bundle: Bundle, world: World) -> None:
    target = bundle.records[2]
    raw = bytearray(target.raw)
    raw[-100] ^= 0x01
    rows = list(bundle.records)
    rows[2] = Entry(target.log_index, bytes(raw))
    report = verify(encode(replace(bundle, records=tuple(rows))), world.root)
    assert any(
        isinstance(f, RecordRefusedError) and f"log index {target.log_index}" in f.where
        for f in report.findings
    )


def test_file_that_is_no_bundle_ends_at_the_first_step(world: World) -> None:
    report = verify(b"%PDF-1.7", world.root)
    assert [type(f) for f in report.findings] == [ContainerError]
    assert len(report.steps) == 1


def test_digest_names_the_altered_part(bundle: Bundle, world: World) -> None:
    data = encode(bundle)
    at = data.index(sha256(cbor2.loads(data)[2][0][2]).digest())
    changed = data[:at] + bytes(32) + data[at + 32 :]
    assert [type(f) for f in verify(changed, world.root).findings] == [PartAlteredError]


def test_other_root_does_not_vouch(bundle: Bundle) -> None:
    assert CertificateError in found(bundle, World(seed=50))


def test_time_of_registration_that_is_none_is_named(bundle: Bundle, world: World) -> None:
    for time_s in (2**40, 2**63, 2**64 - 1):
        key = bundle.registry[0]._replace(registered_at=time_s)
        assert found(replace(bundle, registry=(key,)), world) == [CertificateError]


def test_absent_certificate_is_unverifiable(bundle: Bundle, world: World) -> None:
    report = verify(encode(replace(bundle, certificates=(bundle.certificates[0],))), world.root)
    assert [type(f) for f in report.findings] == [CertificateMissingError]
    assert report.verdict == "unverifiable"


def test_certificate_of_another_device_is_refused(world: World) -> None:
    facts = world.facts(DEVICE, 0, FIRST_MS + 2 * DAY_MS)
    other = world.certificates[DEVICES[1]]
    key = facts.keys[0]._replace(certificate_hash=sha256(der(other)).digest())
    facts = replace(facts, keys=[key], certificates=[der(world.issuing), der(other)])
    kinds = found(collect(world.store().engine, None, facts), world)
    assert set(kinds) == {CertificateError, RegistryMismatchError}


def test_revoked_certificate_with_open_key_is_found(bundle: Bundle, world: World) -> None:
    start = world.issuing.not_valid_before_utc
    revoked = (
        x509.RevokedCertificateBuilder()
        .serial_number(world.certificates[DEVICE].serial_number)
        .revocation_date(start)
        .build()
    )
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(world.issuing.subject)
        .last_update(start)
        .next_update(world.issuing.not_valid_after_utc)
        .add_revoked_certificate(revoked)
    )
    good = crl.sign(world.issuing_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    forged = crl.sign(private_key(7), hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    assert found(replace(bundle, revocations=(good,)), world) == [CertificateRevokedError]
    kinds = [CertificateError, RevocationListMissingError]
    assert found(replace(bundle, revocations=(forged,)), world) == kinds
    closed = replace(bundle, revocations=(good,), registry=(world.key_fact(DEVICE, 100, 1),))
    assert found(closed, world) == [RevokedKeyUsedError]


def test_record_left_out_is_a_gap(bundle: Bundle, world: World) -> None:
    without = replace(
        bundle,
        records=(*bundle.records[:2], *bundle.records[3:]),
        inclusion=(*bundle.inclusion[:2], *bundle.inclusion[3:]),
    )
    assert found(without, world) == [ChainBrokenError]


def test_period_cut_at_either_end_is_found(bundle: Bundle, world: World) -> None:
    head = replace(bundle, records=bundle.records[1:], inclusion=bundle.inclusion[1:])
    tail = replace(bundle, records=bundle.records[:-1], inclusion=bundle.inclusion[:-1])
    assert found(head, world) == [PeriodError]
    assert found(tail, world) == [PeriodError]


def test_proof_of_another_record_does_not_include(bundle: Bundle, world: World) -> None:
    swapped = (bundle.inclusion[1], bundle.inclusion[0], *bundle.inclusion[2:])
    assert set(found(replace(bundle, inclusion=swapped), world)) == {InclusionError}


def test_rewritten_head_is_not_consistent(bundle: Bundle, world: World) -> None:
    first = bundle.heads[0]._replace(root=Digest(bytes(32)))
    kinds = found(replace(bundle, heads=(first, *bundle.heads[1:])), world)
    assert kinds == [ConsistencyError, NotAnchoredError]


def test_state_that_ends_elsewhere_is_found(bundle: Bundle, world: World) -> None:
    assert bundle.state is not None
    earlier = bundle.state._replace(sequence=bundle.state.sequence - 1)
    assert StateError in found(replace(bundle, state=earlier), world)


@pytest.mark.parametrize("name", ANEW)
def test_changed_byte_is_found_even_under_a_digest_made_anew(
    name: str, bundle: Bundle, world: World
) -> None:
    """Whoever changes a part can change its digest: what is signed or hashed must still tell."""
    magic, version, rows = cbor2.loads(encode(bundle))
    at = PARTS.index(name)
    part = rows[at][2]
    for offset in range(0, len(part), max(1, len(part) // 40)):
        changed = bytearray(part)
        changed[offset] ^= 0x01
        rows[at] = [name, sha256(changed).digest(), bytes(changed)]
        report = verify(cbor2.dumps([magic, version, rows], canonical=True), world.root)
        assert report.verdict == "invalid", offset
        assert any(f.where.startswith(name) for f in report.findings) or name in SHARED, offset
        assert not any(isinstance(f, PartAlteredError) for f in report.findings), offset


def test_bundle_of_an_older_version_is_told_from_a_damaged_one(world: World) -> None:
    for version in (1, 2, 3):
        rows = [["scope", bytes(32), b"\x80"], ["registry", bytes(32), b"\x80"]]
        older = cbor2.dumps(["counterfoil bundle", version, rows])
        report = verify(older, world.root)
        assert [f.code for f in report.findings] == ["bundle.version_unsupported"]
        assert report.verdict == "unverifiable"


def test_class_of_proof_is_one_of_four(bundle: Bundle, world: World) -> None:
    for word in ProofClass:
        stated = replace(bundle, scope=bundle.scope._replace(proof_class=word))
        assert decode(encode(stated))[0].scope.proof_class is word
        assert verify(encode(stated), world.root).verdict == "valid"
    for word in ("", "Machine", "certain"):
        stated = replace(bundle, scope=bundle.scope._replace(proof_class=word))  # type: ignore[arg-type]
        (finding,) = verify(encode(stated), world.root).findings
        assert finding.code == "bundle.part_malformed"
        assert "scope.proof_class is none of machine, meter, collector, reported" in finding.detail


def test_bundle_made_without_a_node_is_unverifiable(bundle: Bundle, world: World) -> None:
    bare = replace(bundle, blocks=(), terms=(), distributions=(), pools=(), takes=())
    report = verify(encode(bare), world.root)
    assert [f.code for f in report.findings] == ["bundle.block_missing"]
    assert report.verdict == "unverifiable"
