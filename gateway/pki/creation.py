"""The CA's own keys and certificates, made once: the root, and the issuing CA that the root signs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate import profile
from counterfoil.gateway.certificate.errors import (
    RootLockedError,
)
from counterfoil.gateway.pki.certificate_file import pem_of, replace_file


def create_root(folder: Path, passphrase: str, name: str) -> x509.Certificate:
    """Make the root in *folder* unless it is there; its key is encrypted in ``root/root.key``.

    Raises:
        RootLockedError: no passphrase was given.
    """
    path = folder / "root.pem"
    if path.exists():
        return x509.load_pem_x509_certificate(path.read_bytes())
    if not passphrase:
        raise RootLockedError("the root's key needs a passphrase")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "root").mkdir(exist_ok=True, mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    certificate = profile.root_certificate(name, key, datetime.now(UTC))
    replace_file(folder / "root" / "root.key", locked, 0o600)
    replace_file(path, pem_of(certificate), 0o644)
    return certificate


def create_issuing(folder: Path, passphrase: str, name: str) -> x509.Certificate:
    """Make the issuing CA in *folder*, signed by its root, unless it is there.

    Raises:
        RootLockedError: the root's key is not there, or the passphrase is another.
    """
    path = folder / "issuing.pem"
    if path.exists():
        return x509.load_pem_x509_certificate(path.read_bytes())
    root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
    try:
        root_key = serialization.load_pem_private_key(
            (folder / "root" / "root.key").read_bytes(), passphrase.encode()
        )
    except (OSError, ValueError, TypeError) as failure:
        raise RootLockedError(f"the root's key does not open: {failure}") from failure
    if not isinstance(root_key, ec.EllipticCurvePrivateKey):
        raise RootLockedError("the root's key is not on P-256")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = profile.issuing_certificate(
        name, public_key=key.public_key(), root=root, root_key=root_key, now=datetime.now(UTC)
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace_file(folder / "issuing.key", plain, 0o600)
    replace_file(path, pem_of(certificate), 0o644)
    return certificate
