"""COSE_Sign1 with ES256 (RFC 9052, 4.2 and RFC 9053, 2.1), in one deterministic shape.

Rules kept here:

* One shape only: ``18([protected bstr, {}, payload bstr, signature bstr64])``, every length in
  its shortest form, nothing after it. Records and promises have an empty unprotected header.
* What is signed is the Sig_structure over the very bytes received, never over a re-encoding.
* A signature is r || s, 32 bytes each, big-endian. Verification takes s in both of its forms;
  signing gives the low one, because verifiers on chain refuse the other.
"""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)

from counterfoil.gateway.record.identity import PublicKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNATURE_LENGTH = 64
_VERIFY_DIGEST = ec.ECDSA(Prehashed(hashes.SHA256()))
_SIGN = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
_CONTEXT = b"\x84\x6aSignature1"
_NO_EXTERNAL_AAD = b"\x40"


class EnvelopeShapeError(ValueError):
    """The bytes are not a COSE_Sign1 in the one shape; callers raise their own error."""


class Sign1(NamedTuple):
    """The parts of a COSE_Sign1; the two encoded strings are slices of what was received."""

    protected: bytes
    payload: bytes
    signature: bytes
    protected_bstr: bytes
    payload_bstr: bytes

    @property
    def signed_bytes(self) -> bytes:
        """The Sig_structure ``["Signature1", protected, h'', payload]`` that the signer signed."""
        return _CONTEXT + self.protected_bstr + _NO_EXTERNAL_AAD + self.payload_bstr


def encode_bstr(data: bytes) -> bytes:
    """Return *data*, shorter than 64 KiB, as a CBOR byte string with the shortest head."""
    length = len(data)
    if length < 24:
        return bytes((0x40 | length,)) + data
    if length < 0x100:
        return bytes((0x58, length)) + data
    return b"\x59" + length.to_bytes(2, "big") + data


def read_bstr(data: bytes, start: int) -> tuple[int, int]:
    """Return (first, end) of the content of the byte string whose head is at *start*.

    Raises EnvelopeShapeError when it is no byte string, has a longer head than needed, is of
    indefinite length or runs past the end of *data*.
    """
    try:
        head = data[start]
        if head == 0x58:
            length, first = data[start + 1], start + 2
            shortest = length >= 24
        elif head == 0x59:
            length, first = (data[start + 1] << 8) | data[start + 2], start + 3
            shortest = length >= 0x100
        else:
            length, first = head - 0x40, start + 1
            shortest = 0 <= length < 24
    except IndexError:
        raise EnvelopeShapeError("it is cut off") from None
    if not shortest:
        raise EnvelopeShapeError(f"no byte string with the shortest head at byte {start}")
    end = first + length
    if end > len(data):
        raise EnvelopeShapeError("it is cut off")
    return first, end


def split_sign1(raw: bytes) -> Sign1:
    """Return the parts of *raw*; EnvelopeShapeError unless it has exactly the one shape."""
    if raw[:2] != b"\xd2\x84":
        raise EnvelopeShapeError("it does not begin as a tagged COSE_Sign1")
    protected, protected_end = read_bstr(raw, 2)
    if raw[protected_end : protected_end + 1] != b"\xa0":
        raise EnvelopeShapeError("the unprotected header is not empty")
    payload_start = protected_end + 1
    payload, payload_end = read_bstr(raw, payload_start)
    if len(raw) != payload_end + 66 or raw[payload_end : payload_end + 2] != b"\x58\x40":
        raise EnvelopeShapeError("it does not end with a signature of 64 bytes")
    return Sign1(
        protected=raw[protected:protected_end],
        payload=raw[payload:payload_end],
        signature=raw[payload_end + 2 :],
        protected_bstr=raw[2:protected_end],
        payload_bstr=raw[payload_start:payload_end],
    )


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """Return the Sig_structure over *protected* and *payload* (also when it is detached)."""
    return _CONTEXT + encode_bstr(protected) + _NO_EXTERNAL_AAD + encode_bstr(payload)


def sign(message: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return r || s over SHA-256 of *message*, deterministic (RFC 6979), s in its low form."""
    r, s = decode_dss_signature(key.sign(message, _SIGN))
    return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def encode_der(signature: bytes) -> bytes:
    """Return r || s as the DER sequence of two integers that libraries take (RFC 3279, 2.2.3)."""
    r, s = signature[:32], signature[32:]
    if not (r[0] and s[0]):
        # The rare integers that begin with zeros, which DER leaves out.
        return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
    content = _der_integer(r) + _der_integer(s)
    return bytes((0x30, len(content))) + content


def _der_integer(number: bytes) -> bytes:
    """Return the DER integer of 32 bytes; the first is not zero."""
    return (b"\x02\x20" if number[0] < 0x80 else b"\x02\x21\x00") + number


def verifies(message: bytes, signature: bytes, key: PublicKey) -> bool:
    """Whether *signature*, r || s with s in either form, is *key*'s over *message*."""
    return verifies_digest(sha256(message).digest(), signature, key)


def verifies_digest(digest: bytes, signature: bytes, key: PublicKey) -> bool:
    """Whether *signature* is *key*'s over the message whose SHA-256 is *digest*."""
    if len(signature) != SIGNATURE_LENGTH:
        return False
    try:
        key.verifier.verify(encode_der(signature), digest, _VERIFY_DIGEST)
    except InvalidSignature:
        return False
    return True


def sign1(protected: bytes, payload: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the tagged COSE_Sign1 of *payload* under *protected*, signed by *key*."""
    protected_bstr, payload_bstr = encode_bstr(protected), encode_bstr(payload)
    signature = sign(_CONTEXT + protected_bstr + _NO_EXTERNAL_AAD + payload_bstr, key)
    return b"\xd2\x84" + protected_bstr + b"\xa0" + payload_bstr + b"\x58\x40" + signature
