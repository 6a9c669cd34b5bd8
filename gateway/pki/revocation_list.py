"""The revocation list, followed while the gateway runs.

Rules that this module keeps:

- TLS refuses listed certificates, and all of them once the list has expired.
- A new list is in force within about a second, for open connections too.
- What can't be read is logged once, and tried again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from counterfoil.gateway.certificate.lifetime import lists_of
from counterfoil.logs import get_logger

log = get_logger("gateway")

_LOOK_S = 1.0


def revoked_serials(pem: bytes) -> frozenset[int]:
    """Return the serial numbers on the lists in *pem*; ValueError when one is malformed."""
    return frozenset(entry.serial_number for one in lists_of(pem) for entry in one)


async def follow_crl(
    path: Path, contexts: Sequence[ssl.SSLContext], revoke: Callable[[Iterable[int]], None]
) -> None:
    """Load the lists at *path* into *contexts* and pass their numbers to *revoke*, now and when the file changes."""
    seen, told = 0, ""
    while True:
        try:
            now = path.stat().st_mtime_ns
            if now != seen:
                revoke(revoked_serials(path.read_bytes()))
                for tls in contexts:
                    tls.load_verify_locations(path)
                seen, told = now, ""
                log.info("crl_read")
        except (OSError, ValueError, ssl.SSLError) as failure:
            if str(failure) != told:
                told = str(failure)
                log.warning("crl_not_read", why=told)
        await asyncio.sleep(_LOOK_S)
