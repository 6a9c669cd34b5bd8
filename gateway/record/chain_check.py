"""Whether a record continues its device's chain, counters and all: steps 8 to 11 of ``verification``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from counterfoil.gateway.errors import (
    CountersError,
    EpochClosedError,
    EpochLinkError,
    EquivocationError,
    PreviousDigestError,
    SequenceGapError,
)
from counterfoil.gateway.record.bodies import Body, MeterInterval, Refund, Sale
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.record import ZERO_DIGEST, Counters, EpochLink
from counterfoil.gateway.record.signed_record import (
    SignedRecord,
)


class ChainTip(NamedTuple):
    """The newest accepted record of a device. Nothing else is needed to judge the next one."""

    device: DeviceId
    epoch: int
    sequence: int
    payload_digest: Digest
    counters: Counters


class Accepted(NamedTuple):
    """The record is the next of its chain; *tip* is the chain's end with it."""

    tip: ChainTip


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same payload was accepted before under this number: acknowledge, store nothing."""


@dataclass(frozen=True, slots=True)
class NumberUsed:
    """The number lies behind the tip: ``check_used_number`` decides, given what is stored."""


Outcome = Accepted | Duplicate | NumberUsed


def check_chain(signed: SignedRecord, tip: ChainTip | None) -> Outcome:
    """Return how *signed*, which passed steps 1 to 7, continues its chain (steps 8 to 11).

    *tip* is the device's newest accepted record, None before its first. Raises a RecordError
    subclass when it does not continue the chain.
    """
    record = signed.record
    # Step 8
    if tip is None:
        first_of_epoch = True
        if (record.epoch, record.sequence) != (1, 1):
            raise _gap(1, 1, signed)
    elif record.epoch == tip.epoch:
        first_of_epoch = False
        if record.sequence <= tip.sequence:
            if record.sequence == tip.sequence:
                return check_used_number(signed, tip.payload_digest)
            return NumberUsed()
        if record.sequence != tip.sequence + 1:
            raise _gap(tip.epoch, tip.sequence + 1, signed)
    elif record.epoch < tip.epoch:
        return NumberUsed()
    else:
        first_of_epoch = True
        if record.sequence != 1:
            raise _gap(record.epoch, 1, signed)
    # Step 9
    expected = ZERO_DIGEST if tip is None else tip.payload_digest
    if record.prev != expected:
        raise PreviousDigestError(f"expected {expected.hex()}, got {record.prev.hex()}")
    # Step 10
    if first_of_epoch and tip is not None and record.link != EpochLink(tip.epoch, tip.sequence):
        raise EpochLinkError(f"expected {tip.epoch}/{tip.sequence}, got {record.link}")
    # Step 11
    check_counters(record.counters, record.body, None if tip is None else tip.counters)
    return Accepted(
        ChainTip(
            record.device, record.epoch, record.sequence, signed.payload_digest, record.counters
        )
    )


def _gap(epoch: int, sequence: int, signed: SignedRecord) -> SequenceGapError:
    record = signed.record
    return SequenceGapError(
        f"expected {epoch}/{sequence}, got {record.epoch}/{record.sequence}", (epoch, sequence)
    )


def check_used_number(signed: SignedRecord, stored: Digest | None) -> Duplicate:
    """Return Duplicate when *stored* is the digest of this very payload (the rest of step 8).

    *stored* is the payload digest accepted under the record's device, epoch and sequence; None
    when there is none, which behind the tip means that its epoch ended before this number.
    Raises EquivocationError for another payload, EpochClosedError for None.
    """
    record = signed.record
    if stored is None:
        raise EpochClosedError(f"epoch {record.epoch} ended before sequence {record.sequence}")
    if stored != signed.payload_digest:
        raise EquivocationError(
            f"{record.epoch}/{record.sequence} was accepted with {stored.hex()}, "
            f"now {signed.payload_digest.hex()}"
        )
    return Duplicate()


def next_counters(body: Body, before: Counters | None) -> Counters:
    """Return the counters that a record with *body* must carry after *before* (None: at first).

    Sales and refunds change count and amount, meter intervals the register; other bodies change
    nothing. Before the first record count and amount are 0, and the register is as the meter shows it.
    """
    return Counters(*_moved(body, before))


def _moved(body: Body, before: Counters | None) -> tuple[int, int, int]:
    count, amount = (0, 0) if before is None else (before.count, before.amount_minor)
    register = 0 if before is None else before.energy_register_wh
    if isinstance(body, Sale):
        return count + 1, amount + body.amount_minor, register
    if isinstance(body, Refund):
        return count + 1, amount - body.amount_minor, register
    if isinstance(body, MeterInterval):
        return count, amount, body.register_wh if before is None else register + body.energy_wh
    return count, amount, register


def check_counters(counters: Counters, body: Body, before: Counters | None) -> None:
    """Raise CountersError unless *counters* are those before plus what *body* says (step 11).

    The register of a meter's interval must also equal the counter. On a device's first record
    any register is taken: a meter may have run before it was enrolled.
    """
    register = counters.energy_register_wh
    found = (counters.count, counters.amount_minor, register)
    expected = _moved(body, before)
    if before is None and not isinstance(body, MeterInterval):
        expected = (*expected[:2], register)
    if found != expected:
        raise CountersError(f"expected (count, amount, register) {expected}, got {found}")
    if isinstance(body, MeterInterval) and body.register_wh != counters.energy_register_wh:
        raise CountersError(
            f"register {body.register_wh} Wh in the body, {counters.energy_register_wh} counted"
        )
