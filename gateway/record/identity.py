"""Who signed: device names, project names and P-256 public keys.

Rules kept here:

* A device is named by the SAN URI of its certificate, ``urn:dev:<kind>:<serial>`` (RFC 9039).
* A device is known on chain by the SHA-256 of that name's UTF-8 bytes; so is a project.
* A key is named by its COSE Key Thumbprint (RFC 9679) with SHA-256.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import NewType

from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.errors import IdentityError

DeviceId = NewType("DeviceId", str)
ProjectId = NewType("ProjectId", str)
Digest = NewType("Digest", bytes)
KeyId = NewType("KeyId", bytes)

MAX_DEVICE_ID_LENGTH = 120
_DEVICE_ID = re.compile(r"urn:dev:[a-z0-9]+:[A-Za-z0-9._-]{1,80}", re.ASCII)
_PROJECT_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)


def parse_device_id(text: str) -> DeviceId:
    """Return *text* as a DeviceId.

    Raises IdentityError unless it is ``urn:dev:<kind>:<serial>`` of at most 120 characters.
    """
    if len(text) > MAX_DEVICE_ID_LENGTH or _DEVICE_ID.fullmatch(text) is None:
        raise IdentityError(f"{text[:140]!r} is no device name (urn:dev:os:PEN-serial)")
    return DeviceId(text)


def parse_project_id(text: str) -> ProjectId:
    """Return *text* as a ProjectId: 1 to 64 of a–z, 0–9 and inner hyphens, or IdentityError."""
    if _PROJECT_ID.fullmatch(text) is None:
        raise IdentityError(f"{text[:80]!r} is not a project name (lower case, digits, hyphens)")
    return ProjectId(text)


def on_chain_id(name: str) -> Digest:
    """Return the bytes32 under which contracts know *name*: SHA-256 of its UTF-8 bytes."""
    return Digest(sha256(name.encode()).digest())


def device_hash(device: DeviceId) -> Digest:
    """Return the bytes32 under which contracts and the state root know *device*."""
    return on_chain_id(device)


@dataclass(frozen=True)
class PublicKey:
    """A P-256 public key as its two coordinates, 32 bytes big-endian each."""

    x: bytes
    y: bytes

    def __post_init__(self) -> None:
        if len(self.x) != 32 or len(self.y) != 32:
            raise IdentityError("a P-256 coordinate is 32 bytes")

    @classmethod
    def of(cls, key: ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey) -> PublicKey:
        """Return the public half of *key*; IdentityError when its curve is not P-256."""
        public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
        if not isinstance(public.curve, ec.SECP256R1):
            raise IdentityError(f"the key's curve is {public.curve.name}, not P-256")
        numbers = public.public_numbers()
        return cls(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))

    @cached_property
    def kid(self) -> KeyId:
        """The COSE Key Thumbprint: SHA-256 over {1: 2, -1: 1, -2: x, -3: y} (RFC 9679, 3)."""
        return KeyId(
            sha256(b"\xa4\x01\x02\x20\x01\x21\x58\x20" + self.x + b"\x22\x58\x20" + self.y).digest()
        )

    @cached_property
    def verifier(self) -> ec.EllipticCurvePublicKey:
        """The key ready to verify with; IdentityError when (x, y) is not a point of P-256."""
        x, y = int.from_bytes(self.x, "big"), int.from_bytes(self.y, "big")
        try:
            return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        except ValueError as error:
            raise IdentityError("(x, y) is not a point of P-256") from error
