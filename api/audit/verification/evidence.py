"""What a report shows of the keys and the records beside its figures: who signed, since when, and dated when. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography import x509

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.gateway.record.bodies import MeterInterval
from counterfoil.gateway.record.signed_record import SignedRecord


@dataclass(frozen=True)
class KeyShown:
    """A registered key: its fingerprint is the SHA-256 of its point, x then y; times are in UTC, in ms."""

    epoch: int
    fingerprint: str
    registered_ms: int
    """By the chain's time; 0 where the file was made without a chain."""
    valid_from_ms: int | None
    valid_until_ms: int | None
    """Its certificate's validity; None where the certificate is not here."""


@dataclass(frozen=True)
class Evidence:
    """The keys, and of the period's records the first and the last time, by the device's clock."""

    keys: Sequence[KeyShown] = ()
    first_ms: int | None = None
    last_ms: int | None = None
    backdated: int = 0
    """Records of the period that are dated before their key was registered."""
    readings: int = 0
    energy_wh: int = 0
    """A meter's intervals in the period, and their energy."""
    root_has_list: bool = False
    """Whether a list of the root says which authorities are revoked."""


def evidence_of(
    bundle: Bundle,
    signed: Iterable[SignedRecord],
    certificates: Mapping[bytes, x509.Certificate],
    *,
    root_has_list: bool,
) -> Evidence:
    """Return what is shown of *bundle*'s keys and of its *signed* records."""
    keys = [
        KeyShown(
            key.epoch,
            sha256(key.x + key.y).hexdigest(),
            registered_ms=key.registered_at * 1_000,
            valid_from_ms=None if leaf is None else _ms(leaf.not_valid_before_utc),
            valid_until_ms=None if leaf is None else _ms(leaf.not_valid_after_utc),
        )
        for key in bundle.registry
        for leaf in (certificates.get(key.certificate_hash),)
    ]
    since = {key.epoch: key.registered_ms for key in keys}
    records = [one.record for one in signed if bundle.scope.has_time(one.record.time_ms)]
    times = [one.time_ms for one in records]
    intervals = [one.body for one in records if isinstance(one.body, MeterInterval)]
    return Evidence(
        keys,
        first_ms=min(times, default=None),
        last_ms=max(times, default=None),
        backdated=sum(one.time_ms < since.get(one.epoch, 0) for one in records),
        readings=len(intervals),
        energy_wh=sum(body.energy_wh for body in intervals),
        root_has_list=root_has_list,
    )


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1_000)
