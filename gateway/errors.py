"""Everything that the gateway refuses, as typed errors.

Rules kept here:

* Every error carries ``code``: an ``area.word_word`` that is stored beside what was refused,
  sent to the device and shown by the API. Codes are never used for a second meaning.
* The text of an error says what was expected and what was found; it never holds a secret.
"""

from __future__ import annotations

from typing import ClassVar

from counterfoil.fault import Code, fault


class GatewayError(Exception):
    """The gateway or a device failed, for a reason without a code of its own.

    Base of every error that they raise on purpose.
    """

    code: ClassVar[Code] = Code("gateway.error")
    to_do: ClassVar[str] = "Read the detail; where it says nothing more, report it with the log."

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class StoreBehindError(GatewayError):
    """The gateway's store ends before the log does, or leaves a record out: nothing is taken and nothing signed."""

    code = Code("log.store_behind")
    to_do = (
        "Fill it from the tiles, or from another node's copy of them: `counterfoil log fill`"
        " (docs/backup.md). Machines keep their records meanwhile."
    )


class IdentityError(GatewayError):
    """A device, project or key name is not of the form that the formats fix."""

    code = Code("name.malformed")
    to_do = (
        "Spell the name as docs/formats/record.md fixes it: urn:dev: and what follows for a device."
    )


class RecordError(GatewayError):
    """A record does not verify.

    ``step`` is the number of the verification step that refused it.
    """

    code = Code("record.refused")
    to_do = (
        "Keep the bytes and read the detail: it names the step that failed. Ask the device's "
        "operator."
    )
    step: ClassVar[int] = 0


class MalformedEnvelopeError(RecordError):
    """The bytes are not one COSE_Sign1 in this profile's deterministic form."""

    code = Code("record.envelope_malformed")
    to_do = (
        "Have the sender write the envelope as docs/formats/record.md says; send nothing by hand."
    )
    step = 1


class RecordTooLargeError(MalformedEnvelopeError):
    """The record is longer than a record may be."""

    code = Code("record.too_large")
    to_do = "Split what is recorded into several records; the limit is in docs/formats/record.md."


class UnsupportedVersionError(MalformedEnvelopeError):
    """The payload states a version of the format that is not known here."""

    code = Code("record.version_unsupported")
    to_do = "Update the program that reads, or have the device write a version that is known here."


class HeaderError(RecordError):
    """The protected header lacks, or misstates, the algorithm, the key id or the claims."""

    code = Code("record.header_malformed")
    to_do = "Have the sender write the header as docs/formats/record.md says."
    step = 2


class IssuerMismatchError(RecordError):
    """The record names another device than the one that was authenticated."""

    code = Code("record.issuer_mismatch")
    to_do = "Send each device's records over its own connection, with its own certificate."
    step = 3


class KeyUnknownError(RecordError):
    """No key is registered for the record's device and epoch."""

    code = Code("record.key_unknown")
    to_do = "Register the device's key for this epoch; the device sends again by itself."
    step = 4


class KeyRevokedError(RecordError):
    """The key was revoked from this sequence number on."""

    code = Code("record.key_revoked")
    to_do = (
        "Find out why the key was revoked. If the device is sound, give it a new epoch with a "
        "new key."
    )
    step = 4


class SequenceOutsideKeyError(RecordError):
    """The sequence number lies outside the range for which the key is registered."""

    code = Code("record.sequence_outside_key")
    to_do = (
        "Look up the key's range in the registry; the device needs a key that covers the number."
    )
    step = 4


class KeyIdMismatchError(RecordError):
    """The protected header names another key than the registered one."""

    code = Code("record.key_id_mismatch")
    to_do = "Check which key the device holds, and register that one if it is truly the device's."
    step = 5


class SignatureInvalidError(RecordError):
    """The signature does not verify under the registered key."""

    code = Code("record.signature_invalid")
    to_do = (
        "Treat the record as not the device's; look for damaged hardware or somebody in between."
    )
    step = 6


class MalformedPayloadError(RecordError):
    """The payload is not a record in deterministic CBOR, or one of its values is out of range."""

    code = Code("record.payload_malformed")
    to_do = "Have the sender write the payload as docs/formats/record.md says."
    step = 7


class SequenceGapError(RecordError):
    """Records are missing before this one.

    ``expected`` is the (epoch, sequence) awaited.
    """

    code = Code("record.sequence_gap")
    to_do = (
        "Nothing at first: the device sends again from the number that is awaited. If it does "
        "not, look at its journal."
    )
    step = 8

    def __init__(self, detail: str = "", expected: tuple[int, int] | None = None) -> None:
        super().__init__(detail)
        self.expected = expected


class EquivocationError(RecordError):
    """The device signed two different payloads under one sequence number."""

    code = Code("record.equivocation")
    to_do = (
        "Keep both records: they are evidence. Take the device out of service and look for a "
        "copied key."
    )
    step = 8


class EpochClosedError(RecordError):
    """The record continues an epoch that a later epoch has already closed."""

    code = Code("record.epoch_closed")
    to_do = "Find the second copy of the device that still writes under the old epoch, and stop it."
    step = 8


class PreviousDigestError(RecordError):
    """The record does not follow the payload that was accepted before it."""

    code = Code("record.previous_mismatch")
    to_do = "Look for a device that was restored from an old copy; give it a new epoch."
    step = 9


class EpochLinkError(RecordError):
    """The first record of an epoch does not link to the last record of the epoch before."""

    code = Code("record.epoch_link_mismatch")
    to_do = "Begin the epoch again from the last record that the gateway accepted."
    step = 10


class CountersError(RecordError):
    """The cumulative counters do not equal those before plus this record's body."""

    code = Code("record.counters_inconsistent")
    to_do = (
        "Compare the device's counters with its last accepted record; repair the device before "
        "it goes on."
    )
    step = 11


class LogError(GatewayError):
    """A log, a tile, a checkpoint or a proof is not as its format says."""

    code = Code("log.error")
    to_do = "Read the detail: it says which part of the log is not as docs/formats/log.md has it."


class ProofError(LogError):
    """A Merkle proof does not lead to the root."""

    code = Code("proof.invalid")
    to_do = "Ask for the proof again; if it stays wrong, keep it and the head: they are evidence."


class TileError(LogError):
    """A tile or an entry bundle is absent, cut off or of another width than asked for."""

    code = Code("log.tile_invalid")
    to_do = (
        "Read the log from another place, or have its operator write the tiles anew from the store."
    )


class CheckpointError(LogError):
    """A checkpoint is malformed or is not signed by the log's key."""

    code = Code("checkpoint.invalid")
    to_do = (
        "Check that the log's key is the one that you were given; then fetch the checkpoint again."
    )


class RecordAbsentError(LogError):
    """The log has no record at that place."""

    code = Code("log.record_absent")
    to_do = "Give a place below the log's size; or wait for a checkpoint that reaches it."


class VerifierKeyError(CheckpointError):
    """What was given as a log's or a witness's key is none: name+id+base64."""

    code = Code("key.malformed")
    to_do = "Copy the whole key, as `counterfoil log key` or `counterfoil witness init` prints it."


class CosignaturesTooFewError(CheckpointError):
    """The log signed the checkpoint, and too few of the witnesses that were named have cosigned it."""

    code = Code("checkpoint.cosignatures_too_few")
    to_do = "Ask the witnesses for their cosignatures, or ask for fewer of them."


class ReceiptError(GatewayError):
    """A receipt or a promise is malformed, or does not vouch for the record it came for."""

    code = Code("receipt.invalid")
    to_do = "Check the gateway's receipt key; keep the record and ask for the receipt again."


class DeviceError(GatewayError):
    """The device library cannot do what it was asked to."""

    code = Code("device.error")
    to_do = "Read the detail, and give the device what it lacks."


class JournalError(DeviceError):
    """The device's journal is absent, damaged or does not belong to its key."""

    code = Code("device.journal_unusable")
    to_do = "Stop the device and keep the file: it may hold records that nobody else has."


INTAKE_STALLED = fault(
    "intake.stalled",
    "Records wait, and for too long none was committed or refused.",
    (
        "Look at the gateway's log and at what it waits for: its database, its disk, the processes that "
        "verify. Machines keep what is not acknowledged and send it again."
    ),
)
NOT_COMMITTED = fault(
    "store.not_committed",
    "The store did not take the newest records.",
    ("Nothing at the device: it sends again. At the gateway, look at the log and the database."),
)
GATEWAY_UNREACHABLE = fault(
    "gateway.unreachable",
    "No gateway gave an answer.",
    "Start the gateway or correct its address; then ask again.",
)
NOT_AUTHORISED = fault(
    "device.not_authorised",
    "The connection does not show the certificate of the device whose records it brings.",
    "Connect with the device's own certificate, one that is not revoked.",
)
QUOTA_EXCEEDED = fault(
    "request.quota_exceeded",
    "Too many records of this sender were refused lately.",
    "Wait a minute, and find out why they are refused.",
)
NOT_ANCHORED = fault(
    "record.not_anchored",
    "No anchored head covers the record yet.",
    "Wait for the next head; the record is stored.",
)
REQUEST_MALFORMED = fault(
    "request.malformed",
    "The request is not as the description of the API says.",
    "Correct what the detail names.",
)
REQUEST_NOT_FOUND = fault(
    "request.not_found",
    "There is no such thing, or it belongs to somebody else: the two are told alike.",
    "Check the name, and whose token is used.",
)
METHOD_NOT_ALLOWED = fault(
    "request.method_not_allowed",
    "The address does not take this HTTP method.",
    "Use the method that the description names.",
)
BUNDLE_MALFORMED = fault(
    "bundle.malformed",
    "The file is not a bundle in the one form that the format has.",
    "Ask for the bundle again; it may have been cut off on its way.",
)
PART_ALTERED = fault(
    "bundle.part_altered",
    "A part's bytes are not those that the bundle was made with.",
    "Ask for the bundle again, from its maker; believe nothing in this one.",
)
REQUEST_REFUSED = fault(
    "request.refused",
    "The server refused the request for a reason of HTTP's own, which the status names.",
    "Read the status and the detail.",
)
