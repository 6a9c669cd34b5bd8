"""The CA on disk: keys, certificates, and a register of all that was issued and revoked.

Rules that this module keeps:

- The root's key is encrypted in a folder of its own and only signs an issuing CA: take it offline.
- A certificate is in the register, durably, before it is handed out.
- A revocation is durable before the list that shows it is written; the list is replaced whole.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.certificate import profile
from counterfoil.gateway.certificate.enrolment import EnrolmentRequest
from counterfoil.gateway.certificate.errors import (
    AuthorityMissingError,
    CertificateEndedError,
    PkiError,
    RequestRefusedError,
    RevocationTimeError,
)
from counterfoil.gateway.certificate.renewal import RenewalRequest
from counterfoil.gateway.certificate.validation import validate_device
from counterfoil.gateway.errors import DeviceError
from counterfoil.gateway.pki.certificate_file import certificate_hash, pem_of, replace_file
from counterfoil.gateway.pki.creation import create_issuing, create_root
from counterfoil.gateway.pki.register import Issued, Register
from counterfoil.gateway.record.identity import DeviceId, parse_device_id


@dataclass(frozen=True)
class Enrolment:
    """A device's new certificates. All are PEM; ``chain`` is the issuing CA and the root."""

    device: DeviceId
    tls_certificate: bytes
    record_certificate: bytes
    chain: bytes

    @property
    def record_certificate_hash(self) -> bytes:
        """Return the SHA-256 of the record certificate's DER, as the registry on chain has it."""
        return certificate_hash(x509.load_pem_x509_certificate(self.record_certificate))


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
        self._register = Register(folder / "register.db")

    @classmethod
    def create(
        cls, folder: Path, passphrase: str, name: str = "Counterfoil device"
    ) -> CertificateAuthority:
        """Make a root and an issuing CA in *folder*, unless they are there, and open it.

        The root's key is encrypted with *passphrase* in ``root/root.key``.
        """
        create_root(folder, passphrase, f"{name} root")
        create_issuing(folder, passphrase, f"{name} issuing CA")
        return cls(folder)

    @property
    def chain_pem(self) -> bytes:
        """Return the issuing CA and the root: with these a TLS server trusts its clients, and a device its server."""
        return pem_of(self.issuing) + pem_of(self.root)

    @property
    def crl_path(self) -> Path:
        """Return the path of the newest revocation list."""
        return self._folder / "crl.pem"

    def close(self) -> None:
        self._register.close()

    # ---- issuing

    def admit(self, device: str, days: int = 14) -> str:
        """Return a new token with which *device* may enrol once within *days*; only its hash is kept."""
        token = secrets.token_urlsafe(24)
        expires = self._now() + timedelta(days=days)
        self._register.admit(token, parse_device_id(device), expires)
        return token

    def enrol(self, request: EnrolmentRequest, token: str | None = None) -> Enrolment:
        """Certify both keys of a device that has shown that it holds them.

        A request from outside comes with the device's *token*, which is used up in the transaction
        that registers the certificates. Without a token, the caller vouches for the device.

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
        with self._register.transaction():
            if token is not None:
                self._register.use_up(token, request.device, now)
            self._register.enter("tls", request.device, tls)
            self._register.enter("record", request.device, record)
        return Enrolment(
            request.device,
            tls_certificate=pem_of(tls) + pem_of(self.issuing),
            record_certificate=pem_of(record),
            chain=self.chain_pem,
        )

    def renew(self, request: RenewalRequest) -> bytes:
        """Return the PEM of a new TLS certificate, and of its issuer, for the device whose current key signed.

        The old certificate stays in force until it
        ends or is revoked.

        Raises:
            RequestRefusedError: the request is not signed by both keys, or what it renews is revoked.
            CertificateEndedError: the current certificate has ended.
            PathInvalidError: it is not this CA's, or not in force yet.
            CertificateUnknownError: it is this CA's but is not in the register.
        """
        device, key = request.verify()
        current, now = request.current(), self._now()
        if current.not_valid_after_utc < now:
            ended = current.not_valid_after_utc.isoformat(timespec="seconds")
            raise CertificateEndedError(f"it ended {ended}: enrol {device} again")
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
        self._register.enter("tls", device, tls)
        return pem_of(tls) + pem_of(self.issuing)

    def certify_server(self, public_key: ec.EllipticCurvePublicKey, names: Sequence[str]) -> bytes:
        """Return the PEM of a gateway's certificate for *names*, and of its issuer."""
        certificate = profile.server_certificate(
            names, public_key, issuer=self.issuing, issuer_key=self._key, now=self._now()
        )
        self._register.enter("server", names[0], certificate)
        return pem_of(certificate) + pem_of(self.issuing)

    # ---- revoking

    def revoke(
        self,
        serial: int,
        reason: x509.ReasonFlags = x509.ReasonFlags.unspecified,
        since: datetime | None = None,
    ) -> None:
        """Revoke one certificate, from *since* or from now on, and write the new list.

        Raises:
            CertificateUnknownError: it was not issued here.
            AlreadyRevokedError: it is revoked already.
            RevocationTimeError: *since* states no zone, or lies in the future.
        """
        now = self._now()
        if since is not None and (since.tzinfo is None or since > now):
            raise RevocationTimeError("a revocation's time states its zone and is not to come")
        self._register.revoke(serial, reason, since or now)
        self.write_crl()

    def write_crl(self) -> Path:
        """Write a new revocation list over the old one, and return its path.

        Where two processes write at once, the list with the higher number stays: it has the other's revocations too.
        """
        now = self._now()
        number = self._register.begin_list(now)
        with self._register.transaction():
            if self._written_number() > number:
                return self.crl_path
            crl = profile.revocation_list(
                self._register.revoked(),
                number=number,
                issuer=self.issuing,
                issuer_key=self._key,
                now=now,
            )
            replace_file(self.crl_path, crl.public_bytes(serialization.Encoding.PEM), 0o644)
        return self.crl_path

    def _written_number(self) -> int:
        try:
            written = x509.load_pem_x509_crl(self.crl_path.read_bytes())
            return written.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        except (OSError, ValueError, x509.ExtensionNotFound):
            return 0

    # ---- reading

    def issued(self, name: str | None = None) -> list[Issued]:
        """Return what was issued, the oldest first; to *name* only, if it is given."""
        return self._register.issued(name)

    def certificate(self, serial: int) -> x509.Certificate:
        """Return an issued certificate by its serial number.

        Raises:
            CertificateUnknownError: it was not issued here.
        """
        return self._register.certificate(serial)

    def certificates_of(self, device: DeviceId, kind: str = "record") -> list[x509.Certificate]:
        """Return all certificates of this kind that a device was given, the oldest first."""
        return self._register.certificates_of(device, kind)
