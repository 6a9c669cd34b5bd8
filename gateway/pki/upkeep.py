"""The revocation list and gateways' certificates, renewed in good time by whoever holds the issuing key.

Rules that this module keeps:

- What is in force stays until its successor is whole: a new file is renamed over the old one.
- A gateway's certificate is renewed for the key and the names that it has, so that key and certificate always fit;
  a gateway with a new key gets its certificate by ``pki server-cert``.
- Looking whether something is due only reads files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate.errors import PkiError, RequestRefusedError
from counterfoil.gateway.certificate.lifetime import (
    Ending,
    first_end,
    first_list_end,
    list_is_due,
    lists_of,
    server_is_due,
)
from counterfoil.gateway.pki.authority import CertificateAuthority
from counterfoil.gateway.pki.certificate_file import replace_file


def is_due(ca: Path, servers: Sequence[Path], now: datetime) -> bool:
    """Whether :func:`renew_due` would renew something; a list that is missing or can't be read is due."""
    if _list_is_due(ca / "crl.pem", now):
        return True
    issuing = x509.load_pem_x509_certificate((ca / "issuing.pem").read_bytes())
    return any(server_is_due(_first(path), issuing, now) for path in servers)


def renew_due(ca: Path, servers: Sequence[Path], now: Callable[[], datetime]) -> list[Path]:
    """Renew the list of the CA in *ca*, and the certificates at *servers*, where they are due; return what was written.

    Raises:
        PkiError: there is no CA, or one of *servers* is not a certificate that it issued and that is in the register.
    """
    written: list[Path] = []
    authority = CertificateAuthority(ca, now)
    try:
        if _list_is_due(authority.crl_path, now()):
            written.append(authority.write_crl())
        for path in servers:
            current = _first(path)
            if server_is_due(current, authority.issuing, now()):
                replace_file(path, _renewed(authority, current), 0o644)
                written.append(path)
    finally:
        authority.close()
    return written


def endings(
    certificate: Path | None, authorities: Path | None, revocation_list: Path | None
) -> list[Ending]:
    """Return until when the gateway's certificate, the device CA and its list are in force; None is left out."""
    found = []
    if certificate is not None:
        found.append(_ending("gateway certificate", certificate, _certificate_end))
    if authorities is not None:
        found.append(_ending("device CA", authorities, _authorities_end))
    if revocation_list is not None:
        found.append(_ending("revocation list", revocation_list, _list_end, is_list=True))
    return found


def _list_is_due(path: Path, now: datetime) -> bool:
    try:
        lists = lists_of(path.read_bytes())
    except (OSError, ValueError):
        return True
    return not lists or any(list_is_due(one, now) for one in lists)


def _first(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError) as failure:
        raise PkiError(f"{path}: no certificate to renew: {failure}") from failure


def _renewed(authority: CertificateAuthority, current: x509.Certificate) -> bytes:
    """Return the PEM of a certificate for the key and the names of *current*, which this CA issued."""
    serial = f"{current.serial_number:x}"
    authority.certificate(current.serial_number)
    row = next(one for one in authority.issued() if one.serial == serial)
    if row.kind != "server" or row.revoked_at is not None:
        raise RequestRefusedError(f"serial {serial} is no gateway's certificate, or is revoked")
    key = current.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise RequestRefusedError("the gateway's key is not on P-256")
    names = current.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return authority.certify_server(key, [str(name.value) for name in names])


def _certificate_end(pem: bytes) -> datetime | None:
    return x509.load_pem_x509_certificates(pem)[0].not_valid_after_utc


def _authorities_end(pem: bytes) -> datetime | None:
    return first_end(x509.load_pem_x509_certificates(pem))


def _list_end(pem: bytes) -> datetime | None:
    return first_list_end(lists_of(pem))


def _ending(
    name: str, path: Path, end: Callable[[bytes], datetime | None], *, is_list: bool = False
) -> Ending:
    try:
        ends_at = end(path.read_bytes())
    except (OSError, ValueError) as failure:
        return Ending(name, ends_at=None, is_list=is_list, why=str(failure))
    why = "" if ends_at else f"{path} holds none"
    return Ending(name, ends_at=ends_at, is_list=is_list, why=why)
