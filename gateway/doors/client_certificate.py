"""Which device a client certificate names."""

from __future__ import annotations

from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record.identity import DeviceId, parse_device_id


def device_of(certificate: object) -> DeviceId:
    """Return the device that a client certificate, as ``ssl`` gives it, names: its one SAN URI.

    Raises:
        IdentityError: there is no certificate, or it names none or several.
    """
    names = certificate.get("subjectAltName", ()) if isinstance(certificate, dict) else ()
    uris = [value for kind, value in names if kind == "URI"]
    if len(uris) != 1:
        raise IdentityError(f"the certificate has {len(uris)} SAN URIs, not one")
    return parse_device_id(uris[0])
