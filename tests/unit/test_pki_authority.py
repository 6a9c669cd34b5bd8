"""The device CA: what it certifies, what it refuses, and that each refusal is its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.device.keys import EnrolmentRequest, make_enrolment_request
from counterfoil.gateway.identity import DeviceId, PublicKey
from counterfoil.gateway.pki.authority import CertificateAuthority, create_root
from counterfoil.gateway.pki.errors import (
    AlreadyRevokedError,
    CertificateRevokedError,
    CertificateUnknownError,
    PathInvalidError,
    PkiError,
    RequestRefusedError,
    RevocationListInvalidError,
    RootLockedError,
)
from counterfoil.gateway.pki.validate import validate_device, validate_server

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
        authority.enrol(EnrolmentRequest(DEVICE, b"?", one.record_key, one.signature))
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
            validate_device(theirs, intermediates, [authority.root], now, signs_records=False)
    ours = leaf_of(authority.enrol(request_for()).tls_certificate)
    crl = x509.load_pem_x509_crl(other.write_crl().read_bytes())
    with pytest.raises(RevocationListInvalidError):
        validate_device(
            ours, [authority.issuing], [authority.root], now, signs_records=False, crl=crl
        )


@pytest.mark.parametrize("days", [-1, 91])
def test_certificate_outside_its_validity_is_refused(
    authority: CertificateAuthority, days: int
) -> None:
    tls = leaf_of(authority.enrol(request_for()).tls_certificate)
    at = datetime.now(UTC) + timedelta(days=days)
    with pytest.raises(PathInvalidError):
        validate_device(tls, [authority.issuing], [authority.root], at, signs_records=False)


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
