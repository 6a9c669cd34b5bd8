"""The CA on disk: keys, certificates, and a register of all that was issued and revoked.

Rules that this module keeps:

- The root's key lies encrypted in a folder of its own and is needed only to sign an issuing CA: take it offline.
- A certificate is in the register, durably, before it leaves.
- A revocation is durable before the list that shows it is written; the list is replaced whole.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate import profile
from counterfoil.gateway.certificate.enrolment import EnrolmentRequest
from counterfoil.gateway.certificate.errors import (
    AlreadyRevokedError,
    AuthorityMissingError,
    CertificateUnknownError,
    NotAdmittedError,
    PkiError,
    RequestRefusedError,
    RevocationTimeError,
    RootLockedError,
)
from counterfoil.gateway.certificate.renewal import RenewalRequest
from counterfoil.gateway.certificate.validation import validate_device
from counterfoil.gateway.errors import DeviceError
from counterfoil.gateway.record.identity import DeviceId, parse_device_id

_SCHEMA = """
CREATE TABLE IF NOT EXISTS issued (
    serial TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, pem BLOB NOT NULL,
    not_after TEXT NOT NULL, revoked_at TEXT, reason TEXT
);
CREATE TABLE IF NOT EXISTS admission (
    token_sha256 BLOB PRIMARY KEY, device TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT
);
CREATE TABLE IF NOT EXISTS crl (number INTEGER PRIMARY KEY AUTOINCREMENT, made_at TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Enrolment:
    """What a device gets back. All are PEM; ``chain`` is the issuing CA and the root."""

    device: DeviceId
    tls_certificate: bytes
    record_certificate: bytes
    chain: bytes

    @property
    def record_certificate_hash(self) -> bytes:
        """SHA-256 of the record certificate's DER: what the registry on chain holds."""
        return certificate_hash(x509.load_pem_x509_certificate(self.record_certificate))


@dataclass(frozen=True)
class Issued:
    """A row of the register; ``serial`` in hex, times UTC."""

    serial: str
    kind: str
    name: str
    not_after: str
    revoked_at: str | None
    reason: str | None


def certificate_hash(certificate: x509.Certificate) -> bytes:
    """SHA-256 of a certificate's DER."""
    return sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()


class CertificateAuthority:
    """An issuing CA in a folder: ``root.pem``, ``root/`` (take it offline), ``issuing.pem``, ``register.db``."""

    def __init__(self, folder: Path, now: Callable[[], datetime] | None = None) -> None:
        """Open the CA in *folder*.

        Raises:
            AuthorityMissingError: there is none, or it has no issuing CA yet.
        """
        self._folder = folder
        self._now = now or (lambda: datetime.now(UTC))
        try:
            self.root = x509.load_pem_x509_certificate((folder / "root.pem").read_bytes())
            self.issuing = x509.load_pem_x509_certificate((folder / "issuing.pem").read_bytes())
            key = serialization.load_pem_private_key((folder / "issuing.key").read_bytes(), None)
        except (OSError, ValueError) as failure:
            raise AuthorityMissingError(f"no issuing CA in {folder}: {failure}") from failure
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise PkiError("the issuing CA's key is not on P-256")
        self._key = key
        self._register = sqlite3.connect(folder / "register.db", isolation_level=None, timeout=30)
        self._register.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)

    @classmethod
    def create(
        cls, folder: Path, passphrase: str, name: str = "Counterfoil device"
    ) -> CertificateAuthority:
        """Make a root and an issuing CA in *folder*, as far as they are not there, and open it.

        The root's key is encrypted with *passphrase* in ``root/root.key``.
        """
        create_root(folder, passphrase, f"{name} root")
        create_issuing(folder, passphrase, f"{name} issuing CA")
        return cls(folder)

    @property
    def chain_pem(self) -> bytes:
        """The issuing CA and the root: what a TLS server trusts its clients by, and a device its server."""
        return _pem(self.issuing) + _pem(self.root)

    @property
    def crl_path(self) -> Path:
        """Where the newest revocation list lies."""
        return self._folder / "crl.pem"

    def close(self) -> None:
        self._register.close()

    # ---- issuing

    def admit(self, device: str, days: int = 14) -> str:
        """A new token with which *device* may enrol once within *days*; only its hash is kept."""
        token = secrets.token_urlsafe(24)
        expires = self._now() + timedelta(days=days)
        self._register.execute(
            "INSERT INTO admission (token_sha256, device, expires_at) VALUES (?, ?, ?)",
            (
                sha256(token.encode()).digest(),
                parse_device_id(device),
                expires.isoformat(timespec="seconds"),
            ),
        )
        return token

    def enrol(self, request: EnrolmentRequest, token: str | None = None) -> Enrolment:
        """Certify both keys of a device that has shown that it holds them.

        Whoever passes requests on from outside passes the device's *token* with them: it is used
        up in the transaction that registers the certificates. Without one, the caller vouches.

        Raises:
            RequestRefusedError: the request is not this device's own, or not signed by both keys.
            NotAdmittedError: the token is another device's, used up, expired or unknown.
        """
        try:
            csr = request.verify()
        except DeviceError as failure:
            raise RequestRefusedError(failure.detail) from failure
        tls_key = csr.public_key()
        if not isinstance(tls_key, ec.EllipticCurvePublicKey):
            raise RequestRefusedError("the TLS key is not on P-256")
        now = self._now()
        tls = profile.device_certificate(
            request.device,
            public_key=tls_key,
            issuer=self.issuing,
            issuer_key=self._key,
            now=now,
            signs_records=False,
        )
        record = profile.device_certificate(
            request.device,
            public_key=request.record_key.verifier,
            issuer=self.issuing,
            issuer_key=self._key,
            now=now,
            signs_records=True,
        )
        with self._transaction():
            if token is not None:
                self._use_up(token, request.device, now)
            self._enter("tls", request.device, tls)
            self._enter("record", request.device, record)
        return Enrolment(
            request.device,
            tls_certificate=_pem(tls) + _pem(self.issuing),
            record_certificate=_pem(record),
            chain=self.chain_pem,
        )

    def renew(self, request: RenewalRequest) -> bytes:
        """The PEM of a new TLS certificate, for the device whose current key asked for it.

        The issuing CA's certificate stands behind it. The old certificate stays in force until it
        ends or is revoked.

        Raises:
            RequestRefusedError: the request is not signed by both keys, or what it renews is revoked.
            PathInvalidError: the current certificate is not this CA's, or not in force.
            CertificateUnknownError: it is this CA's but is not in the register.
        """
        device, key = request.verify()
        current, now = request.current(), self._now()
        validate_device(
            leaf=current,
            intermediates=[self.issuing],
            roots=[self.root],
            at=now,
            signs_records=False,
        )
        self.certificate(current.serial_number)
        if any(
            row.revoked_at is not None and int(row.serial, 16) == current.serial_number
            for row in self.issued(device)
        ):
            raise RequestRefusedError("the current certificate is revoked")
        for record in self.certificates_of(device, "record"):
            if record.public_key() == key:
                raise RequestRefusedError("the TLS key and the record key are the same")
        tls = profile.device_certificate(
            device,
            public_key=key,
            issuer=self.issuing,
            issuer_key=self._key,
            now=now,
            signs_records=False,
        )
        self._enter("tls", device, tls)
        return _pem(tls) + _pem(self.issuing)

    def certify_server(self, public_key: ec.EllipticCurvePublicKey, names: Sequence[str]) -> bytes:
        """The PEM of a gateway's certificate for *names*, with the issuing CA's behind it."""
        certificate = profile.server_certificate(
            names, public_key, issuer=self.issuing, issuer_key=self._key, now=self._now()
        )
        self._enter("server", names[0], certificate)
        return _pem(certificate) + _pem(self.issuing)

    # ---- revoking

    def revoke(
        self,
        serial: int,
        reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
        since: datetime | None = None,
    ) -> None:
        """Revoke one certificate, from *since* or from now on, and write the list that says so.

        Raises:
            CertificateUnknownError: it was not issued here.
            AlreadyRevokedError: it is revoked already.
            RevocationTimeError: *since* states no zone, or lies in the future.
        """
        now = self._now()
        if since is not None and (since.tzinfo is None or since > now):
            raise RevocationTimeError("a revocation's time states its zone and is not to come")
        at = (since or now).astimezone(UTC).isoformat(timespec="seconds")
        changed = self._register.execute(
            "UPDATE issued SET revoked_at = ?, reason = ? WHERE serial = ? AND revoked_at IS NULL",
            (at, reason.value, f"{serial:x}"),
        ).rowcount
        if not changed:
            known = self._register.execute(
                "SELECT 1 FROM issued WHERE serial = ?", (f"{serial:x}",)
            ).fetchone()
            if known is None:
                raise CertificateUnknownError(f"serial {serial:x} was not issued here")
            raise AlreadyRevokedError(f"serial {serial:x} is revoked already")
        self.write_crl()

    def write_crl(self) -> Path:
        """Write a new revocation list over the old one, and answer where."""
        now = self._now()
        number = self._register.execute(
            "INSERT INTO crl (made_at) VALUES (?)", (now.isoformat(timespec="seconds"),)
        ).lastrowid
        rows = self._register.execute(
            "SELECT serial, revoked_at, reason FROM issued WHERE revoked_at IS NOT NULL ORDER BY revoked_at, serial"
        ).fetchall()
        entries = [
            (int(s, 16), datetime.fromisoformat(at), x509.ReasonFlags(r)) for s, at, r in rows
        ]
        crl = profile.revocation_list(
            entries, number=number or 0, issuer=self.issuing, issuer_key=self._key, now=now
        )
        _write(self.crl_path, crl.public_bytes(serialization.Encoding.PEM), 0o644, replace=True)
        return self.crl_path

    # ---- reading

    def issued(self, name: str | None = None) -> list[Issued]:
        """What was issued, the oldest first; of one name only, if it is given."""
        rows = self._register.execute(
            "SELECT serial, kind, name, not_after, revoked_at, reason FROM issued"
            " WHERE ?1 IS NULL OR name = ?1 ORDER BY rowid",
            (name,),
        )
        return [Issued(*row) for row in rows]

    def certificate(self, serial: int) -> x509.Certificate:
        """An issued certificate by its serial number.

        Raises:
            CertificateUnknownError: it was not issued here.
        """
        row = self._register.execute(
            "SELECT pem FROM issued WHERE serial = ?", (f"{serial:x}",)
        ).fetchone()
        if row is None:
            raise CertificateUnknownError(f"serial {serial:x} was not issued here")
        return x509.load_pem_x509_certificate(row[0])

    def certificates_of(self, device: DeviceId, kind: str = "record") -> list[x509.Certificate]:
        """All certificates of this kind that a device was given, the oldest first."""
        rows = self._register.execute(
            "SELECT pem FROM issued WHERE name = ? AND kind = ? ORDER BY rowid", (device, kind)
        )
        return [x509.load_pem_x509_certificate(row[0]) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._register.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._register.execute("ROLLBACK")
            raise
        self._register.execute("COMMIT")

    def _use_up(self, token: str, device: DeviceId, now: datetime) -> None:
        digest, at = sha256(token.encode()).digest(), now.isoformat(timespec="seconds")
        row = self._register.execute(
            "SELECT device, expires_at, used_at FROM admission WHERE token_sha256 = ?", (digest,)
        ).fetchone()
        if row is None or row[0] != device:
            raise NotAdmittedError(f"the token does not admit {device}")
        if row[2] is not None:
            raise NotAdmittedError("the token is used up")
        if datetime.fromisoformat(row[1]) < now:
            raise NotAdmittedError("the token has expired")
        self._register.execute(
            "UPDATE admission SET used_at = ? WHERE token_sha256 = ?", (at, digest)
        )

    def _enter(self, kind: str, name: str, certificate: x509.Certificate) -> None:
        self._register.execute(
            "INSERT INTO issued (serial, kind, name, pem, not_after) VALUES (?, ?, ?, ?, ?)",
            (
                f"{certificate.serial_number:x}",
                kind,
                name,
                _pem(certificate),
                certificate.not_valid_after_utc.isoformat(),
            ),
        )


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
    _write(folder / "root" / "root.key", locked, 0o600, replace=True)
    _write(path, _pem(certificate), 0o644, replace=True)
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
    _write(folder / "issuing.key", plain, 0o600, replace=True)
    _write(path, _pem(certificate), 0o644, replace=True)
    return certificate


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _write(path: Path, data: bytes, mode: int, *, replace: bool) -> None:
    """Make *path* hold *data*, durably, whole or not at all."""
    fresh = path.with_name(f".{path.name}.new") if replace else path
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.rename(path)
