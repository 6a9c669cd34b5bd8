"""A device's TLS, which says in plain words why a gateway was not reached.

Rules kept here:

* What is certain comes first: a device's own certificate that has ended by its own clock explains any refusal.
* What the gateway's alert says is taken for no more than it is: TLS has one alert for a certificate that has ended and
  for a list that is overdue.
* A gateway's certificate that is not in force by this clock is looked at once more, without trusting it: its dates
  tell by how much the two clocks differ.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from counterfoil.gateway.certificate.lifetime import in_days

_NOT_YET, _ENDED = 9, 10
_NOT_OF_THE_CA = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_… numbers."""
_LOOK_WITHIN_S = 5


def plain_words(
    failure: ssl.SSLError | None,
    own: x509.Certificate,
    server: x509.Certificate | None,
    now: datetime,
) -> str | None:
    """Return why TLS with the gateway failed, as far as it can be known at *now*; None where nothing is known.

    *server* is the gateway's certificate, where it could be looked at.
    """
    ended = own.not_valid_after_utc
    if ended < now:
        return (
            f"this device's own certificate ended on {ended:%Y-%m-%d}, {in_days(now - ended)} ago "
            "by its clock: enrol it again"
        )
    if own.not_valid_before_utc > now:
        behind = in_days(own.not_valid_before_utc - now)
        return (
            f"this device's clock is off by {behind} or more: its own certificate begins on "
            f"{own.not_valid_before_utc:%Y-%m-%d}"
        )
    if isinstance(failure, ssl.SSLCertVerificationError):
        return _of_server(failure, server, now)
    if failure is not None:
        return _of_alert(failure.reason or str(failure), ended)
    return None


def _of_server(
    failure: ssl.SSLCertVerificationError, server: x509.Certificate | None, now: datetime
) -> str:
    code = failure.verify_code
    if server is not None and code in (_NOT_YET, _ENDED):
        begins, ends = server.not_valid_before_utc, server.not_valid_after_utc
        if now < begins:
            return (
                f"this device's clock is off by {in_days(begins - now)} or more: the gateway's "
                f"certificate begins on {begins:%Y-%m-%d}, and this clock says {now:%Y-%m-%d}"
            )
        if now > ends:
            return (
                f"the gateway's certificate ended on {ends:%Y-%m-%d}, and this clock says "
                f"{now:%Y-%m-%d}: this device's clock is off by {in_days(now - ends)} or more, or "
                "the gateway was not renewed"
            )
    if code in (_NOT_YET, _ENDED):
        word = "is not in force yet" if code == _NOT_YET else "has ended"
        return f"the gateway's certificate, or its CA's, {word} by this device's clock"
    if code in _NOT_OF_THE_CA:
        return "the gateway's certificate is not of the CA that this device trusts"
    if code in _OTHER_NAME:
        return "the gateway's certificate is for another name than the one that was called"
    return f"the gateway's certificate is refused: {failure.verify_message}"


def _of_alert(said: str, ends: datetime) -> str:
    if said.endswith("CERTIFICATE_EXPIRED"):
        return (
            f"the gateway refuses: this device's certificate has ended by its clock (by this one it "
            f"ends on {ends:%Y-%m-%d}), or its revocation list is overdue"
        )
    if said.endswith("CERTIFICATE_REVOKED"):
        return "the gateway refuses: this device's certificate is revoked"
    if said.endswith("UNKNOWN_CA"):
        return "the gateway refuses: this device's certificate is not of its CA"
    if said.endswith("BAD_CERTIFICATE"):
        return (
            "the gateway refuses: this device's certificate is malformed, or not in force yet by "
            "the gateway's clock"
        )
    return f"TLS with the gateway failed: {said}"


class _Socket(ssl.SSLSocket):
    """A connection that keeps what TLS says when it fails: over TLS 1.3 a refusal comes with the first read."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except ssl.SSLError as failure:
            self._keep(failure)
            raise

    def read(self, len: int = 1024, buffer: Any = None) -> bytes:  # noqa: A002
        try:
            return super().read(len, buffer)
        except ssl.SSLError as failure:
            self._keep(failure)
            raise

    def _keep(self, failure: ssl.SSLError) -> None:
        passing = (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError)
        if isinstance(self.context, DeviceContext) and not isinstance(failure, passing):
            self.context.failure = failure


class DeviceContext(ssl.SSLContext):
    """TLS with a device's certificate; ``failure`` is what it said last when it failed."""

    failure: ssl.SSLError | None = None
    sslsocket_class = _Socket


class DeviceTls:
    """The TLS of one device with one gateway; *context* is for the connection, :meth:`explain` for when it fails."""

    def __init__(
        self,
        certificate: Path,
        key: Path,
        authorities: Path,
        address: tuple[str, int],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.context = DeviceContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.load_verify_locations(authorities)
        self.context.load_cert_chain(certificate, key)
        self._own = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        self._address = address
        self._now = now

    def explain(self) -> str | None:
        """Return why the newest connection failed, in plain words; None where TLS was not the reason.

        May open a connection of its own, for at most five seconds.
        """
        failure, self.context.failure = self.context.failure, None
        server = None
        if isinstance(failure, ssl.SSLCertVerificationError):
            server = self._look_at_server()
        return plain_words(failure, own=self._own, server=server, now=self._now())

    def _look_at_server(self) -> x509.Certificate | None:
        try:
            pem = ssl.get_server_certificate(self._address, timeout=_LOOK_WITHIN_S)
            return x509.load_pem_x509_certificate(pem.encode())
        except (OSError, ValueError):
            return None
