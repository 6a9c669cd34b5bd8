"""The register of the device CA: what was issued, admitted and revoked, in ``register.db``."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509

from counterfoil.gateway.certificate.errors import (
    AlreadyRevokedError,
    CertificateUnknownError,
    NotAdmittedError,
)
from counterfoil.gateway.pki.certificate_file import pem_of
from counterfoil.gateway.record.identity import DeviceId

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
class Issued:
    """A row of the register; ``serial`` in hex, times UTC."""

    serial: str
    kind: str
    name: str
    not_after: str
    revoked_at: str | None
    reason: str | None


class Register:
    """The register in the SQLite file at *path*; what is written is durable when a call returns."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + _SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep all that is written within the block, or nothing when it raises."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # ---- admission

    def admit(self, token: str, device: DeviceId, expires: datetime) -> None:
        """Let *device* enrol once with *token* until *expires*; only the token's hash is kept."""
        self._db.execute(
            "INSERT INTO admission (token_sha256, device, expires_at) VALUES (?, ?, ?)",
            (sha256(token.encode()).digest(), device, expires.isoformat(timespec="seconds")),
        )

    def use_up(self, token: str, device: DeviceId, now: datetime) -> None:
        """Mark *token* as used by *device*.

        Raises:
            NotAdmittedError: the token is another device's, used up, expired or unknown.
        """
        digest, at = sha256(token.encode()).digest(), now.isoformat(timespec="seconds")
        row = self._db.execute(
            "SELECT device, expires_at, used_at FROM admission WHERE token_sha256 = ?", (digest,)
        ).fetchone()
        if row is None or row[0] != device:
            raise NotAdmittedError(f"the token does not admit {device}")
        if row[2] is not None:
            raise NotAdmittedError("the token is used up")
        if datetime.fromisoformat(row[1]) < now:
            raise NotAdmittedError("the token has expired")
        self._db.execute("UPDATE admission SET used_at = ? WHERE token_sha256 = ?", (at, digest))

    # ---- certificates

    def enter(self, kind: str, name: str, certificate: x509.Certificate) -> None:
        """Add *certificate*, of *kind*, issued to *name*."""
        self._db.execute(
            "INSERT INTO issued (serial, kind, name, pem, not_after) VALUES (?, ?, ?, ?, ?)",
            (
                f"{certificate.serial_number:x}",
                kind,
                name,
                pem_of(certificate),
                certificate.not_valid_after_utc.isoformat(),
            ),
        )

    def issued(self, name: str | None = None) -> list[Issued]:
        """Return what was issued, the oldest first; to *name* only, if it is given."""
        rows = self._db.execute(
            "SELECT serial, kind, name, not_after, revoked_at, reason FROM issued"
            " WHERE ?1 IS NULL OR name = ?1 ORDER BY rowid",
            (name,),
        )
        return [Issued(*row) for row in rows]

    def certificate(self, serial: int) -> x509.Certificate:
        """Return an issued certificate by its serial number.

        Raises:
            CertificateUnknownError: it was not issued here.
        """
        row = self._db.execute(
            "SELECT pem FROM issued WHERE serial = ?", (f"{serial:x}",)
        ).fetchone()
        if row is None:
            raise CertificateUnknownError(f"serial {serial:x} was not issued here")
        return x509.load_pem_x509_certificate(row[0])

    def certificates_of(self, device: DeviceId, kind: str) -> list[x509.Certificate]:
        """Return all certificates of *kind* that *device* was given, the oldest first."""
        rows = self._db.execute(
            "SELECT pem FROM issued WHERE name = ? AND kind = ? ORDER BY rowid", (device, kind)
        )
        return [x509.load_pem_x509_certificate(row[0]) for row in rows]

    # ---- revocation

    def revoke(self, serial: int, reason: x509.ReasonFlags, since: datetime) -> None:
        """Mark one certificate as revoked from *since* on.

        Raises:
            CertificateUnknownError: it was not issued here.
            AlreadyRevokedError: it is revoked already.
        """
        at = since.astimezone(UTC).isoformat(timespec="seconds")
        changed = self._db.execute(
            "UPDATE issued SET revoked_at = ?, reason = ? WHERE serial = ? AND revoked_at IS NULL",
            (at, reason.value, f"{serial:x}"),
        ).rowcount
        if changed:
            return
        known = self._db.execute(
            "SELECT 1 FROM issued WHERE serial = ?", (f"{serial:x}",)
        ).fetchone()
        if known is None:
            raise CertificateUnknownError(f"serial {serial:x} was not issued here")
        raise AlreadyRevokedError(f"serial {serial:x} is revoked already")

    def begin_list(self, now: datetime) -> int:
        """Return the number of a new revocation list, one up from the last."""
        row = self._db.execute(
            "INSERT INTO crl (made_at) VALUES (?)", (now.isoformat(timespec="seconds"),)
        )
        return row.lastrowid or 0

    def revoked(self) -> list[tuple[int, datetime, x509.ReasonFlags]]:
        """Return (serial number, time, reason) of each revoked certificate, by time."""
        rows = self._db.execute(
            "SELECT serial, revoked_at, reason FROM issued WHERE revoked_at IS NOT NULL ORDER BY revoked_at, serial"
        ).fetchall()
        return [(int(s, 16), datetime.fromisoformat(at), x509.ReasonFlags(r)) for s, at, r in rows]
