"""Recovers the account that signed a digest. Pure."""

from __future__ import annotations

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from counterfoil.chain.address import Address


def recover(digest: bytes, signature: bytes) -> Address | None:
    """The account that signed *digest* (32 bytes) with *signature* (r || s || v); None for an invalid signature."""
    if len(signature) != 65:
        return None
    v = signature[64]
    if v >= 35:
        v = (v - 35) % 2
    elif v in (27, 28):
        v -= 27
    try:
        signed = Signature(signature[:64] + bytes([v]))
        return Address(signed.recover_public_key_from_msg_hash(digest).to_canonical_address())
    except (BadSignature, ValidationError, ValueError, TypeError):
        return None
