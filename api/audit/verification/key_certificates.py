"""Whether a device's certificate leads to the root and names the device (pure).

Rules kept here:

* A path is checked at the chain's time of the key's registration. Certificates are short-lived, so
  years later it counts what was in force when the key was registered.
* A certificate that can't be read is passed over unless a key names it: libraries read more or less of what is damaged,
  and what no key needs decides nothing.
* Whether one was revoked stands in ``revocation_lists``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from counterfoil.api.audit.verification.bundle import KeyFact
from counterfoil.api.audit.verification.errors import (
    AuditError,
    CertificateError,
    CertificateMissingError,
    RegistryMismatchError,
)
from counterfoil.api.audit.verification.said import Counted, Joined, Part, Said
from counterfoil.gateway.certificate.errors import PkiError
from counterfoil.gateway.certificate.validation import device_path
from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record.identity import DeviceId, PublicKey

MOST_AUTHORITIES = 64
"""As many CAs below one root are looked at."""
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What reading a damaged certificate or list may raise."""


Unreadable = Mapping[bytes, Said]
"""Why it is no certificate, by the SHA-256 of its bytes."""


def load_all(
    certificates: Sequence[bytes],
) -> tuple[dict[bytes, x509.Certificate], Unreadable]:
    """Return the certificates by SHA-256 of their DER, and those that are none."""
    loaded: dict[bytes, x509.Certificate] = {}
    unreadable: dict[bytes, Said] = {}
    for der in certificates:
        try:
            certificate = x509.load_der_x509_certificate(der)
            # Reading parses: what does not parse ends here.
            certificate.public_key()
            _ = (certificate.subject, certificate.issuer, certificate.extensions)
            _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
            loaded[sha256(der).digest()] = certificate
        except UNREADABLE as error:
            unreadable[sha256(der).digest()] = Said("not a certificate: {error}", error=error)
    return loaded, unreadable


@dataclass(frozen=True)
class Paths:
    """The paths of the keys' certificates to the *root*, by the key's place in the registry, and its authorities."""

    root: x509.Certificate
    chains: Mapping[int, Sequence[x509.Certificate]]
    authorities: Sequence[x509.Certificate]


def check_paths(
    keys: Sequence[KeyFact],
    device: DeviceId,
    loaded: dict[bytes, x509.Certificate],
    root: x509.Certificate,
    unreadable: Unreadable,
) -> tuple[Paths, list[AuditError]]:
    """Return the paths that vouch for *device* under *root*, and why the others don't."""
    known = [c for c in loaded.values() if is_authority(c)]
    errors: list[AuditError] = []
    if len(known) > MOST_AUTHORITIES:
        detail = Said("more than {number} authorities", number=MOST_AUTHORITIES)
        errors.append(CertificateError(Part("certificates"), detail))
        known = known[:MOST_AUTHORITIES]
    chains: dict[int, Sequence[x509.Certificate]] = {}
    for place, key in enumerate(keys):
        where = epoch_named(key.epoch)
        found: Sequence[x509.Certificate] | AuditError
        if key.certificate_hash in unreadable:
            found = CertificateError(where, unreadable[key.certificate_hash])
        else:
            found = _path(where, key, device, loaded=loaded, known=known, root=root)
        if isinstance(found, AuditError):
            errors.append(found)
        else:
            chains[place] = found
    leading = [root, *(c for c in known if _is_issued_by(c, root))]
    leading += [c for chain in chains.values() for c in chain[1:]]
    authorities = {c.fingerprint(hashes.SHA256()): c for c in leading}
    return Paths(root, chains, tuple(authorities.values())), errors


def paths_text(keys: Sequence[KeyFact], unreadable: Unreadable) -> Said:
    """Return how many paths were looked at, and what was passed over, in words."""
    said = Said("{paths} to the root given", paths=Counted(len(keys), "certificate path"))
    if not unreadable:
        return said
    passed_over = Said(
        "{certificates} that can't be read, passed over",
        certificates=Counted(len(unreadable), "certificate"),
    )
    return Joined("; ", (said, passed_over))


def epoch_named(epoch: int) -> Said:
    """Return the name of a registered key in the report."""
    return Said("registry epoch {epoch}", epoch=epoch)


def _path(
    where: Said,
    key: KeyFact,
    device: DeviceId,
    loaded: dict[bytes, x509.Certificate],
    known: Sequence[x509.Certificate],
    root: x509.Certificate,
) -> Sequence[x509.Certificate] | AuditError:
    """The path of the certificate of *key*; an error where it does not vouch for *device* under *root*."""
    leaf = loaded.get(key.certificate_hash)
    if leaf is None:
        missing = key.certificate_hash.hex()
        return CertificateMissingError(
            where, Said("the certificate {hash} is not here", hash=missing)
        )
    try:
        registered = _registered(key, leaf)
    except (OverflowError, ValueError, OSError):
        detail = Said("{time} is no time of a registration", time=key.registered_at)
        return CertificateError(where, detail)
    try:
        named, chain = device_path(leaf, known, roots=[root], at=registered, signs_records=True)
    except PkiError as error:
        detail = Said("it does not lead to the root given: {error}", error=error)
        return CertificateError(where, detail)
    if named != device:
        return CertificateError(
            where, Said("it names {named}, not {device}", named=named, device=device)
        )
    return chain


def _is_issued_by(certificate: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(root)
    except (*UNREADABLE, InvalidSignature):
        return False
    return True


def check_key(
    where: Said, key: KeyFact, loaded: dict[bytes, x509.Certificate]
) -> AuditError | None:
    """Return why the registered (x, y) is not the certificate's key, or None."""
    leaf = loaded.get(key.certificate_hash)
    if leaf is None:
        return None
    try:
        certified = PublicKey.of(leaf.public_key())  # type: ignore[arg-type]
    except (IdentityError, AttributeError) as error:
        detail = Said("the certificate's key is no P-256 key: {error}", error=error)
        return RegistryMismatchError(where, detail)
    if (certified.x, certified.y) != (key.x, key.y):
        return RegistryMismatchError(where, Said("the certificate is for another key"))
    return None


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate may issue others."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        return False
    return found.value.ca


def _registered(key: KeyFact, leaf: x509.Certificate) -> datetime:
    if key.registered_at == 0:
        return leaf.not_valid_before_utc
    return datetime.fromtimestamp(key.registered_at, UTC)
