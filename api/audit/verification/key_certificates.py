"""Whether a device's certificate leads to the root, names the device, and was not revoked (pure).

Rules kept here:

* A path is checked at the chain's time of the key's registration. Certificates are short-lived, so
  years later it counts what was in force when the key was registered.
* A certificate that its authority revoked is accepted only where the registry closed its key too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from counterfoil.api.audit.verification.bundle import KeyFact
from counterfoil.api.audit.verification.errors import (
    AuditError,
    CertificateError,
    CertificateMissingError,
    CertificateRevokedError,
    RegistryMismatchError,
)
from counterfoil.gateway.certificate.errors import PkiError
from counterfoil.gateway.certificate.validation import validate_device
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record.identity import DeviceId, PublicKey
from counterfoil.gateway.record.verification import OPEN_SEQUENCE

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a damaged certificate or list may raise."""


def load_all(
    certificates: Sequence[bytes],
) -> tuple[dict[bytes, x509.Certificate], list[AuditError]]:
    """Return the certificates by SHA-256 of their DER, and an error for each that is none."""
    loaded: dict[bytes, x509.Certificate] = {}
    errors: list[AuditError] = []
    for number, der in enumerate(certificates):
        try:
            certificate = x509.load_der_x509_certificate(der)
            # Reading parses: what does not parse ends here.
            certificate.public_key()
            _ = (certificate.subject, certificate.issuer, certificate.extensions)
            _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
            loaded[sha256(der).digest()] = certificate
        except UNREADABLE as error:
            errors.append(
                CertificateError(f"certificates[{number}]", f"not a certificate: {error}")
            )
    return loaded, errors


def check_path(
    where: str,
    key: KeyFact,
    device: DeviceId,
    loaded: dict[bytes, x509.Certificate],
    root: x509.Certificate,
) -> AuditError | None:
    """Return why the certificate of *key* does not vouch for *device* under *root*, or None."""
    leaf = loaded.get(key.certificate_hash)
    if leaf is None:
        return CertificateMissingError(
            where, f"the certificate {key.certificate_hash.hex()} is not here"
        )
    intermediates = [c for c in loaded.values() if c is not leaf and is_authority(c)]
    try:
        registered = _registered(key, leaf)
    except (OverflowError, ValueError, OSError):
        return CertificateError(where, f"{key.registered_at} is no time of a registration")
    try:
        named = validate_device(
            leaf, intermediates, roots=[root], at=registered, signs_records=True
        )
    except PkiError as error:
        return CertificateError(where, f"it does not lead to the root given: {error}")
    if named != device:
        return CertificateError(where, f"it names {named}, not {device}")
    return None


def check_key(where: str, key: KeyFact, loaded: dict[bytes, x509.Certificate]) -> AuditError | None:
    """Return why the registered (x, y) is not the certificate's key, or None."""
    leaf = loaded.get(key.certificate_hash)
    if leaf is None:
        return None
    try:
        certified = PublicKey.of(leaf.public_key())  # type: ignore[arg-type]
    except (IdentityError, AttributeError) as error:
        return RegistryMismatchError(where, f"the certificate's key is no P-256 key: {error}")
    if (certified.x, certified.y) != (key.x, key.y):
        return RegistryMismatchError(where, "the certificate is for another key")
    return None


def check_revocations(
    keys: Sequence[KeyFact],
    revocations: Sequence[bytes],
    loaded: dict[bytes, x509.Certificate],
    root: x509.Certificate,
) -> Iterable[AuditError]:
    """Yield an error for each CRL that is not its issuer's, and for each revoked key left open."""
    authorities = [root, *(c for c in loaded.values() if is_authority(c))]
    for number, der in enumerate(revocations):
        where = f"revocations[{number}]"
        try:
            crl = x509.load_der_x509_crl(der)
            _ = (crl.issuer, crl.extensions, list(crl))
        except UNREADABLE as error:
            yield CertificateError(where, f"not a revocation list: {error}")
            continue
        if not any(_signed_list(crl, authority) for authority in authorities):
            yield CertificateError(where, "not signed by an authority of this bundle")
            continue
        for key in keys:
            leaf = loaded.get(key.certificate_hash)
            if leaf is None or leaf.issuer != crl.issuer:
                continue
            entry = crl.get_revoked_certificate_by_serial_number(leaf.serial_number)
            if entry is not None and key.until_sequence == OPEN_SEQUENCE:
                yield CertificateRevokedError(
                    f"registry epoch {key.epoch}",
                    f"revoked on {entry.revocation_date_utc:%Y-%m-%d}, its key still open",
                )


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate may issue others."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca


def _signed_list(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        if authority.subject != crl.issuer:
            return False
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except UNREADABLE:
        return False


def _registered(key: KeyFact, leaf: x509.Certificate) -> datetime:
    if key.registered_at == 0:
        return leaf.not_valid_before_utc
    return datetime.fromtimestamp(key.registered_at, UTC)
