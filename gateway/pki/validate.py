"""Whether a device's certificate leads to the root: RFC 5280 paths under this project's profile. Pure.

The path is checked by ``cryptography``'s X.509 verification. Added to its rules: a device's certificate has exactly one
SAN, a URI that is a device name, and the extended key usage that the caller wants. Revocation is judged apart, for it
depends on what the key signed and when (see the registry's sequence ranges).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.identity import DeviceId, parse_device_id
from counterfoil.gateway.pki.errors import PathInvalidError
from counterfoil.gateway.pki.profile import RECORD_SIGNING


def validate_device(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
    *,
    signs_records: bool,
) -> DeviceId:
    """The device that *leaf* names, whose path to one of *roots* is valid at the time *at*.

    Raises:
        PathInvalidError: the path, the name or the key usage is not as the profile wants it.
    """
    device = device_of(leaf)
    wanted = RECORD_SIGNING if signs_records else ExtendedKeyUsageOID.CLIENT_AUTH
    try:
        purposes = list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        purposes = []
    if wanted not in purposes:
        raise PathInvalidError(f"the certificate is not for {wanted.dotted_string}")
    validate_path(leaf, intermediates, roots, at)
    return device


def validate_path(
    leaf: x509.Certificate,
    intermediates: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> list[x509.Certificate]:
    """The path from *leaf* to one of *roots*, valid at the time *at*, the leaf first.

    Raises:
        PathInvalidError: there is none.
    """
    ee = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.SubjectAlternativeName, verification.Criticality.AGNOSTIC, None)
        .may_be_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, _is_no_authority)
        .may_be_present(x509.KeyUsage, verification.Criticality.AGNOSTIC, _signs_no_certificates)
    )
    ca = verification.ExtensionPolicy.webpki_defaults_ca()
    try:
        verifier = (
            verification.PolicyBuilder()
            .store(verification.Store(list(roots)))
            .time(at)
            .max_chain_depth(2)
            .extension_policies(ca_policy=ca, ee_policy=ee)
            .build_client_verifier()
        )
        return list(verifier.verify(leaf, list(intermediates)).chain)
    except (verification.VerificationError, ValueError) as failure:
        raise PathInvalidError(str(failure)) from failure


def device_of(leaf: x509.Certificate) -> DeviceId:
    """The device that a certificate names: its only SAN, a URI.

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
    except (x509.ExtensionNotFound, IdentityError, ValueError) as failure:
        raise PathInvalidError(f"the certificate names no device: {failure}") from failure


def _is_no_authority(
    _: verification.Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("a device's certificate is no CA's")


def _signs_no_certificates(
    _: verification.Policy, __: x509.Certificate, usage: x509.KeyUsage | None
) -> None:
    if usage is not None and usage.key_cert_sign:
        raise ValueError("a device's key signs no certificates")
