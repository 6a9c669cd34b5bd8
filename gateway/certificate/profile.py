"""The certificate profile: what each kind of certificate says (RFC 5280).

All keys are P-256, all signatures ECDSA with SHA-256. A device has two certificates with the same SAN URI: the TLS one
(extended key usage clientAuth) and the one of its record-signing key (extended key usage ``RECORD_SIGNING``). Serial
numbers are random, 159 bits.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from counterfoil.gateway.record.identity import DeviceId

RECORD_SIGNING = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1.1")
"""Extended key usage of a record-signing key; under the private arc reserved for documentation."""

ROOT_DAYS, ISSUING_DAYS, DEVICE_DAYS, SERVER_DAYS, CRL_DAYS = 7_300, 1_825, 90, 90, 7
_BACKDATED = timedelta(minutes=5)


def root_certificate(name: str, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """Return a self-signed root."""
    builder = _authority(
        name, issuer=name, public_key=key.public_key(), now=now, days=ROOT_DAYS, path_length=1
    )
    return _sign(builder, key, key.public_key())


def issuing_certificate(
    name: str,
    public_key: ec.EllipticCurvePublicKey,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """Return an issuing CA below *root* that can't make further CAs."""
    builder = _authority(
        name,
        issuer=_common_name(root),
        public_key=public_key,
        now=now,
        days=ISSUING_DAYS,
        path_length=0,
    )
    return _sign(builder, root_key, root_key.public_key())


def device_certificate(
    device: DeviceId,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    signs_records: bool,
) -> x509.Certificate:
    """Return a device's TLS certificate, or the one of its record-signing key."""
    usage = RECORD_SIGNING if signs_records else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = _leaf(
        name=device.rsplit(":", 1)[-1][:64],
        public_key=public_key,
        issuer=issuer,
        now=now,
        days=DEVICE_DAYS,
        purpose=usage,
    )
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(device)])
    return _sign(builder.add_extension(names, critical=False), issuer_key, issuer_key.public_key())


def server_certificate(
    names: Sequence[str],
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """Return a gateway's TLS certificate for these DNS names and IP addresses."""
    builder = _leaf(
        name=names[0][:64],
        public_key=public_key,
        issuer=issuer,
        now=now,
        days=SERVER_DAYS,
        purpose=ExtendedKeyUsageOID.SERVER_AUTH,
    )
    alternative = x509.SubjectAlternativeName([_general_name(name) for name in names])
    return _sign(
        builder.add_extension(alternative, critical=False), issuer_key, issuer_key.public_key()
    )


def revocation_list(
    entries: Sequence[tuple[int, datetime, x509.ReasonFlags]],
    number: int,
    issuer: x509.Certificate,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.CertificateRevocationList:
    """Return a full CRL of (serial number, time, reason), valid for a week."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        .next_update(now + timedelta(days=CRL_DAYS))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    for serial, at, reason in entries:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        if reason is not x509.ReasonFlags.unspecified:
            revoked = revoked.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(revoked.build())
    return builder.sign(issuer_key, hashes.SHA256())


def _authority(
    name: str,
    issuer: str,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
    path_length: int,
) -> x509.CertificateBuilder:
    usage = key_usage(signs_certificates=True)
    return (
        _base(name, issuer=_name(issuer), public_key=public_key, now=now, days=days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage, critical=True)
    )


def _leaf(
    name: str,
    public_key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate,
    now: datetime,
    days: int,
    purpose: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    left = (issuer.not_valid_after_utc - now.astimezone(UTC)).days
    return (
        _base(name, issuer=issuer.subject, public_key=public_key, now=now, days=min(days, left))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    )


def _base(
    name: str, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    start = now.astimezone(UTC).replace(microsecond=0) - _BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _sign(
    builder: x509.CertificateBuilder,
    key: ec.EllipticCurvePrivateKey,
    issuer_public: ec.EllipticCurvePublicKey,
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public)
    return builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return what a CA's key may do, or what a leaf's may."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
