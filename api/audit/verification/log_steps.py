"""Steps 4, 5 and 8 to 10 of a verification: a bundle's records, and the log that they stand in.

The records are signed and in the log; its heads are one growing log, and the last one holds the device's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from counterfoil.api.audit.verification.bundle import Bundle, StateFact
from counterfoil.api.audit.verification.errors import (
    AuditError,
    CheckpointMismatchError,
    ConsistencyError,
    CosignatureMissingError,
    InclusionError,
    RecordRefusedError,
    RegistryMismatchError,
    StateError,
    TakenBackError,
)
from counterfoil.api.audit.verification.report import Step
from counterfoil.gateway.errors import IdentityError, LogError, RecordError
from counterfoil.gateway.log.checkpoint import Head, LogKey, parse_checkpoint, verify_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosignatures, needed, split_note
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

_LAST_S = 253_402_300_799
"""The last second of the year 9999."""


@dataclass(frozen=True)
class LogTrust:
    """What the auditor trusts the log by: its key, its witnesses' keys, and how many of them must have cosigned.

    Where *at_least* is not said, one of the witnesses must have, if any is named.
    """

    log: LogKey | None = None
    witnesses: Sequence[WitnessKey] = ()
    at_least: int | None = None


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
    """Judge the log's checkpoint, and say in the step's line who vouches for what."""
    note, cosigners = bundle.checkpoint, dict[str, int]()
    if note:
        try:
            stated = parse_checkpoint(split_note(note)[0]).head
            if trust.log is not None:
                verify_checkpoint(note, trust.log)
            found = cosignatures(note, trust.witnesses)
        except LogError as error:
            step.findings.append(CheckpointMismatchError("checkpoint", str(error)))
            return
        detail = _of_another_head(bundle, stated)
        if detail:
            step.findings.append(CheckpointMismatchError("checkpoint", detail))
            return
        cosigners = {one.witness: one.time_s for one in found}
        step.checked += f"; checkpoint of {stated.size}, the last head, "
        step.checked += (
            "signed by the log"
            if trust.log is not None
            else "the log's signature not looked at (--log-key)"
        )
        if cosigners:
            names = ", ".join(f"{name} at {_time(at)}" for name, at in sorted(cosigners.items()))
            step.checked += f"; its size and root, not its state, cosigned by {names}"
    if not cosigners:
        step.checked += "; no witness has vouched for the last head"
    if len(cosigners) < needed(trust.witnesses, trust.at_least):
        wanted = needed(trust.witnesses, trust.at_least)
        detail = (
            f"{len(cosigners)} of the witnesses named have cosigned the last head, not {wanted}"
        )
        step.findings.append(CosignatureMissingError("checkpoint", detail))


def _of_another_head(bundle: Bundle, stated: Head) -> str:
    """Return why the checkpoint is not of the last head, which all else rests on; empty where it is."""
    last = bundle.heads[-1] if bundle.heads else None
    if last is None or stated.size != last.size:
        of = "none" if last is None else f"one of {last.size}"
        return f"it is of a head of {stated.size}, the last head is {of}"
    if (stated.root, stated.state) != (last.root, last.state):
        return f"it states another root or state for the last head, of {last.size}"
    return ""


def _time(time_s: int) -> str:
    """Return *time_s* as a UTC date and time, to the second."""
    return f"{datetime.fromtimestamp(min(time_s, _LAST_S), UTC):%Y-%m-%d %H:%M:%SZ}"


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
    taken_back = list(_taken_back(bundle, state))
    if not signed:
        return taken_back
    where, last = signed[-1]
    at = (last.record.epoch, last.record.sequence)
    if at > (state.epoch, state.sequence):
        return [StateError(where, "it lies behind the end of the chain that the head states")]
    if at == (state.epoch, state.sequence) and last.payload_digest != state.payload_digest:
        return [StateError(where, "the head states another payload under this number")]
    return taken_back


def _taken_back(bundle: Bundle, state: StateFact) -> Iterable[AuditError]:
    """Yield what is under the last head, and behind the end of its key: anchored, perhaps paid, and revoked since."""
    for key in bundle.registry:
        if key.epoch == state.epoch and key.until_sequence < state.sequence:
            detail = f"its numbers {key.until_sequence + 1} to {state.sequence} are anchored, and were taken back since"
            yield TakenBackError(f"registry epoch {key.epoch}", detail)
