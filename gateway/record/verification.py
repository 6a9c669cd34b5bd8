"""Whether a record is to be believed: eleven numbered steps, pure functions of bytes and numbers.

Rules kept here:

* Steps 1 to 7 (``verify_signature``) need only the bytes, the authenticated device and the
  registered keys: any thread may run them for any record. Steps 8 to 11 (``chain_check``) need
  the device's newest accepted record, and so run in order for each device.
* A key's validity is judged by its epoch and sequence numbers as the registry states them, never
  by the device's clock: neither function reads a time.
* The first step that fails decides the error; its class carries the step's number and a code.

The steps:

1. The bytes are one COSE_Sign1 in deterministic form whose payload opens with a known version,
   an epoch and a sequence number.
2. The protected header states ES256, a key id, the issuer and the stream, and nothing else.
3. The issuer is the device that was authenticated (its certificate's SAN, its topic).
4. A key is registered for (device, epoch); the sequence number lies within its range and before
   its revocation.
5. The key id is the registered key's thumbprint.
6. The signature verifies under the registered key.
7. The payload is a record: every field in range, deterministic CBOR throughout.
8. The sequence number is the next one. A used number with the same payload is a duplicate, with
   another payload an equivocation; a number further on is a gap; an epoch that a later one has
   closed cannot be continued.
9. ``prev`` is the digest of the payload accepted before; 32 zero bytes on the very first record.
10. The first record of a later epoch links to the last record of the epoch before.
11. The counters equal those before, plus what the body says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from counterfoil.gateway.errors import (
    IdentityError,
    IssuerMismatchError,
    KeyIdMismatchError,
    KeyRevokedError,
    KeyUnknownError,
    RecordError,
    SequenceOutsideKeyError,
    SignatureInvalidError,
)
from counterfoil.gateway.record import cose
from counterfoil.gateway.record.identity import DeviceId, KeyId, PublicKey
from counterfoil.gateway.record.signed_record import (
    Envelope,
    SignedRecord,
    decode_protected,
    finish,
    open_envelope,
)

OPEN_SEQUENCE = 2**64 - 1


class KeyStatus(StrEnum):
    """What the registry says of a key."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True)
class DeviceKey:
    """A device's signing key for one epoch, as registered.

    Both sequence bounds are inclusive; ``until_sequence`` is OPEN_SEQUENCE while nothing ends the
    key. Revocation moves ``until_sequence`` down to the last number that still counts.
    """

    device: DeviceId
    epoch: int
    key: PublicKey
    from_sequence: int = 1
    until_sequence: int = OPEN_SEQUENCE
    status: KeyStatus = KeyStatus.ACTIVE

    @cached_property
    def point_is_valid(self) -> bool:
        """Whether the registered (x, y) is a point of P-256."""
        try:
            self.key.verifier  # noqa: B018  # reading it builds the key once
        except IdentityError:
            return False
        return True


KeyRing = Mapping[tuple[DeviceId, int], DeviceKey]


class Identified(NamedTuple):
    """An envelope that passed steps 1 to 5, with the key that must have signed it."""

    envelope: Envelope
    kid: KeyId
    issuer: DeviceId
    stream: str
    key: DeviceKey


def _identify(raw: bytes, device: DeviceId | None, keys: KeyRing) -> Identified:
    # Step 1
    envelope = open_envelope(raw)
    # Step 2
    kid, issuer, stream = decode_protected(envelope.protected)
    # Step 3
    if device is not None and issuer != device:
        raise IssuerMismatchError(f"{issuer} named, {device} authenticated")
    # Step 4
    entry = keys.get((issuer, envelope.epoch))
    if entry is None:
        raise KeyUnknownError(f"no key of {issuer} for epoch {envelope.epoch}")
    sequence = envelope.sequence
    if not entry.from_sequence <= sequence <= entry.until_sequence:
        if entry.status is KeyStatus.REVOKED and sequence > entry.until_sequence:
            raise KeyRevokedError(f"revoked after sequence {entry.until_sequence}, not {sequence}")
        raise SequenceOutsideKeyError(
            f"sequence {sequence} outside {entry.from_sequence}..{entry.until_sequence}"
        )
    # Step 5
    if kid != entry.key.kid:
        raise KeyIdMismatchError(f"signed with key {kid.hex()}, registered {entry.key.kid.hex()}")
    return Identified(envelope, kid, issuer, stream=stream, key=entry)


def signature_holds(identified: Identified) -> bool:
    """Whether the signature verifies under the registered key (step 6)."""
    envelope, entry = identified.envelope, identified.key
    return entry.point_is_valid and cose.verifies(
        envelope.signed_bytes, envelope.signature, entry.key
    )


def _read(identified: Identified, signature_holds: bool) -> SignedRecord:
    # Step 6
    if not signature_holds:
        raise SignatureInvalidError(
            f"not by the key of {identified.issuer} for epoch {identified.key.epoch}"
        )
    # Step 7
    return finish(
        identified.envelope, identified.kid, device=identified.issuer, stream=identified.stream
    )


def verify_signature(raw: bytes, device: DeviceId | None, keys: KeyRing) -> SignedRecord:
    """Return the record in *raw*, signed by the registered key of its device (steps 1 to 7).

    *device* is whom the transport authenticated; None skips step 3, for auditors who read records
    from a log. Raises a RecordError subclass whose ``step`` says which step failed.
    """
    identified = _identify(raw, device, keys)
    return _read(identified, signature_holds(identified))


def identify_all(
    batch: Sequence[tuple[bytes, DeviceId | None]], keys: KeyRing
) -> list[Identified | RecordError]:
    """Return for each (raw, device) its envelope after steps 1 to 5, or the error of the step that failed."""
    identified: list[Identified | RecordError] = []
    for raw, device in batch:
        try:
            identified.append(_identify(raw, device, keys))
        except RecordError as error:
            identified.append(error)
    return identified


def equation_of(identified: Identified) -> bytes:
    """Return the input of step 6, for another process to decide (see ``record.signature_equation``)."""
    envelope, key = identified.envelope, identified.key.key
    return sha256(envelope.signed_bytes).digest() + envelope.signature + key.x + key.y


def read_all(
    identified: Sequence[Identified | RecordError], holds: Sequence[bool]
) -> list[SignedRecord | RecordError]:
    """Return the records (step 7), or their errors; *holds* are the results of step 6, in order, one
    for each that is no error."""
    results: list[SignedRecord | RecordError] = []
    verdicts = iter(holds)
    for one in identified:
        if isinstance(one, RecordError):
            results.append(one)
            continue
        try:
            results.append(_read(one, next(verdicts)))
        except RecordError as error:
            results.append(error)
    return results


def verify_signatures(
    batch: Sequence[tuple[bytes, DeviceId | None]], keys: KeyRing
) -> list[SignedRecord | RecordError]:
    """Return for each (raw, device) its record, or the error that ``verify_signature`` raises."""
    identified = identify_all(batch, keys)
    return read_all(
        identified, [signature_holds(one) for one in identified if not isinstance(one, RecordError)]
    )
