"""A record as a device signs it: the COSE_Sign1, its header and its digest. No I/O, no keys kept.

Rules kept here (docs/formats/record.md is the byte-exact description):

* A record is a COSE_Sign1 over deterministic CBOR, at most 8 KiB long (``payload`` has its payload).
* The digest of a record is SHA-256 of its payload. The next record's ``prev`` repeats it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.errors import (
    HeaderError,
    IdentityError,
    MalformedEnvelopeError,
    MalformedPayloadError,
    RecordTooLargeError,
)
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.cbor import (
    read_bytes32,
    read_text,
)
from counterfoil.gateway.record.identity import DeviceId, Digest, KeyId, PublicKey, parse_device_id
from counterfoil.gateway.record.payload import encode_payload, read_payload, read_position
from counterfoil.gateway.record.ranges import (
    check_word,
)
from counterfoil.gateway.record.record import Record

MAX_RECORD_BYTES = 8192


class Envelope(NamedTuple):
    """An opened COSE_Sign1 of a record; nothing in it is verified yet.

    ``epoch`` and ``sequence`` are read from the payload's opening bytes; ``rest_at`` is where they end.
    """

    raw: bytes
    protected: bytes
    payload: bytes
    signature: bytes
    signed_bytes: bytes
    epoch: int
    sequence: int
    rest_at: int


class SignedRecord(NamedTuple):
    """A record with the very bytes that it was read from."""

    raw: bytes
    protected: bytes
    payload: bytes
    signature: bytes
    kid: KeyId
    record: Record
    payload_digest: Digest

    @property
    def iss(self) -> DeviceId:
        """The device that the protected header names as issuer."""
        return self.record.device

    @property
    def sub(self) -> str:
        """The stream that the protected header names as subject."""
        return self.record.stream


def payload_digest(payload: bytes) -> Digest:
    """Return the digest that names a record: SHA-256 of its payload's bytes."""
    return Digest(sha256(payload).digest())


def encode_protected(device: DeviceId, stream: str, kid: KeyId) -> bytes:
    """Return the protected header {1: -7, 4: kid, 15: {1: device, 2: stream}}, deterministic."""
    check_word("stream", stream)
    return cbor2.dumps({1: -7, 4: kid, 15: {1: device, 2: stream}})


@lru_cache(maxsize=8192)
def decode_protected(protected: bytes) -> tuple[KeyId, DeviceId, str]:
    """Return (kid, device, stream) of a protected header, or raise HeaderError.

    A device repeats the same header on every record, so results are cached.
    """
    try:
        if protected[:4] != b"\xa3\x01\x26\x04":
            raise HeaderError("it does not open with ES256 (1: -7) and a key id (4)")
        kid, at = read_bytes32(protected, 4)
        if protected[at : at + 3] != b"\x0f\xa2\x01":
            raise HeaderError("no claims (15) of issuer (1) and subject (2) after the key id")
        issuer, at = read_text(protected, at + 3)
        stream, at = read_text(protected, at, 2)
        device = parse_device_id(issuer)
        check_word("stream", stream)
    except (IdentityError, MalformedPayloadError) as error:
        raise HeaderError(error.detail) from error
    except (ValueError, IndexError) as error:
        raise HeaderError(f"no deterministic header: {error}") from error
    if at != len(protected):
        raise HeaderError("other than {1: -7, 4: kid, 15: {1: iss, 2: sub}}")
    return KeyId(kid), device, stream


def sign_record(record: Record, private_key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the tagged COSE_Sign1 of *record*, signed by the key of its epoch.

    Raises RecordTooLargeError when it would be longer than a record may be.
    """
    kid = PublicKey.of(private_key).kid
    protected = encode_protected(record.device, record.stream, kid)
    raw = cose.sign1(protected, encode_payload(record), private_key)
    if len(raw) > MAX_RECORD_BYTES:
        raise RecordTooLargeError(f"{len(raw)} bytes, at most {MAX_RECORD_BYTES}")
    return raw


def open_envelope(raw: bytes) -> Envelope:
    """Return the parts of *raw* with the epoch and sequence that it states; nothing is verified.

    Raises RecordTooLargeError, UnsupportedVersionError or MalformedEnvelopeError.
    """
    if len(raw) > MAX_RECORD_BYTES:
        raise RecordTooLargeError(f"{len(raw)} bytes, at most {MAX_RECORD_BYTES}")
    try:
        parts = cose.split_sign1(raw)
    except cose.EnvelopeShapeError as error:
        raise MalformedEnvelopeError(str(error)) from error
    return Envelope(
        raw,
        parts.protected,
        parts.payload,
        parts.signature,
        parts.signed_bytes,
        *read_position(parts.payload),
    )


def finish(envelope: Envelope, kid: KeyId, device: DeviceId, stream: str) -> SignedRecord:
    """Return the SignedRecord of an opened envelope, its payload decoded (step 7)."""
    return SignedRecord(
        envelope.raw,
        envelope.protected,
        envelope.payload,
        signature=envelope.signature,
        kid=kid,
        record=read_payload(
            envelope.payload,
            device,
            stream,
            envelope.epoch,
            envelope.sequence,
            envelope.rest_at,
        ),
        payload_digest=payload_digest(envelope.payload),
    )


def decode(raw: bytes) -> SignedRecord:
    """Return the record in *raw*, well-formed throughout, its signature NOT verified.

    For bytes that were verified before, and for inspection. To trust bytes, use
    ``verification.verify_signature``. Raises RecordError subclasses of steps 1, 2 and 7.
    """
    envelope = open_envelope(raw)
    kid, device, stream = decode_protected(envelope.protected)
    return finish(envelope, kid, device, stream)
