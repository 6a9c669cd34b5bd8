"""Everything that the gateway refuses, as typed errors.

Rules kept here:

* Every error carries ``code``: a stable snake_case word that is stored beside what was refused,
  sent to the device and shown by the API. Codes are never renamed or used for a second meaning.
* The text of an error says what was expected and what was found; it never holds a secret.
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """Base of every error that the gateway raises on purpose."""

    code: ClassVar[str] = "gateway_error"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class IdentityError(GatewayError):
    """A device, project or key name is not of the form that the formats fix."""

    code = "identity_malformed"


class RecordError(GatewayError):
    """A record is refused. ``step`` is the number of the verification step that refused it."""

    code = "record_refused"
    step: ClassVar[int] = 0


class MalformedEnvelopeError(RecordError):
    """The bytes are not one COSE_Sign1 in this profile's deterministic form."""

    code = "envelope_malformed"
    step = 1


class RecordTooLargeError(MalformedEnvelopeError):
    """The record is longer than a record may be."""

    code = "record_too_large"


class UnsupportedVersionError(MalformedEnvelopeError):
    """The payload states a version of the format that is not known here."""

    code = "version_unsupported"


class HeaderError(RecordError):
    """The protected header lacks, or misstates, the algorithm, the key id or the claims."""

    code = "header_malformed"
    step = 2


class IssuerMismatchError(RecordError):
    """The record names another device than the one that was authenticated."""

    code = "issuer_mismatch"
    step = 3


class KeyUnknownError(RecordError):
    """No key is registered for the record's device and epoch."""

    code = "key_unknown"
    step = 4


class KeyRevokedError(RecordError):
    """The key was revoked from this sequence number on."""

    code = "key_revoked"
    step = 4


class SequenceOutsideKeyError(RecordError):
    """The sequence number lies outside the range for which the key is registered."""

    code = "sequence_outside_key"
    step = 4


class KeyIdMismatchError(RecordError):
    """The protected header names another key than the registered one."""

    code = "key_id_mismatch"
    step = 5


class SignatureInvalidError(RecordError):
    """The signature does not verify under the registered key."""

    code = "signature_invalid"
    step = 6


class MalformedPayloadError(RecordError):
    """The payload is not a record in deterministic CBOR, or one of its values is out of range."""

    code = "payload_malformed"
    step = 7


class SequenceGapError(RecordError):
    """Records are missing before this one; ``expected`` is the (epoch, sequence) awaited."""

    code = "sequence_gap"
    step = 8

    def __init__(self, detail: str = "", expected: tuple[int, int] | None = None) -> None:
        super().__init__(detail)
        self.expected = expected


class EquivocationError(RecordError):
    """The device signed two different payloads under one sequence number."""

    code = "equivocation"
    step = 8


class EpochClosedError(RecordError):
    """The record continues an epoch that a later epoch has already closed."""

    code = "epoch_closed"
    step = 8


class PreviousDigestError(RecordError):
    """The record does not follow the payload that was accepted before it."""

    code = "previous_mismatch"
    step = 9


class EpochLinkError(RecordError):
    """The first record of an epoch does not link to the last record of the epoch before."""

    code = "epoch_link_mismatch"
    step = 10


class CountersError(RecordError):
    """The cumulative counters do not equal those before plus this record's body."""

    code = "counters_inconsistent"
    step = 11


class LogError(GatewayError):
    """A log, a tile, a checkpoint or a proof is not as its format says."""

    code = "log_error"


class ProofError(LogError):
    """A Merkle proof does not lead to the root."""

    code = "proof_invalid"


class TileError(LogError):
    """A tile or an entry bundle is absent, cut off or of another width than asked for."""

    code = "tile_invalid"


class CheckpointError(LogError):
    """A checkpoint is malformed or is not signed by the log's key."""

    code = "checkpoint_invalid"


class ReceiptError(GatewayError):
    """A receipt or a promise is malformed, or does not vouch for the record it came for."""

    code = "receipt_invalid"


class DeviceError(GatewayError):
    """The device library cannot do what it was asked to."""

    code = "device_error"


class JournalError(DeviceError):
    """The device's journal is absent, damaged or does not belong to its key."""

    code = "journal_error"
