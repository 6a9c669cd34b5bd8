"""TLS on the gateway's doors, where a refused handshake says why: in the log, in the figures, and to the peer.

Rules that this module keeps:

- Each refusal has a reason out of a short list. Of one reason there is one line a minute, with how many there were.
- The alert that tells the peer why reaches it. The event loops close a connection whose handshake fails before they
  have sent what TLS has to say, so the failure is raised when they come again: once the peer answers, closes, or has
  used up the time of a handshake.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

from counterfoil.logs import get_logger

log = get_logger("gateway")

_LINE_EVERY_S = 60.0
_LOOK_S = 5.0
_NOT_OF_THIS_CA = "not_of_this_ca"
_OF_VERIFY_CODE = {
    2: _NOT_OF_THIS_CA,
    3: "list_missing",
    7: _NOT_OF_THIS_CA,
    9: "certificate_not_yet_valid",
    10: "certificate_ended",
    11: "list_not_yet_valid",
    12: "list_overdue",
    18: _NOT_OF_THIS_CA,
    19: _NOT_OF_THIS_CA,
    20: _NOT_OF_THIS_CA,
    21: _NOT_OF_THIS_CA,
    23: "certificate_revoked",
    26: "certificate_of_another_purpose",
}
"""By OpenSSL's X509_V_ERR_… numbers."""
_OF_ALERT = {
    "CERTIFICATE_EXPIRED": "peer_takes_gateway_for_ended",
    "UNKNOWN_CA": "peer_does_not_know_the_ca",
    "BAD_CERTIFICATE": "peer_refuses_gateway_certificate",
    "CERTIFICATE_UNKNOWN": "peer_refuses_gateway_certificate",
}
"""By the end of OpenSSL's word for an alert that the peer sent."""


def reason_of(failure: ssl.SSLError) -> str:
    """Return why a handshake failed; ``certificate_refused`` and ``no_tls`` are what has no word of its own."""
    if isinstance(failure, ssl.SSLCertVerificationError):
        return _OF_VERIFY_CODE.get(failure.verify_code, "certificate_refused")
    said = failure.reason or ""
    if said == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "no_certificate"
    return next((why for end, why in _OF_ALERT.items() if said.endswith(end)), "no_tls")


class HandshakeLog:
    """Counts refused handshakes; *say* is given (reason, how many), *observe* each one's reason."""

    def __init__(
        self,
        say: Callable[[str, int], None] | None = None,
        observe: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._say = say or _log_line
        self._observe = observe
        self._told_at: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def note(self, reason: str, now: float) -> None:
        """Count one refusal at *now*, of a clock that does not jump, in seconds; a minute's first is told at once."""
        self._observe(reason)
        self._untold[reason] = self._untold.get(reason, 0) + 1
        self.tell(now)

    def tell(self, now: float) -> None:
        """Tell what has not been told, of each reason that was not told within the last minute."""
        for reason, count in list(self._untold.items()):
            told_at = self._told_at.get(reason)
            if told_at is None or now - told_at >= _LINE_EVERY_S:
                self._told_at[reason] = now
                del self._untold[reason]
                self._say(reason, count)

    async def run(self) -> None:
        """Tell, again and again, what came after a line."""
        while True:
            await asyncio.sleep(_LOOK_S)
            self.tell(time.monotonic())


class _Handshake(ssl.SSLObject):
    """One connection's TLS, whose failed handshake is noted and lets its alert out first."""

    _failure: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError):
            raise
        except ssl.SSLError as failure:
            self._failure = failure
            if isinstance(self.context, ServerContext) and self.context.handshakes is not None:
                self.context.handshakes.note(reason_of(failure), time.monotonic())
            raise ssl.SSLWantReadError from failure


class ServerContext(ssl.SSLContext):
    """TLS of one door; ``handshakes`` hears of its refusals."""

    handshakes: HandshakeLog | None = None
    sslobject_class = _Handshake


def _log_line(reason: str, count: int) -> None:
    log.warning("handshake_refused", reason=reason, count=count)
