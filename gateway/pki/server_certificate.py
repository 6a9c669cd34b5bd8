"""The gateway's own certificate, followed while the gateway runs.

Rules that this module keeps:

- New connections get a new certificate within about a second; open ones stay.
- A pair of certificate and key that does not fit, or can't be read, is not taken: a context that has lost its pair
  serves nobody. It is logged once.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

from counterfoil.logs import get_logger

log = get_logger("gateway")

_LOOK_S = 1.0


async def follow_certificate(
    certificate: Path, key: Path, contexts: Sequence[ssl.SSLContext]
) -> None:
    """Load the pair into *contexts* whenever one of the two files changes; now, too."""
    seen: list[tuple[int, int]] = []
    told = ""
    while True:
        try:
            found = [(at.st_mtime_ns, at.st_ino) for at in (certificate.stat(), key.stat())]
            if found != seen:
                seen = found
                # Alone first: OpenSSL drops a context's key when a certificate comes that does not fit it.
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
                for tls in contexts:
                    tls.load_cert_chain(certificate, key)
                told = ""
                log.info("certificate_read")
        except (OSError, ValueError, ssl.SSLError) as failure:
            if str(failure) != told:
                told = str(failure)
                log.warning("certificate_not_read", why=told)
        await asyncio.sleep(_LOOK_S)
