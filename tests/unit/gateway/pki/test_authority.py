"""The device CA: what it certifies, what it refuses, and that each refusal is its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from counterfoil.gateway.certificate.enrolment import EnrolmentRequest, make_enrolment_request
from counterfoil.gateway.certificate.errors import (
    AlreadyRevokedError,
    CertificateRevokedError,
    CertificateUnknownError,
    NotAdmittedError,
    PathInvalidError,
    PkiError,
    RequestRefusedError,
    RevocationListInvalidError,
    RevocationTimeError,
    RootLockedError,
)
from counterfoil.gateway.certificate.renewal import RenewalRequest, make_renewal_request
from counterfoil.gateway.certificate.validation import validate_device, validate_server
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.commands import register
from counterfoil.gateway.pki.creation import create_root
from counterfoil.gateway.pki.key_file import create_key
from counterfoil.gateway.record.identity import DeviceId, PublicKey

DEVICE = DeviceId("urn:dev:os:32473-vj300320611")
PASSPHRASE = "correct horse battery"


def key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def request_for(device: DeviceId = DEVICE) -> EnrolmentRequest:
    return make_enrolment_request(device, key(), key())


def leaf_of(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificates(pem)[0]


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path / "pki", PASSPHRASE)


def test_enrolled_device_has_two_valid_certificates(authority: CertificateAuthority) -> None:
    request = request_for()
    enrolment = authority.enrol(request)
    tls, record = leaf_of(enrolment.tls_certificate), leaf_of(enrolment.record_certificate)
    path = [authority.issuing], [authority.root], datetime.now(UTC)
    assert validate_device(tls, *path, signs_records=False) == DEVICE
    assert validate_device(record, *path, signs_records=True) == DEVICE
    certified = record.public_key()
    assert isinstance(certified, ec.EllipticCurvePublicKey)
    assert PublicKey.of(certified) == request.record_key
    der = record.public_bytes(serialization.Encoding.DER)
    assert enrolment.record_certificate_hash == sha256(der).digest()
    assert tls.serial_number >= 2**64
    assert [row.kind for row in authority.issued(DEVICE)] == ["tls", "record"]


def test_neither_certificate_serves_as_the_other(authority: CertificateAuthority) -> None:
    enrolment = authority.enrol(request_for())
    tls, record = leaf_of(enrolment.tls_certificate), leaf_of(enrolment.record_certificate)
    path = [authority.issuing], [authority.root], datetime.now(UTC)
    with pytest.raises(PathInvalidError):
        validate_device(tls, *path, signs_records=True)
    with pytest.raises(PathInvalidError):
        validate_device(record, *path, signs_records=False)
    with pytest.raises(PathInvalidError):
        validate_server(tls, *path, "localhost")


def test_root_is_not_needed_once_the_issuing_ca_is_signed(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    root_key = tmp_path / "pki" / "root" / "root.key"
    assert root_key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert root_key.stat().st_mode & 0o077 == 0
    root_key.unlink()
    authority.close()
    assert CertificateAuthority(tmp_path / "pki").enrol(request_for()).device == DEVICE
    constraints = authority.issuing.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)


def test_root_without_a_passphrase_or_ca_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RootLockedError):
        create_root(tmp_path, "", "root")
    with pytest.raises(PkiError):
        CertificateAuthority(tmp_path / "absent")


def test_request_without_possession_of_the_record_key_is_refused(
    authority: CertificateAuthority,
) -> None:
    one, other = request_for(), request_for()
    forged = EnrolmentRequest(DEVICE, one.csr_pem, other.record_key, other.signature)
    with pytest.raises(RequestRefusedError):
        authority.enrol(forged)
    with pytest.raises(RequestRefusedError):
        authority.enrol(
            EnrolmentRequest(
                DEVICE, csr_pem=b"?", record_key=one.record_key, signature=one.signature
            )
        )
    assert authority.issued() == []


def test_one_key_for_both_certificates_is_refused(authority: CertificateAuthority) -> None:
    same = key()
    with pytest.raises(RequestRefusedError):
        authority.enrol(make_enrolment_request(DEVICE, same, same))


def test_revocation_is_in_the_next_list_with_its_reason(authority: CertificateAuthority) -> None:
    enrolment = authority.enrol(request_for())
    tls, record = leaf_of(enrolment.tls_certificate), leaf_of(enrolment.record_certificate)
    path = [authority.issuing], [authority.root]
    now = datetime.now(UTC) + timedelta(seconds=2)
    first = x509.load_pem_x509_crl(authority.write_crl().read_bytes())
    assert validate_device(tls, *path, now, signs_records=False, crl=first) == DEVICE
    authority.revoke(tls.serial_number, x509.ReasonFlags.key_compromise)
    second = x509.load_pem_x509_crl(authority.crl_path.read_bytes())
    numbers = [
        crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for crl in (first, second)
    ]
    assert numbers[1] > numbers[0]
    entry = second.get_revoked_certificate_by_serial_number(tls.serial_number)
    assert entry is not None
    reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    assert reason is x509.ReasonFlags.key_compromise
    with pytest.raises(CertificateRevokedError):
        validate_device(tls, *path, now, signs_records=False, crl=second)
    assert validate_device(record, *path, now, signs_records=True, crl=second) == DEVICE
    later = now + timedelta(days=8)
    with pytest.raises(RevocationListInvalidError):
        validate_device(tls, *path, later, signs_records=False, crl=second)
    with pytest.raises(AlreadyRevokedError):
        authority.revoke(tls.serial_number)
    with pytest.raises(CertificateUnknownError):
        authority.revoke(1)


def test_certificate_or_list_of_another_authority_is_refused(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    other = CertificateAuthority.create(tmp_path / "other", PASSPHRASE)
    now = datetime.now(UTC) + timedelta(seconds=2)
    theirs = leaf_of(other.enrol(request_for()).tls_certificate)
    for intermediates in ([authority.issuing], [other.issuing], []):
        with pytest.raises(PathInvalidError):
            validate_device(
                leaf=theirs,
                intermediates=intermediates,
                roots=[authority.root],
                at=now,
                signs_records=False,
            )
    ours = leaf_of(authority.enrol(request_for()).tls_certificate)
    crl = x509.load_pem_x509_crl(other.write_crl().read_bytes())
    with pytest.raises(RevocationListInvalidError):
        validate_device(
            leaf=ours,
            intermediates=[authority.issuing],
            roots=[authority.root],
            at=now,
            signs_records=False,
            crl=crl,
        )


@pytest.mark.parametrize("days", [-1, 91])
def test_certificate_outside_its_validity_is_refused(
    authority: CertificateAuthority, days: int
) -> None:
    tls = leaf_of(authority.enrol(request_for()).tls_certificate)
    at = datetime.now(UTC) + timedelta(days=days)
    with pytest.raises(PathInvalidError):
        validate_device(
            leaf=tls,
            intermediates=[authority.issuing],
            roots=[authority.root],
            at=at,
            signs_records=False,
        )


def test_server_certificate_serves_its_names_only(authority: CertificateAuthority) -> None:
    server = leaf_of(authority.certify_server(key().public_key(), ["localhost", "127.0.0.1"]))
    path = [authority.issuing], [authority.root], datetime.now(UTC)
    for name in ("localhost", "127.0.0.1"):
        validate_server(server, *path, name)
    with pytest.raises(PathInvalidError):
        validate_server(server, *path, "example.com")
    with pytest.raises(PathInvalidError):
        validate_device(server, *path, signs_records=False)


def test_certificate_is_registered_before_it_leaves(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    enrolment = authority.enrol(request_for())
    reader = CertificateAuthority(tmp_path / "pki")
    serial = leaf_of(enrolment.record_certificate).serial_number
    assert reader.certificate(serial) == leaf_of(enrolment.record_certificate)


def test_token_admits_one_device_once(authority: CertificateAuthority) -> None:
    request = request_for()
    token = authority.admit(DEVICE)
    other = request_for(DeviceId("urn:dev:os:32473-other"))
    for refused in (lambda: authority.enrol(other, token), lambda: authority.enrol(request, "x")):
        with pytest.raises(NotAdmittedError):
            refused()
    assert authority.issued() == []
    authority.enrol(request, token)
    with pytest.raises(NotAdmittedError):
        authority.enrol(request, token)
    assert len(authority.issued()) == 2


def test_expired_token_admits_nobody(tmp_path: Path) -> None:
    CertificateAuthority.create(tmp_path, PASSPHRASE)
    now = [datetime.now(UTC)]
    authority = CertificateAuthority(tmp_path, lambda: now[0])
    token = authority.admit(DEVICE, days=3)
    now[0] += timedelta(days=4)
    with pytest.raises(NotAdmittedError):
        authority.enrol(request_for(), token)


def test_renewal_is_authorised_by_the_current_key(tmp_path: Path) -> None:
    CertificateAuthority.create(tmp_path, PASSPHRASE)
    now = [datetime.now(UTC)]
    authority = CertificateAuthority(tmp_path, lambda: now[0])
    tls_key, record_key, new_key = key(), key(), key()
    enrolment = authority.enrol(make_enrolment_request(DEVICE, tls_key, record_key))
    current = enrolment.tls_certificate
    now[0] += timedelta(days=60)
    request = make_renewal_request(current, tls_key, new_key)
    assert RenewalRequest.from_json(request.to_json()) == request
    renewed = leaf_of(authority.renew(request))
    path = [authority.issuing], [authority.root], now[0] + timedelta(days=80)
    assert validate_device(renewed, *path, signs_records=False) == DEVICE
    another = authority.enrol(request_for()).tls_certificate
    for refused in (
        make_renewal_request(current, new_key, key()),
        make_renewal_request(current, tls_key, tls_key),
        make_renewal_request(current, tls_key, record_key),
        RenewalRequest(another, request.csr_pem, request.signature),
        RenewalRequest(current, request.csr_pem, b"\0" * 64),
        RenewalRequest(current, b"?", request.signature),
    ):
        with pytest.raises(RequestRefusedError):
            authority.renew(refused)
    authority.revoke(leaf_of(current).serial_number)
    with pytest.raises(RequestRefusedError):
        authority.renew(request)
    now[0] += timedelta(days=31)
    with pytest.raises(PathInvalidError):
        authority.renew(request)


def test_revocation_may_lie_in_the_past_and_not_in_the_future(
    authority: CertificateAuthority,
) -> None:
    serial = leaf_of(authority.enrol(request_for()).tls_certificate).serial_number
    now = datetime.now(UTC)
    for since in (now + timedelta(hours=1), now.replace(tzinfo=None)):
        with pytest.raises(RevocationTimeError):
            authority.revoke(serial, since=since)
    authority.revoke(serial, since=now - timedelta(hours=1))
    crl = x509.load_pem_x509_crl(authority.crl_path.read_bytes())
    entry = crl.get_revoked_certificate_by_serial_number(serial)
    assert entry is not None
    assert entry.revocation_date_utc == (now - timedelta(hours=1)).replace(microsecond=0)


def test_command_line_from_root_to_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, status: int = 0) -> Any:
        result = CliRunner().invoke(app, ["pki", *arguments])
        assert result.exit_code == status, (arguments, result.output)
        return json.loads(result.stdout if status == 0 else result.stderr)

    assert run("init-root", status=2)["code"] == "pki.root_locked"
    monkeypatch.setenv("COUNTERFOIL_PKI_PASSPHRASE", PASSPHRASE)
    run("init-root", "--json")
    run("init-issuing", "--json")
    Path("pki/root/root.key").unlink()
    token = run("admit", DEVICE, "--json")["token"]
    tls_key = create_key(Path("tls.key"))
    Path("csr.json").write_text(
        json.dumps(make_enrolment_request(DEVICE, tls_key, key()).to_json())
    )
    enrolled = run("enrol", "csr.json", "--out", "d", "--token", token, "--json")
    assert enrolled["device"] == DEVICE
    assert run("enrol", "csr.json", "--token", token, status=2)["code"] == "pki.not_admitted"
    run("server-cert", "localhost", "127.0.0.1", "--json")
    result = CliRunner().invoke(
        app, ["pki", "renewal-request", "d/tls.pem", "--key", "tls.key", "--new-key", "new.key"]
    )
    Path("renew.json").write_text(result.stdout)
    serial = run("renew", "renew.json", "--out", "new.pem", "--json")["serial"]
    verify = ("verify", "new.pem", "--root", "pki/root.pem", "--crl", "pki/crl.pem", "--json")
    assert run(*verify) == {"device": DEVICE, "valid": True}
    assert run("show", serial, "--json")["name"] == DEVICE
    run("revoke", serial, "--reason", "keyCompromise", "--json")
    assert run(*verify, status=1)["code"] == "certificate.revoked"
    assert (
        run("verify", "d/tls.pem", "--root", "d/record.pem", status=1)["code"]
        == "certificate.invalid"
    )
    rows = run("list", "--json")
    assert [row["kind"] for row in rows] == ["tls", "record", "server", "tls"]
    assert [row["reason"] for row in rows] == [None, None, None, "keyCompromise"]
    assert run("revoke", serial, status=1)["code"] == "certificate.already_revoked"


def test_a_timer_renews_what_is_due_and_copies_the_list(tmp_path: Path) -> None:
    """A CA that is kept apart from its gateways: only their certificates are there, not their keys."""
    CertificateAuthority.create(tmp_path / "pki", PASSPHRASE).close()
    long_ago = CertificateAuthority(
        tmp_path / "pki", lambda: datetime.now(UTC) - timedelta(days=70)
    )
    server, copied = tmp_path / "gateway.crt", tmp_path / "crl.pem"
    server.write_bytes(long_ago.certify_server(key().public_key(), ["127.0.0.1", "gw.example"]))
    long_ago.write_crl()
    long_ago.close()
    before = leaf_of(server.read_bytes())
    app = typer.Typer()
    register(app)
    arguments = ["pki", "renew-due", "--ca", str(tmp_path / "pki"), "--server", str(server)]
    arguments += ["--list-to", str(copied), "--json"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0
    assert json.loads(first.output)["written"] == [
        str(tmp_path / "pki" / "crl.pem"),
        str(server),
        str(copied),
    ]
    after = leaf_of(server.read_bytes())
    assert after.public_key() == before.public_key()
    assert after.not_valid_after_utc > before.not_valid_after_utc + timedelta(days=69)
    names = x509.SubjectAlternativeName
    assert (
        after.extensions.get_extension_for_class(names).value
        == before.extensions.get_extension_for_class(names).value
    )
    assert json.loads(CliRunner().invoke(app, arguments).output)["written"] == []


def test_a_timer_does_not_renew_what_this_ca_did_not_issue(tmp_path: Path) -> None:
    CertificateAuthority.create(tmp_path / "pki", PASSPHRASE).close()
    CertificateAuthority.create(tmp_path / "other", PASSPHRASE).close()
    other = CertificateAuthority(tmp_path / "other", lambda: datetime.now(UTC) - timedelta(days=70))
    server = tmp_path / "gateway.crt"
    server.write_bytes(other.certify_server(key().public_key(), ["127.0.0.1"]))
    before = server.read_bytes()
    app = typer.Typer()
    register(app)
    arguments = ["pki", "renew-due", "--ca", str(tmp_path / "pki"), "--server", str(server)]
    refused = CliRunner().invoke(app, arguments)
    assert refused.exit_code == 1
    assert "certificate.unknown" in refused.output
    assert server.read_bytes() == before
