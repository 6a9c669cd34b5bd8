"""A record's payload: deterministic CBOR, encoded and read (docs/formats/record.md).

Rules kept here:

* What decodes re-encodes to the same bytes, so one record has one encoding.
* Decoding is bounded: a fixed depth, every number and text within its range.
"""

from __future__ import annotations

from typing import Any

import cbor2

from counterfoil.gateway.errors import (
    MalformedEnvelopeError,
    MalformedPayloadError,
    UnsupportedVersionError,
)
from counterfoil.gateway.record.bodies import (
    BODY_OF_KIND,
)
from counterfoil.gateway.record.cbor import (
    NotDeterministicError,
    expect,
    read_bytes32,
    read_int,
    read_map,
    read_uint,
)
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.ranges import (
    MAX_EPOCH,
    MAX_TIME_MS,
    check_no_more_keys,
    without_checks,
)
from counterfoil.gateway.record.record import Clock, Counters, EpochLink, GossipedHead, Record

VERSION = 1


_CLOCKS = {int(clock): clock for clock in Clock}


_record_in_range = without_checks(Record)


_counters_in_range = without_checks(Counters)


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
