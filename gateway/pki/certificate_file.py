"""Certificates as PEM, and files that are replaced whole."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from counterfoil.given_file import GivenFileMalformed, read_file


def certificate_hash(certificate: x509.Certificate) -> bytes:
    """Return the SHA-256 of a certificate's DER."""
    return sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()


def pem_of(certificate: x509.Certificate) -> bytes:
    """Return the PEM of *certificate*."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Make *path* hold *data*, durably, whole or not at all; *mode* is the new file's."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates in the PEM file at *path*, one at least; or raise a GivenFileError."""
    data = read_file(path)
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise GivenFileMalformed(path, "no certificate in PEM") from error


def read_revocation_list(path: Path) -> x509.CertificateRevocationList:
    """Return the list of revoked certificates in the file at *path*, PEM or DER; or raise a GivenFileError."""
    data = read_file(path)
    try:
        if data.lstrip().startswith(b"-----"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except ValueError as error:
        raise GivenFileMalformed(path, "no list of revoked certificates, PEM or DER") from error
