"""Records, refusals and keys as rows of their tables, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from counterfoil.gateway.record.bodies import MeterInterval, Refund, Sale
from counterfoil.gateway.record.identity import DeviceId, Digest, PublicKey
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.utc_date import business_date
from counterfoil.gateway.record.verification import OPEN_SEQUENCE, DeviceKey, KeyStatus
from counterfoil.gateway.store.record_rows import Row

OPEN_COLUMN = 2**63 - 1


@dataclass(frozen=True, slots=True)
class NewRecord:
    """An accepted record and the gateway's UTC clock at its receipt, in ms."""

    signed: SignedRecord
    received_ms: int


@dataclass(frozen=True, slots=True)
class NewRefusal:
    """What was sent by *peer* and not accepted; ``first_digest`` is set on equivocation."""

    raw: bytes
    code: str
    detail: str
    received_ms: int
    peer: str
    device: DeviceId | None = None
    epoch: int | None = None
    sequence: int | None = None
    first_digest: Digest | None = None
    second_digest: Digest | None = None


def record_row(log_index: int, new: NewRecord) -> Row:
    """Return the record's values in the order of ``RECORD_COLUMNS``."""
    record, body = new.signed.record, new.signed.record.body
    money = body if isinstance(body, Sale | Refund) else None
    return (
        log_index,
        record.device,
        record.epoch,
        record.sequence,
        new.signed.payload_digest,
        int(body.kind),
        record.time_ms,
        new.received_ms,
        business_date(record.time_ms),
        money.amount_minor if money else None,
        money.currency if money else None,
        body.energy_wh if isinstance(body, MeterInterval) else None,
        body.payment_method if isinstance(body, Sale) else None,
        money.payment_reference if money else None,
        new.signed.raw,
    )


def refusal_row(refused: NewRefusal) -> dict[str, Any]:
    """Return the columns of a refused record."""
    return {
        "device": refused.device,
        "epoch": refused.epoch if refused.epoch is None or refused.epoch < OPEN_COLUMN else None,
        "sequence": refused.sequence
        if refused.sequence is None or refused.sequence < OPEN_COLUMN
        else None,
        "raw": refused.raw,
        "code": refused.code,
        "detail": refused.detail[:500],
        "received_ms": refused.received_ms,
        "peer": refused.peer,
    }


def evidence_row(refused: NewRefusal) -> dict[str, Any]:
    """Return the columns of the evidence of an equivocation."""
    return {
        "device": refused.device,
        "epoch": refused.epoch,
        "sequence": refused.sequence,
        "first_digest": refused.first_digest,
        "second_digest": refused.second_digest,
        "second_raw": refused.raw,
        "received_ms": refused.received_ms,
    }


def equals_row(
    key: DeviceKey, x: bytes, y: bytes, from_sequence: int, until_sequence: int, status: str
) -> bool:
    """Return whether *key* equals the columns."""
    return (
        key.key.x == x
        and key.key.y == y
        and key.from_sequence == from_sequence
        and min(key.until_sequence, OPEN_COLUMN) == until_sequence
        and key.status == status
    )


def key_of_row(
    device: str,
    epoch: int,
    x: bytes,
    y: bytes,
    from_sequence: int,
    until_sequence: int,
    status: str,
) -> DeviceKey:
    """Return the device key that the columns state."""
    return DeviceKey(
        device=DeviceId(device),
        epoch=epoch,
        key=PublicKey(bytes(x), bytes(y)),
        from_sequence=from_sequence,
        until_sequence=OPEN_SEQUENCE if until_sequence == OPEN_COLUMN else until_sequence,
        status=KeyStatus(status),
    )
