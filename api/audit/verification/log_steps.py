"""Steps 9 and 10 of a verification: the heads are one growing log; the last one holds the device's place."""

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
    StateError,
)
from counterfoil.api.audit.verification.report import Step
from counterfoil.gateway.errors import LogError
from counterfoil.gateway.log.checkpoint import LogKey, parse_checkpoint, verify_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosignatures, split_note
from counterfoil.gateway.log.merkle import hash_leaf, verify_consistency, verify_inclusion
from counterfoil.gateway.log.state_tree import Slot
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.signed_record import SignedRecord


@dataclass(frozen=True)
class LogTrust:
    """What the auditor trusts the log by: its key, its witnesses' keys, and how many of them must have cosigned."""

    log: LogKey | None = None
    witnesses: Sequence[WitnessKey] = ()
    at_least: int = 0


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
