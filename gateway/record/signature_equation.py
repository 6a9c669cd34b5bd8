"""Step 6 of a record's verification as 160 bytes, for processes that only do curve arithmetic.

An equation is the SHA-256 of the bytes signed (32), the signature r || s (64), and the key's x and y (32 each).
"""

from __future__ import annotations

from functools import lru_cache

from counterfoil.gateway.errors import IdentityError
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.identity import PublicKey

EQUATION_BYTES = 160


def equation_holds(equation: bytes) -> bool:
    """Whether the signature in *equation* verifies under its key."""
    try:
        return cose.verifies_digest(equation[:32], equation[32:96], _public_key(equation[96:]))
    except IdentityError:
        return False


@lru_cache(maxsize=16_384)
def _public_key(point: bytes) -> PublicKey:
    return PublicKey(point[:32], point[32:])
