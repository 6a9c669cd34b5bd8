"""What a device says in one record: its values, each in range. No bytes, no keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from counterfoil.gateway.errors import (
    MalformedPayloadError,
)
from counterfoil.gateway.record.bodies import (
    Body,
    Kind,
)
from counterfoil.gateway.record.cbor import (
    MAX_INTEGER,
)
from counterfoil.gateway.record.identity import DeviceId, Digest
from counterfoil.gateway.record.ranges import (
    MAX_EPOCH,
    MAX_TIME_MS,
    check_integer,
)

ZERO_DIGEST = Digest(bytes(32))


class Clock(IntEnum):
    """How far the device trusts its own clock, as OCMF names it."""

    UNKNOWN = 0
    INFORMATIVE = 1
    SYNCHRONISED = 2
    RELATIVE = 3


@dataclass(frozen=True, slots=True)
class Counters:
    """Totals over the device's whole life, this record included.

    ``count`` is the number of sales and refunds, ``amount_minor`` is sales less refunds (it may
    be negative), ``energy_register_wh`` is the meter's register.
    """

    count: int
    amount_minor: int
    energy_register_wh: int

    def __post_init__(self) -> None:
        check_integer("counters.count", self.count)
        check_integer("counters.amount_minor", self.amount_minor, -MAX_INTEGER)
        check_integer("counters.energy_register_wh", self.energy_register_wh)


@dataclass(frozen=True, slots=True)
class GossipedHead:
    """The last log head that the device was shown."""

    size: int
    root: Digest

    def __post_init__(self) -> None:
        check_integer("head.size", self.size)
        _check_digest("head.root", self.root)


@dataclass(frozen=True, slots=True)
class EpochLink:
    """The epoch that this record's epoch continues, and its last sequence number."""

    epoch: int
    sequence: int

    def __post_init__(self) -> None:
        check_integer(name="link.epoch", value=self.epoch, lowest=1, highest=MAX_EPOCH)
        check_integer("link.sequence", self.sequence, 1)


def _check_digest(name: str, value: object) -> None:
    if type(value) is not bytes or len(value) != 32:
        raise MalformedPayloadError(f"{name} is no byte string of 32")


@dataclass(frozen=True, slots=True)
class Record:
    """What a device says, before it is signed or after it was verified.

    ``time_ms`` is the device's UTC clock in ms since 1970, to be believed as far as ``clock``
    says; ``uptime_ms`` counts from its last start. ``link`` stands on the first record of every
    epoch but the first, and only there.
    """

    device: DeviceId
    stream: str
    epoch: int
    sequence: int
    prev: Digest
    time_ms: int
    clock: Clock
    uptime_ms: int
    body: Body
    counters: Counters
    head: GossipedHead | None = None
    link: EpochLink | None = None

    def __post_init__(self) -> None:
        check_integer(name="epoch", value=self.epoch, lowest=1, highest=MAX_EPOCH)
        check_integer("sequence", self.sequence, 1)
        _check_digest("prev", self.prev)
        check_integer(name="time_ms", value=self.time_ms, lowest=0, highest=MAX_TIME_MS)
        check_integer("uptime_ms", self.uptime_ms)
        if (self.link is not None) != (self.epoch > 1 and self.sequence == 1):
            raise MalformedPayloadError(
                "link stands on the first record of a later epoch, and only there"
            )
        if self.link is not None and self.link.epoch >= self.epoch:
            raise MalformedPayloadError("link names an epoch that is not earlier")

    @property
    def kind(self) -> Kind:
        """What the record is about."""
        return self.body.kind
