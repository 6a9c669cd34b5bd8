"""The quorum's nodes: each has an account that signs, a URL, and one pinned TLS certificate.

The peers' file (YAML or JSON) lists every node, this one included::

    nodes:
      - name: harbour
        address: "0x…"                     # the account whose signature counts on chain
        url: https://10.0.0.7:7443
        certificate: |                     # PEM; no other certificate is accepted
          -----BEGIN CERTIFICATE-----
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from counterfoil.chain.address import Address
from counterfoil.given_file import read_text_file
from counterfoil.oracle.errors import PeersInvalid

_PEM = serialization.Encoding.PEM
_DAYS = 3_650


@dataclass(frozen=True)
class Peer:
    """A node as the others know it; ``certificate`` is PEM."""

    name: str
    address: Address
    url: str
    certificate: str

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate's DER."""
        return sha256(ssl.PEM_cert_to_DER_cert(self.certificate.strip())).digest()


def read_peers(path: Path) -> list[Peer]:
    """The nodes that the file at *path* lists.

    Raises:
        PeersInvalid: it is no such file, or two nodes share a name, address, URL or certificate.
    """
    try:
        found = yaml.safe_load(read_text_file(path))
        peers = [_peer(entry) for entry in found["nodes"]]
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as failure:
        raise PeersInvalid(f"{path}: {type(failure).__name__}: {failure}") from failure
    for what in ("name", "address", "url", "fingerprint"):
        if len({getattr(peer, what) for peer in peers}) != len(peers):
            raise PeersInvalid(f"{path}: two nodes have the same {what}")
    return peers


def _peer(entry: dict[str, Any]) -> Peer:
    if not str(entry["url"]).startswith("https://"):
        raise ValueError(f"{entry['url']!r} is not https")
    peer = Peer(
        name=str(entry["name"]),
        address=Address.checked(entry["address"]),
        url=str(entry["url"]).rstrip("/"),
        certificate=str(entry["certificate"]),
    )
    x509.load_pem_x509_certificate(peer.certificate.encode())
    return peer


def create_identity(certificate: Path, key: Path, name: str, hosts: list[str]) -> None:
    """Write a node's TLS key (0600) and its self-signed certificate, for both sides of TLS.

    Raises:
        FileExistsError: the key exists already.
    """
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
        out.flush()
        os.fsync(out.fileno())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(h) for h in hosts]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(_PEM))


def door_tls(certificate: Path, key: Path, peers: list[Peer]) -> ssl.SSLContext:
    """TLS 1.3 for this node's door: it accepts only the peers' pinned certificates."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    return _pinned(context, "\n".join(peer.certificate for peer in peers))


def peer_tls(certificate: Path, key: Path, peer: Peer) -> ssl.SSLContext:
    """TLS 1.3 towards *peer*: it must show its pinned certificate; the host's name does not matter."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_cert_chain(certificate, key)
    return _pinned(context, peer.certificate)


def gateway_tls(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """TLS 1.3 towards a gateway: its certificate must match its host name and be signed by *authority* (PEM)."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(certificate, key)
    return context


def _pinned(context: ssl.SSLContext, certificates: str) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=certificates)
    return context


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
