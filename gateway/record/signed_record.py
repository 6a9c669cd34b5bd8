"""A record as a device signs it: the COSE_Sign1, its header, its payload and its digest. No I/O, no keys kept.

Rules kept here (docs/formats/record.md is the byte-exact description):

* A record is a COSE_Sign1 over deterministic CBOR, at most 8 KiB long.
* What decodes re-encodes to the same bytes, so one record has one encoding.
* Decoding is bounded: a fixed depth, every number and text within its range.
* The digest of a record is SHA-256 of its payload. The next record's ``prev`` repeats it.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec

from counterfoil.gateway.errors import (
    HeaderError,
    IdentityError,
    MalformedEnvelopeError,
    MalformedPayloadError,
    RecordTooLargeError,
    UnsupportedVersionError,
)
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.bodies import BODY_OF_KIND
from counterfoil.gateway.record.cbor import (
    NotDeterministicError,
    expect,
    read_bytes32,
    read_int,
    read_map,
    read_text,
    read_uint,
)
from counterfoil.gateway.record.identity import DeviceId, Digest, KeyId, PublicKey, parse_device_id
from counterfoil.gateway.record.ranges import (
    MAX_EPOCH,
    MAX_TIME_MS,
    check_no_more_keys,
    check_word,
    without_checks,
)
from counterfoil.gateway.record.record import Clock, Counters, EpochLink, GossipedHead, Record

MAX_RECORD_BYTES = 8192
VERSION = 1
_CLOCKS = {int(clock): clock for clock in Clock}
_record_in_range = without_checks(Record)
_counters_in_range = without_checks(Counters)


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


def encode_payload(record: Record) -> bytes:
    """Return the payload's bytes: deterministic CBOR (RFC 8949, 4.2.1), keys ascending."""
    counters = record.counters
    payload: dict[int, Any] = {
        1: VERSION,
        2: record.epoch,
        3: record.sequence,
        4: record.prev,
        5: record.time_ms,
        6: int(record.clock),
        7: record.uptime_ms,
        8: int(record.body.kind),
        9: record.body.to_cbor(),
        10: {1: counters.count, 2: counters.amount_minor, 3: counters.energy_register_wh},
    }
    if record.head is not None:
        payload[11] = [record.head.size, record.head.root]
    if record.link is not None:
        payload[12] = [record.link.epoch, record.link.sequence]
    return cbor2.dumps(payload)


def read_position(payload: bytes) -> tuple[int, int, int]:
    """Return (epoch, sequence, position after them) of a payload that is not verified yet."""
    try:
        if payload[0] & 0xE0 != 0xA0 or payload[1] != 1:
            raise MalformedEnvelopeError("the payload is no map that opens with its version")
        if payload[2] != VERSION:
            raise UnsupportedVersionError(f"this format's version is {VERSION}")
        epoch, at = read_uint(payload, 3, 2)
        return epoch, *read_uint(payload, at, 3)
    except (IndexError, NotDeterministicError) as error:
        raise MalformedEnvelopeError(
            "the payload does not open with version, epoch and sequence"
        ) from error


def decode_payload(payload: bytes, device: DeviceId, stream: str) -> Record:
    """Return the record that *payload* states for *device* and *stream*.

    Raises MalformedPayloadError unless every field is in range and the payload is exactly what
    ``encode_payload`` gives for it: no unknown or repeated key, no longer form, no other order.
    """
    try:
        position = read_position(payload)
    except (MalformedEnvelopeError, UnsupportedVersionError) as error:
        raise MalformedPayloadError(error.detail) from error
    return read_payload(payload, device, stream, *position)


def read_payload(
    payload: bytes, device: DeviceId, stream: str, epoch: int, sequence: int, at: int
) -> Record:
    """Return the record of *epoch* and *sequence*; *at* is the position after these two."""
    try:
        record, end = _read_rest(
            data=payload, device=device, stream=stream, epoch=epoch, sequence=sequence, at=at
        )
    except MalformedPayloadError:
        raise
    except (ValueError, IndexError) as error:
        raise MalformedPayloadError(f"no record: {error}") from error
    if end != len(payload):
        raise MalformedPayloadError(f"{len(payload)} bytes, the record ends at {end}")
    return record


def _read_rest(
    data: bytes, device: DeviceId, stream: str, epoch: int, sequence: int, at: int
) -> tuple[Record, int]:
    pairs, _ = read_map(data, 0)
    prev, at = read_bytes32(data, at, 4)
    time_ms, at = read_uint(data, at, 5)
    clock_status, at = read_uint(data, at, 6)
    uptime_ms, at = read_uint(data, at, 7)
    kind, at = read_uint(data, at, 8)
    clock, body_class = _CLOCKS.get(clock_status), BODY_OF_KIND.get(kind)
    if clock is None or body_class is None:
        raise MalformedPayloadError("no such clock status (6) or kind (8)")
    body, at = body_class.read(data, expect(data, at, 9))
    if data[at : at + 2] != b"\x0a\xa3":
        raise MalformedPayloadError(f"no counters (10), a map of three, at byte {at}")
    count, at = read_uint(data, at + 2, 1)
    amount, at = read_int(data, at, 2)
    register, at = read_uint(data, at, 3)
    counters = (_counters_in_range if amount >= 0 else Counters)(count, amount, register)
    pairs -= 10
    head = link = None
    if pairs and data[at] == 11:
        size, at = read_uint(data, expect(data, at + 1, 0x82))
        root, at = read_bytes32(data, at)
        head = GossipedHead(size, Digest(root))
        pairs -= 1
    if pairs and data[at] == 12:
        link_epoch, at = read_uint(data, expect(data, at + 1, 0x82))
        link_sequence, at = read_uint(data, at)
        link = EpochLink(link_epoch, link_sequence)
        pairs -= 1
    check_no_more_keys(pairs, at)
    is_in_range = (
        0 < epoch <= MAX_EPOCH and sequence > 1 and time_ms <= MAX_TIME_MS and link is None
    )
    record = (_record_in_range if is_in_range else Record)(
        device,
        stream,
        epoch,
        sequence,
        Digest(prev),
        time_ms,
        clock,
        uptime_ms,
        body,
        counters,
        head,
        link,
    )
    return record, at


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
