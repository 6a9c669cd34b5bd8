"""Whether a certificate leads to the root, is in force, and whom it names. Pure: bytes and a time.

Rules kept here; the code is tagged with the numbers:

1. A path leads from the certificate to a trusted root (RFC 5280, section 6), judged by
   ``cryptography``'s verifier: signatures, validity at the stated time, CA flag, key usage, path
   length, name constraints, unknown critical extensions. The certificate states the purpose.
2. Every key on the path is P-256, every signature ECDSA with SHA-256, every serial number
   positive and at most 20 bytes.
3. Every CA names its key (SKI) and every certificate its issuer's key (AKI); name constraints
   are critical; only the end entity has an extended key usage. On a device's path each has its basic constraints and
   its key usage, critical: a CA's key signs certificates and lists, a device's makes signatures, and nothing
   else. Nothing else is critical there, and no names are constrained.
4. A device's certificate has one name, a URI that is a DeviceId; a server's has no wildcard.
5. The issuer's revocation list, when given, is signed, not stale, and does not list it. For
   records, what counts is the registry's sequence ranges: see ``docs/formats/certificates.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_address
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier, SignatureAlgorithmOID

from counterfoil.gateway.certificate.errors import (
    CertificateRevokedError,
    PathInvalidError,
    RevocationListInvalidError,
)
from counterfoil.gateway.certificate.profile import RECORD_SIGNING, key_usage
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record.identity import DeviceId, parse_device_id

MAX_CHAIN_DEPTH = 2
_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
_SERVER = ExtendedKeyUsageOID.SERVER_AUTH


def validate_device(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    *,
    signs_records: bool,
    crl: x509.CertificateRevocationList | None = None,
) -> DeviceId:
    """Return the device that *leaf* names, whose path to one of *roots* is valid at the time *at*.

    Raises:
        PathInvalidError: the path, the name or the key usage is not as the profile wants it.
        RevocationListInvalidError: *crl* is stale or not the issuer's.
        CertificateRevokedError: *crl* lists it, from a time that has come.
    """
    return device_path(
        leaf, intermediates, roots, at=at, signs_records=signs_records, crl=crl
    ).device


class DevicePath(NamedTuple):
    """The device that a certificate names, and its path: the certificate, its issuer, up to the root."""

    device: DeviceId
    chain: Sequence[x509.Certificate]


def device_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    *,
    signs_records: bool,
    crl: x509.CertificateRevocationList | None = None,
) -> DevicePath:
    """Return what :func:`validate_device` does, and the path."""
    device = device_of(leaf)  # 4
    purpose = RECORD_SIGNING if signs_records else _CLIENT
    try:  # 1
        verifier = _policy(roots, at, purpose, MAX_CHAIN_DEPTH).build_client_verifier()
        chain = verifier.verify(leaf, list(intermediates)).chain
    except (verification.VerificationError, ValueError, UnsupportedAlgorithm) as failure:
        raise PathInvalidError(str(failure)) from failure
    _is_in_profile(chain)
    for place, certificate in enumerate(chain):
        _has_its_usage(certificate, is_authority=place > 0)
    if crl is not None:
        check_not_revoked(leaf=chain[0], issuer=chain[1], crl=crl, at=at)
    return DevicePath(device, chain)


def validate_server(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    name: str,
    max_chain_depth: int = MAX_CHAIN_DEPTH,
) -> None:
    """Check that *leaf* is the certificate of the server *name*, a DNS name or an IP address.

    Raises:
        PathInvalidError: the path, the name or the key usage is not as the profile wants it.
    """
    subject: x509.DNSName | x509.IPAddress
    try:
        subject = x509.IPAddress(ip_address(name))
    except ValueError:
        subject = x509.DNSName(name)
    try:  # 1
        verifier = _policy(roots, at, purpose=_SERVER, depth=max_chain_depth).build_server_verifier(
            subject
        )
        chain = verifier.verify(leaf, list(intermediates))
    except (verification.VerificationError, ValueError, UnsupportedAlgorithm) as failure:
        raise PathInvalidError(str(failure)) from failure
    _is_in_profile(chain)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if any("*" in dns for dns in names.get_values_for_type(x509.DNSName)):  # 4
        raise PathInvalidError("the certificate has a wildcard name")


def check_not_revoked(
    leaf: x509.Certificate,
    issuer: x509.Certificate,
    crl: x509.CertificateRevocationList,
    at: datetime,
) -> None:
    """Check that *crl* is *issuer*'s, is in force at *at*, and does not list *leaf* (step 5).

    Raises:
        RevocationListInvalidError: it is another issuer's, or not in force.
        CertificateRevokedError: it lists *leaf*, from a time that has come.
    """
    key = issuer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or (
        crl.issuer.public_bytes() != issuer.subject.public_bytes()
    ):
        raise RevocationListInvalidError("the list is another issuer's")
    if not crl.is_signature_valid(key):
        raise RevocationListInvalidError("the list is not signed by the issuer")
    if crl.last_update_utc > at or crl.next_update_utc is None or crl.next_update_utc < at:
        raise RevocationListInvalidError(f"the list is not in force at {at.isoformat()}")
    entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
    if entry is not None and entry.revocation_date_utc <= at:
        since = entry.revocation_date_utc.isoformat()
        raise CertificateRevokedError(f"serial {leaf.serial_number:x} is revoked since {since}")


def device_of(leaf: x509.Certificate) -> DeviceId:
    """Return the device that a certificate names: its only SAN, a URI.

    Raises:
        PathInvalidError: it names none, or more.
    """
    try:
        names = list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
        if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
            raise PathInvalidError(
                f"the certificate has {len(names)} alternative names, not one URI"
            )
        return parse_device_id(names[0].value)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, IdentityError, ValueError) as failure:
        raise PathInvalidError(f"the certificate names no device: {failure}") from failure


def _policy(
    roots: Sequence[x509.Certificate], at: datetime, purpose: ObjectIdentifier, depth: int
) -> verification.PolicyBuilder:
    def serves(_: verification.Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
        if list(usage) != [purpose] and (purpose != _SERVER or purpose not in usage):
            raise ValueError(f"the certificate is not for {purpose.dotted_string}")
        if ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage:
            raise ValueError("the certificate is for any purpose")

    ee = verification.ExtensionPolicy.webpki_defaults_ee().require_present(
        x509.ExtendedKeyUsage, verification.Criticality.NON_CRITICAL, serves
    )
    return (
        verification.PolicyBuilder()
        .store(verification.Store(list(roots)))
        .time(at)
        .max_chain_depth(depth)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(), ee_policy=ee
        )
    )


def _is_in_profile(chain: Sequence[x509.Certificate]) -> None:
    for place, certificate in enumerate(chain):
        key = certificate.public_key()  # 2
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise PathInvalidError("a key on the path is not P-256")
        if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
            raise PathInvalidError("a signature on the path is not ECDSA with SHA-256")
        if not 0 < certificate.serial_number < 1 << 159:
            raise PathInvalidError("a serial number on the path is not positive, or too long")
        _names_its_keys(certificate, is_authority=place > 0, is_root=place == len(chain) - 1)


def _has_its_usage(certificate: x509.Certificate, *, is_authority: bool) -> None:
    """Step 3: the key may do what the profile gives to certificates of its kind and nothing else, critically."""
    found = {extension.oid: extension for extension in certificate.extensions}
    critical = {oid for oid, extension in found.items() if extension.critical}
    if (
        critical - {x509.BasicConstraints.oid, x509.KeyUsage.oid}
        or x509.NameConstraints.oid in found
    ):
        raise PathInvalidError(
            "a certificate on the path has a critical extension, or name constraints, that the profile has not"
        )
    constraints = found.get(x509.BasicConstraints.oid)
    if constraints is None or not constraints.critical or constraints.value.ca != is_authority:
        raise PathInvalidError("a certificate on the path has not the profile's basic constraints")
    usage = found.get(x509.KeyUsage.oid)
    if usage is None or not usage.critical:
        raise PathInvalidError("a certificate on the path has no critical key usage")
    if usage.value != key_usage(signs_certificates=is_authority):
        raise PathInvalidError("a certificate on the path has not the profile's key usage")


def _names_its_keys(certificate: x509.Certificate, *, is_authority: bool, is_root: bool) -> None:
    found = {extension.oid: extension for extension in certificate.extensions}  # 3
    key_id = found.get(x509.SubjectKeyIdentifier.oid)
    issuer_id = found.get(x509.AuthorityKeyIdentifier.oid)
    if is_authority and key_id is None:
        raise PathInvalidError("a CA on the path has no subject key identifier")
    self_issued = is_root and certificate.issuer == certificate.subject
    if issuer_id is None and not self_issued:
        raise PathInvalidError("a certificate on the path has no authority key identifier")
    if issuer_id is not None:
        named = issuer_id.value
        whole = named.authority_cert_issuer is None and named.authority_cert_serial_number is None
        if not whole or named.key_identifier is None:
            raise PathInvalidError("an authority key identifier is not a key identifier alone")
        own = key_id is not None and named.key_identifier == key_id.value.digest
        if self_issued and not own:
            raise PathInvalidError("the root names another issuer's key")
    if is_authority and x509.ExtendedKeyUsage.oid in found:
        raise PathInvalidError("a CA on the path has an extended key usage")
    constraints = found.get(x509.NameConstraints.oid)
    if constraints is not None and not constraints.critical:
        raise PathInvalidError("name constraints on the path are not critical")
