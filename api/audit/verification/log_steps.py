"""Steps 4, 5 and 8 to 10 of a verification: a bundle's records, and the log that they stand in.

The records are signed and in the log; its heads are one growing log, and the last one holds the device's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from counterfoil.api.audit.verification.bundle import Bundle
from counterfoil.api.audit.verification.errors import (
    AuditError,
    CheckpointMismatchError,
    ConsistencyError,
    CosignatureMissingError,
    InclusionError,
    RecordRefusedError,
    RegistryMismatchError,
    StateError,
)
from counterfoil.api.audit.verification.report import Step
from counterfoil.gateway.errors import IdentityError, LogError, RecordError
from counterfoil.gateway.log.checkpoint import LogKey, parse_checkpoint, verify_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosignatures, split_note
from counterfoil.gateway.log.merkle import hash_leaf, verify_consistency, verify_inclusion
from counterfoil.gateway.log.state_tree import Slot
from counterfoil.gateway.record.bodies import Sale
from counterfoil.gateway.record.currency import money
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import (
    OPEN_SEQUENCE,
    DeviceKey,
    KeyRing,
    KeyStatus,
    verify_signature,
)


@dataclass(frozen=True)
class LogTrust:
    """What the auditor trusts the log by: its key, its witnesses' keys, and how many of them must have cosigned."""

    log: LogKey | None = None
    witnesses: Sequence[WitnessKey] = ()
    at_least: int = 0


def key_ring(bundle: Bundle) -> tuple[KeyRing, list[AuditError]]:
    """Return the registered keys that can be used, and what is wrong with the registry's entries."""
    ring: dict[tuple[object, int], DeviceKey] = {}
    errors: list[AuditError] = []
    for fact in bundle.registry:
        where = f"registry epoch {fact.epoch}"
        try:
            key = PublicKey(fact.x, fact.y)
        except IdentityError as error:
            errors.append(RegistryMismatchError(where, str(error)))
            continue
        status = KeyStatus.REVOKED if fact.revoked else KeyStatus.ACTIVE
        if fact.epoch != len(ring) + 1:
            errors.append(RegistryMismatchError(where, f"epoch {len(ring) + 1} was to come"))
        if (fact.revoked not in (0, 1)) or (fact.revoked and fact.until_sequence == OPEN_SEQUENCE):
            errors.append(RegistryMismatchError(where, "a revoked key is closed at a sequence"))
        ring[bundle.device, fact.epoch] = DeviceKey(
            bundle.device, fact.epoch, key, fact.from_sequence, fact.until_sequence, status
        )
    return ring, errors  # type: ignore[return-value]


def _where(bundle: Bundle, number: int, signed: SignedRecord | None = None) -> str:
    place = f"records[{number}] (log index {bundle.records[number].log_index})"
    if signed is None:
        return place
    record = signed.record
    what = ""
    if isinstance(record.body, Sale):
        what = f", a sale of {money(record.body.amount_minor, record.body.currency)}"
    return f"{place}, epoch {record.epoch} sequence {record.sequence}{what}"


def signed_records(
    bundle: Bundle, ring: KeyRing
) -> tuple[list[tuple[str, SignedRecord]], list[AuditError]]:
    """Return the records that verify, each with its name in the report, and the errors of the others."""
    signed: list[tuple[str, SignedRecord]] = []
    errors: list[AuditError] = []
    for number, entry in enumerate(bundle.records):
        try:
            record = verify_signature(entry.raw, bundle.device, ring)
        except RecordError as error:
            errors.append(RecordRefusedError(_where(bundle, number), str(error)))
        else:
            signed.append((_where(bundle, number, record), record))
    return signed, errors


def check_inclusion(bundle: Bundle) -> Iterable[AuditError]:
    """Yield an error for each record that is not at its place under the last head's root."""
    if not bundle.heads:
        yield InclusionError("heads", "there is no head")
        return
    if len(bundle.inclusion) != len(bundle.records):
        yield InclusionError(
            "inclusion", f"{len(bundle.inclusion)} proofs for {len(bundle.records)} records"
        )
    head = bundle.heads[-1]
    before = -1
    for number, (entry, proof) in enumerate(zip(bundle.records, bundle.inclusion, strict=False)):
        where = _where(bundle, number)
        if entry.log_index <= before:
            yield InclusionError(where, "the log's order is another")
        before = entry.log_index
        try:
            verify_inclusion(
                entry.log_index,
                head.size,
                leaf_hash=hash_leaf(entry.raw),
                proof=proof,
                root=head.root,
            )
        except LogError as error:
            yield InclusionError(where, str(error))


def check_heads(bundle: Bundle) -> Iterable[AuditError]:
    """Yield an error for each head that is not the beginning of the next one."""
    pairs = list(pairwise(bundle.heads))
    if len(pairs) != len(bundle.consistency):
        yield ConsistencyError(
            "consistency", f"{len(bundle.consistency)} proofs between {len(bundle.heads)} heads"
        )
    for (first, second), proof in zip(pairs, bundle.consistency, strict=False):
        where = f"heads of {first.size} and {second.size}"
        if first.size >= second.size:
            yield ConsistencyError(where, "the log does not grow")
            continue
        try:
            verify_consistency(
                first=first.size,
                second=second.size,
                first_root=first.root,
                second_root=second.root,
                proof=proof,
            )
        except LogError as error:
            yield ConsistencyError(where, str(error))


def check_checkpoint(bundle: Bundle, trust: LogTrust, step: Step) -> None:
    """Judge the log's checkpoint, and say in the step's line who has seen it."""
    note, cosigners = bundle.checkpoint, set[str]()
    if note:
        try:
            stated = parse_checkpoint(split_note(note)[0]).head
            if trust.log is not None:
                verify_checkpoint(note, trust.log)
            found = cosignatures(note, trust.witnesses)
        except LogError as error:
            step.findings.append(CheckpointMismatchError("checkpoint", str(error)))
            return
        if not any(
            (head.size, head.root, head.state) == (stated.size, stated.root, stated.state)
            for head in bundle.heads
        ):
            step.findings.append(
                CheckpointMismatchError("checkpoint", "it names none of the heads")
            )
        cosigners = {one.witness for one in found}
        signed = "signed by the log" if trust.log is not None else "whose key was not given"
        step.checked += f"; checkpoint of {stated.size}, {signed}"
        if cosigners:
            step.checked += f", seen by {', '.join(sorted(cosigners))}"
    if len(cosigners) < trust.at_least:
        detail = f"{len(cosigners)} of the witnesses named have cosigned, not {trust.at_least}"
        step.findings.append(CosignatureMissingError("checkpoint", detail))


def check_state(bundle: Bundle, signed: list[tuple[str, SignedRecord]]) -> list[AuditError]:
    """Return what is wrong with the device's slot under the last head's state root."""
    state = bundle.state
    if state is None or not bundle.heads:
        return [StateError("state", "there is no slot, or no head")]
    slot = Slot(
        bundle.device, state.epoch, state.sequence, payload_digest=Digest(state.payload_digest)
    )
    head = bundle.heads[-1]
    try:
        verify_inclusion(
            index=state.number,
            size=state.slots,
            leaf_hash=hash_leaf(slot.entry()),
            proof=state.path,
            root=head.state,
        )
    except LogError as error:
        return [StateError("state", f"the slot is not under the head's state: {error}")]
    if not signed:
        return []
    where, last = signed[-1]
    at = (last.record.epoch, last.record.sequence)
    if at > (state.epoch, state.sequence):
        return [StateError(where, "it lies behind the end of the chain that the head states")]
    if at == (state.epoch, state.sequence) and last.payload_digest != state.payload_digest:
        return [StateError(where, "the head states another payload under this number")]
    return []
