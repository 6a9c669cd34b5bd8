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
    CosignaturesTooFewError,
    InclusionError,
    RecordRefusedError,
    RegistryMismatchError,
    StateError,
    TakenBackError,
)
from counterfoil.api.audit.verification.key_certificates import epoch_named
from counterfoil.api.audit.verification.report import Step
from counterfoil.api.audit.verification.said import Joined, Part, Said
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
        where = epoch_named(fact.epoch)
        try:
            key = PublicKey(fact.x, fact.y)
        except IdentityError as error:
            errors.append(RegistryMismatchError(where, Said("{key_error}", key_error=error)))
            continue
        status = KeyStatus.REVOKED if fact.revoked else KeyStatus.ACTIVE
        if fact.epoch != len(ring) + 1:
            detail = Said("epoch {epoch} was to come", epoch=len(ring) + 1)
            errors.append(RegistryMismatchError(where, detail))
        if (fact.revoked not in (0, 1)) or (fact.revoked and fact.until_sequence == OPEN_SEQUENCE):
            detail = Said("a revoked key is closed at a sequence")
            errors.append(RegistryMismatchError(where, detail))
        ring[bundle.device, fact.epoch] = DeviceKey(
            bundle.device, fact.epoch, key, fact.from_sequence, fact.until_sequence, status
        )
    return ring, errors  # type: ignore[return-value]


class _Where(Said):
    """Where a record stands, and which it is: put together when somebody asks, since a file has thousands."""

    __slots__ = ("_index", "_number", "_signed")

    def __init__(self, number: int, index: int, signed: SignedRecord | None) -> None:
        self._number, self._index, self._signed = number, index, signed

    def in_(self, language: str) -> str:
        """Return it in *language*."""
        return self._said().in_(language)

    def _said(self) -> Said:
        part = Part("records", self._number)
        place = Said("{part} (log index {index})", part=part, index=self._index)
        if self._signed is None:
            return place
        record = self._signed.record
        where = Said(
            "{place}, epoch {epoch} sequence {sequence}",
            place=place,
            epoch=record.epoch,
            sequence=record.sequence,
        )
        if isinstance(record.body, Sale):
            amount = money(record.body.amount_minor, record.body.currency)
            return Said("{record}, a sale of {amount}", record=where, amount=amount)
        return where


def _where(bundle: Bundle, number: int, signed: SignedRecord | None = None) -> Said:
    return _Where(number, bundle.records[number].log_index, signed)


def signed_records(
    bundle: Bundle, ring: KeyRing
) -> tuple[list[tuple[Said, SignedRecord]], list[AuditError]]:
    """Return the records that verify, each with its name in the report, and the errors of the others."""
    signed: list[tuple[Said, SignedRecord]] = []
    errors: list[AuditError] = []
    for number, entry in enumerate(bundle.records):
        try:
            record = verify_signature(entry.raw, bundle.device, ring)
        except RecordError as error:
            errors.append(_refused(_where(bundle, number), error))
        else:
            signed.append((_where(bundle, number, record), record))
    return signed, errors


def _refused(where: Said, error: RecordError) -> AuditError:
    return RecordRefusedError(where, Said("{record_error}", record_error=error))


def check_inclusion(bundle: Bundle) -> Iterable[AuditError]:
    """Yield an error for each record that is not at its place under the last head's root."""
    if not bundle.heads:
        yield InclusionError(Part("heads"), Said("there is no head"))
        return
    if len(bundle.inclusion) != len(bundle.records):
        detail = Said(
            "{proofs} proofs for {records} records",
            proofs=len(bundle.inclusion),
            records=len(bundle.records),
        )
        yield InclusionError(Part("inclusion"), detail)
    head = bundle.heads[-1]
    before = -1
    for number, (entry, proof) in enumerate(zip(bundle.records, bundle.inclusion, strict=False)):
        where = _where(bundle, number)
        if entry.log_index <= before:
            yield InclusionError(where, Said("the log's order is another"))
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
            yield InclusionError(where, Said("{inclusion_error}", inclusion_error=error))


def check_heads(bundle: Bundle) -> Iterable[AuditError]:
    """Yield an error for each head that is not the beginning of the next one."""
    pairs = list(pairwise(bundle.heads))
    if len(pairs) != len(bundle.consistency):
        detail = Said(
            "{proofs} proofs between {heads} heads",
            proofs=len(bundle.consistency),
            heads=len(bundle.heads),
        )
        yield ConsistencyError(Part("consistency"), detail)
    for (first, second), proof in zip(pairs, bundle.consistency, strict=False):
        where = Said("heads of {first} and {second}", first=first.size, second=second.size)
        if first.size >= second.size:
            yield ConsistencyError(where, Said("the log does not grow"))
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
            detail = Said("{consistency_error}", consistency_error=error)
            yield ConsistencyError(where, detail)


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
            detail = Said("{checkpoint_error}", checkpoint_error=error)
            step.findings.append(CheckpointMismatchError(Part("checkpoint"), detail))
            return
        differs = _of_another_head(bundle, stated)
        if differs is not None:
            step.findings.append(CheckpointMismatchError(Part("checkpoint"), differs))
            return
        cosigners = {one.witness: one.time_s for one in found}
        signed = Said("the log's signature not looked at (--log-key)")
        if trust.log is not None:
            signed = Said("signed by the log")
        step.add(
            Said("checkpoint of {size}, the last head, {signed}", size=stated.size, signed=signed)
        )
        if cosigners:
            names = [
                Said("{name} at {time}", name=name, time=_time(at))
                for name, at in sorted(cosigners.items())
            ]
            step.add(
                Said(
                    "its size and root, not its state, cosigned by {names}",
                    names=Joined(", ", names),
                )
            )
    if not cosigners:
        step.add(Said("no witness has vouched for the last head"))
    if len(cosigners) < needed(trust.witnesses, trust.at_least):
        wanted = needed(trust.witnesses, trust.at_least)
        detail = Said(
            "{number} of the witnesses named have cosigned the last head, not {wanted}",
            number=len(cosigners),
            wanted=wanted,
        )
        step.findings.append(CosignaturesTooFewError(Part("checkpoint"), detail))


def _of_another_head(bundle: Bundle, stated: Head) -> Said | None:
    """Return why the checkpoint is not of the last head, which all else rests on; None where it is."""
    last = bundle.heads[-1] if bundle.heads else None
    if last is None or stated.size != last.size:
        of = Said("none") if last is None else Said("one of {size}", size=last.size)
        return Said("it is of a head of {size}, the last head is {last}", size=stated.size, last=of)
    if (stated.root, stated.state) != (last.root, last.state):
        return Said("it states another root or state for the last head, of {size}", size=last.size)
    return None


def _time(time_s: int) -> str:
    """Return *time_s* as a UTC date and time, to the second."""
    return f"{datetime.fromtimestamp(min(time_s, _LAST_S), UTC):%Y-%m-%d %H:%M:%SZ}"


def check_state(bundle: Bundle, signed: list[tuple[Said, SignedRecord]]) -> list[AuditError]:
    """Return what is wrong with the device's slot under the last head's state root."""
    state = bundle.state
    if state is None or not bundle.heads:
        return [StateError(Part("state"), Said("there is no slot, or no head"))]
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
        detail = Said("the slot is not under the head's state: {error}", error=error)
        return [StateError(Part("state"), detail)]
    taken_back = list(_taken_back(bundle, state))
    if not signed:
        return taken_back
    where, last = signed[-1]
    at = (last.record.epoch, last.record.sequence)
    if at > (state.epoch, state.sequence):
        behind = Said("it lies behind the end of the chain that the head states")
        return [StateError(where, behind)]
    if at == (state.epoch, state.sequence) and last.payload_digest != state.payload_digest:
        other = Said("the head states another payload under this number")
        return [StateError(where, other)]
    return taken_back


def _taken_back(bundle: Bundle, state: StateFact) -> Iterable[AuditError]:
    """Yield what is under the last head, and behind the end of its key: anchored, perhaps paid, and revoked since."""
    for key in bundle.registry:
        if key.epoch == state.epoch and key.until_sequence < state.sequence:
            detail = Said(
                "its numbers {first} to {last} are anchored, and were taken back since",
                first=key.until_sequence + 1,
                last=state.sequence,
            )
            yield TakenBackError(epoch_named(key.epoch), detail)
