"""Revoked keys are named, and a file without a timely list of its keys' authority is not valid."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtensionOID
from support_bundles import one_machine
from support_world import DAY_MS, DEVICES, FIRST_MS, PINNED, World, der, private_key
from typer import Typer
from typer.testing import CliRunner

from counterfoil.api.audit.commands import audit as audit_commands
from counterfoil.api.audit.making.collection import collect
from counterfoil.api.audit.verification import steps
from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.bundle_format import encode
from counterfoil.api.audit.verification.report import Report
from counterfoil.gateway.certificate import profile
from counterfoil.gateway.certificate.errors import PathInvalidError
from counterfoil.gateway.certificate.validation import validate_device

DEVICE = DEVICES[0]
SOON = datetime.fromtimestamp(FIRST_MS / 1000 + 1.9 * 86_400, UTC)
"""In the evening of the second day: between its sales and the third day's."""


@pytest.fixture(scope="module")
def world() -> World:
    return one_machine()


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return collect(world.store().engine, None, world.facts(DEVICE, 0, FIRST_MS + 2 * DAY_MS))


def report(bundle: Bundle, world: World, *own: bytes) -> Report:
    return steps.verify(encode(bundle), world.root, deployment_hash=PINNED, revocations=own)


def codes(found: Report) -> list[str]:
    return [finding.code for finding in found.findings]


def revoked(world: World, since: datetime = SOON) -> bytes:
    return world.revocation_list((world.certificates[DEVICE].serial_number, since))


def test_the_lists_and_their_dates_are_printed(bundle: Bundle, world: World) -> None:
    found = report(bundle, world)
    assert found.verdict == "valid"
    line = found.steps[2].checked
    assert "lists of revoked certificates: Test issuing of 2022-07-30 00:00Z, next 2032-" in line
    assert "0 revoked" in line
    assert "whether an authority was revoked is not known" in line


def test_without_a_list_it_cannot_be_told(bundle: Bundle, world: World) -> None:
    found = report(replace(bundle, revocations=()), world)
    assert codes(found) == ["bundle.revocation_list_missing"]
    assert "CN=Test issuing" in str(found.findings[0])
    assert found.verdict == "unverifiable"
    assert (
        report(replace(bundle, revocations=()), world, world.revocation_list()).verdict == "valid"
    )


def test_a_list_that_was_overdue_is_stale(bundle: Bundle, world: World) -> None:
    """Due between the certificate's making and the file's: by the maker's clock, or by the newest block's."""
    old = world.revocation_list(days=31)  # until a day after the first sales
    made_early = bundle.scope._replace(made_ms=0)
    for changed in (bundle, replace(bundle, scope=made_early)):
        found = report(replace(changed, revocations=(old,)), world)
        if changed is bundle:
            assert codes(found) == ["certificate.list_invalid"]
            assert "was due on 2022-08-30" in str(found.findings[0])
            assert found.verdict == "unverifiable"
        assert (
            report(replace(changed, revocations=(old,)), world, world.revocation_list()).verdict
            == "valid"
        )
    before_all = world.revocation_list(days=20)
    found = report(replace(bundle, scope=made_early, revocations=(before_all,)), world)
    assert codes(found) == ["certificate.list_invalid"], "whatever the maker's clock says"


def test_a_revoked_key_that_is_open_is_wrong(bundle: Bundle, world: World) -> None:
    found = report(replace(bundle, revocations=(revoked(world),)), world)
    assert codes(found) == ["certificate.revoked"]
    assert "the key of epoch 1 IS REVOKED since 2022-08-30" in found.steps[2].checked
    own = report(bundle, world, revoked(world))
    assert codes(own) == ["certificate.revoked"], "a newer list of the auditor's own tells it"


def test_a_revoked_key_that_still_counts_is_named(bundle: Bundle, world: World) -> None:
    """The registry ended the key behind its revocation: the last day's sales count."""
    last = bundle.state.sequence  # type: ignore[union-attr]
    ended = replace(
        bundle,
        revocations=(revoked(world),),
        registry=(world.key_fact(DEVICE, until=last, revoked=1),),
    )
    found = report(ended, world)
    assert codes(found) == ["bundle.revoked_key_used"]
    assert "from here on 2 of epoch 1 were signed after 2022-08-30" in str(found.findings[0])
    assert found.verdict == "unverifiable"
    assert f"ends with number {last}, and what it signed" in found.steps[2].checked


def test_a_key_revoked_after_all_it_signed_is_named_and_valid(bundle: Bundle, world: World) -> None:
    last = bundle.state.sequence  # type: ignore[union-attr]
    registry = (world.key_fact(DEVICE, until=last, revoked=1),)
    late = datetime.fromtimestamp(FIRST_MS / 1000 + 20 * 86_400, UTC)
    found = report(replace(bundle, revocations=(revoked(world, late),), registry=registry), world)
    assert found.verdict == "valid"
    assert "IS REVOKED since 2022-09-18" in found.steps[2].checked
    found = report(replace(bundle, registry=registry), world)
    assert "IS REVOKED in the registry, on no list" in found.steps[2].checked


def test_numbers_that_were_anchored_and_taken_back_are_named(bundle: Bundle, world: World) -> None:
    """A key ended below what is under the last head: a file of the days before must say so."""
    last = bundle.state.sequence  # type: ignore[union-attr]
    two_days = collect(world.store().engine, None, world.facts(DEVICE, 0, FIRST_MS + 2 * DAY_MS))
    kept = replace(
        two_days,
        records=two_days.records[:4],
        inclusion=two_days.inclusion[:4],
        registry=(world.key_fact(DEVICE, until=4, revoked=1),),
    )
    found = report(kept, world)
    named = [str(f) for f in found.findings if f.code == "record.disputed"]
    assert named == [
        f"registry epoch 1: its numbers 5 to {last} are anchored, and were taken back since"
    ]
    assert found.verdict != "valid"


def test_a_list_of_another_authority_or_form_is_no_list(bundle: Bundle, world: World) -> None:
    start = world.issuing.not_valid_before_utc
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(world.issuing.subject)
        .last_update(start)
        .next_update(start + timedelta(days=3_650))
    )
    only_authorities = x509.IssuingDistributionPoint(
        full_name=None,
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=True,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )
    delta = builder.add_extension(x509.DeltaCRLIndicator(1), critical=True)
    partial = builder.add_extension(only_authorities, critical=True)
    twin = World(devices=DEVICES[:1], seed=7)  # an authority of the same name under another root
    for certificates, crl in (
        ((), builder.sign(private_key(7), hashes.SHA256())),
        ((), delta.sign(world.issuing_key, hashes.SHA256())),
        ((), partial.sign(world.issuing_key, hashes.SHA256())),
        ((), builder.sign(world.issuing_key, hashes.SHA384())),
        ((der(twin.issuing),), builder.sign(twin.issuing_key, hashes.SHA256())),
    ):
        changed = replace(
            bundle,
            certificates=(*bundle.certificates, *certificates),
            revocations=(crl.public_bytes(serialization.Encoding.DER),),
        )
        assert codes(report(changed, world)) == [
            "certificate.invalid",
            "bundle.revocation_list_missing",
        ]


def root_list(world: World, since: datetime) -> bytes:
    start = world.root.not_valid_before_utc
    entry = x509.RevokedCertificateBuilder().serial_number(world.issuing.serial_number)
    crl = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(world.root.subject)
        .last_update(start)
        .next_update(start + timedelta(days=3_650))
        .add_revoked_certificate(entry.revocation_date(since).build())
        .sign(private_key(100 + world.seed), hashes.SHA256())
    )
    return crl.public_bytes(serialization.Encoding.DER)


def test_a_revoked_authority_certifies_nothing_after_it(bundle: Bundle, world: World) -> None:
    before = report(bundle, world, root_list(world, world.issuing.not_valid_before_utc))
    assert codes(before) == ["certificate.revoked"]
    assert "the authority that certified it was revoked" in str(before.findings[0])
    after = report(bundle, world, root_list(world, SOON))
    assert codes(after) == [], "what it certified before stays"
    assert "whether an authority" not in after.steps[2].checked


def test_the_command_takes_a_newer_list(bundle: Bundle, world: World, tmp_path: Path) -> None:
    app = Typer()
    audit_commands.register(app)
    file, root = tmp_path / "x.bundle", tmp_path / "root.pem"
    file.write_bytes(encode(bundle))
    root.write_bytes(world.root.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "crl.der").write_bytes(revoked(world))
    crl = x509.load_der_x509_crl(revoked(world))
    (tmp_path / "crl.pem").write_bytes(crl.public_bytes(serialization.Encoding.PEM))
    arguments = ["audit", "verify", str(file), "--root-ca", str(root)]
    arguments += ["--deployment-hash", PINNED.hex()]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    for name in ("crl.der", "crl.pem"):
        result = CliRunner().invoke(app, [*arguments, "--crl", str(tmp_path / name)])
        assert result.exit_code == 1
        assert "certificate.revoked" in result.stdout
    assert CliRunner().invoke(app, [*arguments, "--crl", str(root)]).exit_code == 2


EVERY_USAGE = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
USAGES = {
    "signs certificates": {"key_cert_sign": True},
    "signs lists": {"crl_sign": True},
    "signs nothing": {"digital_signature": False, "key_encipherment": True},
    "signs and promises": {"content_commitment": True},
}


def certified(
    world: World, usage: x509.KeyUsage | None, *, critical: bool = True, constrained: bool = True
) -> x509.Certificate:
    """The device's certificate, with another key usage or none."""
    true = world.certificates[DEVICE]
    builder = (
        x509.CertificateBuilder()
        .subject_name(true.subject)
        .issuer_name(true.issuer)
        .public_key(true.public_key())
        .serial_number(true.serial_number)
        .not_valid_before(true.not_valid_before_utc)
        .not_valid_after(true.not_valid_after_utc)
    )
    for extension in true.extensions:
        value: x509.ExtensionType = extension.value
        if extension.oid == ExtensionOID.KEY_USAGE:
            if usage is None:
                continue
            value = usage
        if extension.oid == ExtensionOID.BASIC_CONSTRAINTS and not constrained:
            continue
        critical_here = critical if extension.oid == ExtensionOID.KEY_USAGE else extension.critical
        builder = builder.add_extension(value, critical_here)
    return builder.sign(world.issuing_key, hashes.SHA256())


def wrong_certificates(world: World) -> dict[str, x509.Certificate]:
    right = {name: name == "digital_signature" for name in EVERY_USAGE}
    found = {
        name: certified(world, x509.KeyUsage(**{**right, **change}))
        for name, change in USAGES.items()
    }
    found["no usage"] = certified(world, None)
    found["not critical"] = certified(world, x509.KeyUsage(**right), critical=False)
    found["no constraints"] = certified(world, x509.KeyUsage(**right), constrained=False)
    return found


@pytest.mark.parametrize("name", [*USAGES, "no usage", "not critical", "no constraints"])
def test_a_certificate_without_the_profiles_key_usage_vouches_for_nothing(
    name: str, bundle: Bundle, world: World
) -> None:
    wrong = wrong_certificates(world)[name]
    with pytest.raises(PathInvalidError):
        validate_device(wrong, [world.issuing], [world.root], SOON, signs_records=True)
    key = bundle.registry[0]._replace(certificate_hash=sha256(der(wrong)).digest())
    changed = replace(bundle, certificates=(der(world.issuing), der(wrong)), registry=(key,))
    assert codes(report(changed, world)) == ["certificate.invalid"]


def test_an_authority_that_may_not_sign_certificates_vouches_for_nothing(world: World) -> None:
    root_key = private_key(100 + world.seed)
    for name in ("crl_sign", "key_cert_sign"):
        usage = {n: n != name and n in ("crl_sign", "key_cert_sign") for n in EVERY_USAGE}
        builder = (
            x509.CertificateBuilder()
            .subject_name(world.issuing.subject)
            .issuer_name(world.root.subject)
            .public_key(world.issuing.public_key())
            .serial_number(77)
            .not_valid_before(world.issuing.not_valid_before_utc)
            .not_valid_after(world.issuing.not_valid_after_utc)
        )
        for extension in world.issuing.extensions:
            is_usage = extension.oid == ExtensionOID.KEY_USAGE
            value = x509.KeyUsage(**usage) if is_usage else extension.value
            builder = builder.add_extension(value, extension.critical)
        weak = builder.sign(root_key, hashes.SHA256())
        leaf = world.certificates[DEVICE]
        with pytest.raises(PathInvalidError):
            validate_device(leaf, [weak], [world.root], SOON, signs_records=True)
    validate_device(leaf, [world.issuing], [world.root], SOON, signs_records=True)


def test_many_authorities_and_lists_take_time_in_proportion(bundle: Bundle, world: World) -> None:
    """Authorities of one name times lists of that name must not be tried each with each."""
    now = datetime.fromtimestamp(world.certified_ms / 1000, UTC)
    key = private_key(500)
    crowd = [der(profile.root_certificate("Test issuing", key, now)) for _ in range(40)]
    lists = [world.revocation_list(days=3_650 + n) for n in range(40)]
    began = time.process_time()
    found = report(
        replace(bundle, certificates=(*bundle.certificates, *crowd), revocations=tuple(lists)),
        world,
    )
    assert time.process_time() - began < 5
    assert codes(found) == []
    more = [der(profile.root_certificate("Test issuing", key, now)) for _ in range(70)]
    found = report(replace(bundle, certificates=(*bundle.certificates, *more)), world)
    assert "certificate.invalid" in codes(found)
    for part in ({"revocations": tuple(lists) * 2}, {"registry": bundle.registry * 1_025}):
        assert codes(report(replace(bundle, **part), world)) == ["bundle.part_malformed"]
