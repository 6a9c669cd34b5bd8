"""Whether a bundle proves what it says: fourteen numbered steps, offline, trusting nobody here.

Rules kept here:

* Pure: bytes and a root certificate in, a report out. The fourteenth step asks a chain's node and
  lives in ``onchain``; without it the report says so: that the blocks are the chain's is then only stated.
* Every step runs, whatever the ones before it found, so that the entry that was changed is named
  and not only the part that it stands in. Only a file that cannot be read ends early.
* The word is *valid* when nothing was found, *invalid* when anything is wrong, and *unverifiable*
  when something that would be needed is not there.

The steps:

1. The file is one bundle in its one deterministic form, with every part.
2. Every part has the bytes that it was made with, and holds what its name says.
3. The certificate of every registered key leads to the given root, was in force when the key was
   registered, names the device, and was not revoked behind the registry's back.
4. Every registered key is the key of its certificate.
5. Every record is signed by the device's registered key for its epoch, within its range.
6. Every record follows the one before: next number, its digest, its counters; an epoch by a link.
7. The records cover the period: they begin with the device's first record or one from outside the
   period, and end with the device's newest record or one from outside the period.
8. Every record is under the last head's root, at its index in the log.
9. Every head is the beginning of the next; the log's checkpoint, where there is one, is of one of them, signed by the
   log and cosigned by the witnesses that the auditor names.
10. The last head's state root holds the device's slot, and the slot agrees with the records.
11. Every block's header hashes to the block, and leads to the transactions and receipts that are given for it.
12. Every head was anchored in its block, with this root and state, by the contract that is stated (and is the auditor's
    own, where a deployment file is given).
13. The project's terms are those that were set on chain, every distribution is what was called and credited, each
    payout is what the terms come to, from the first distribution on, to the minor unit; the facts of those of the
    period are the ones that were called, and the records here say the same.
14. (With a node.) The blocks are the chain's, the heads and the keys those that the contracts hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from cryptography import x509

from counterfoil.api.audit.verification import key_certificates as certs
from counterfoil.api.audit.verification.bundle import Bundle, decode
from counterfoil.api.audit.verification.bundle_blocks import check_anchored, prove_all
from counterfoil.api.audit.verification.errors import (
    AuditError,
    ChainBrokenError,
    CheckpointMismatchError,
    ConsistencyError,
    ContainerError,
    CosignatureMissingError,
    InclusionError,
    PartMalformedError,
    PeriodError,
    RecordRefusedError,
    RegistryMismatchError,
    StateError,
)
from counterfoil.api.audit.verification.split_audit import SplitAudit
from counterfoil.gateway.errors import IdentityError, LogError, RecordError
from counterfoil.gateway.log.checkpoint import LogKey, parse_checkpoint, verify_checkpoint
from counterfoil.gateway.log.cosignature import WitnessKey, cosignatures, split_note
from counterfoil.gateway.log.merkle import hash_leaf, verify_consistency, verify_inclusion
from counterfoil.gateway.log.state_tree import Slot
from counterfoil.gateway.record.bodies import Refund, Sale
from counterfoil.gateway.record.identity import Digest, PublicKey
from counterfoil.gateway.record.signed_record import SignedRecord
from counterfoil.gateway.record.verification import (
    OPEN_SEQUENCE,
    Accepted,
    ChainTip,
    DeviceKey,
    KeyRing,
    KeyStatus,
    check_chain,
    verify_signature,
)

Verdict = Literal["valid", "invalid", "unverifiable"]


@dataclass
class Step:
    """One step's outcome: what was checked, in one line, and what was found wrong."""

    number: int
    checked: str
    findings: list[AuditError] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass
class Report:
    """All steps that ran. ``skipped`` says in words what was not looked at."""

    steps: list[Step]
    skipped: list[str] = field(default_factory=list)
    bundle: Bundle | None = None

    @property
    def findings(self) -> list[AuditError]:
        """All that was found, in the order of the steps."""
        return [finding for step in self.steps for finding in step.findings]

    @property
    def verdict(self) -> Verdict:
        """Valid, invalid or unverifiable."""
        findings = self.findings
        if any(not finding.unverifiable for finding in findings):
            return "invalid"
        return "unverifiable" if findings else "valid"


@dataclass(frozen=True)
class Seers:
    """What the auditor knows of the log: its key, its witnesses' keys, and how many of them must have cosigned."""

    log: LogKey | None = None
    witnesses: Sequence[WitnessKey] = ()
    at_least: int = 0


def verify(
    data: bytes,
    root: x509.Certificate,
    seers: Seers = Seers(),
    addresses: Mapping[str, str] | None = None,
) -> Report:
    """Return the report of steps 1 to 13 on the file *data*, believing the authority *root*.

    *addresses* are where the auditor knows the contracts to be, by their names.
    """
    # Steps 1 and 2
    try:
        bundle, altered = decode(data)
    except ContainerError as error:
        return Report([Step(1, "the file is a bundle", [error])])
    except AuditError as error:
        return Report([Step(1, "the file is a bundle"), Step(2, "its parts are whole", [error])])
    steps = [
        Step(1, f"the file is a bundle for {bundle.device}, {len(data)} bytes"),
        Step(2, "every part has the bytes it was made with", altered),
    ]
    # Step 3
    loaded, malformed = certs.load_all(bundle.certificates)
    steps.append(Step(3, _count(len(bundle.registry), "certificate path") + " to the root given"))
    steps[-1].findings += malformed
    paths = [
        certs.check_path(
            where=f"registry epoch {key.epoch}",
            key=key,
            device=bundle.device,
            loaded=loaded,
            root=root,
        )
        for key in bundle.registry
    ]
    steps[-1].findings += [error for error in paths if error is not None]
    steps[-1].findings += certs.check_revocations(
        keys=bundle.registry, revocations=bundle.revocations, loaded=loaded, root=root
    )
    # Step 4
    steps.append(Step(4, _count(len(bundle.registry), "registered key") + " as certified"))
    ring, bad_keys = _ring(bundle)
    keys = [certs.check_key(f"registry epoch {k.epoch}", k, loaded) for k in bundle.registry]
    steps[-1].findings += [*bad_keys, *(error for error in keys if error is not None)]
    # Step 5
    signed, refused = _signed(bundle, ring)
    steps.append(Step(5, _count(len(bundle.records), "signature"), refused))
    # Step 6
    steps.append(Step(6, _chain_text(signed), list(_check_chain(signed))))
    # Step 7
    steps.append(Step(7, _money_text(bundle, signed), list(_check_period(bundle, signed))))
    # Step 8
    size = bundle.heads[-1].size if bundle.heads else 0
    steps.append(
        Step(
            8,
            f"{_count(len(bundle.records), 'record')} under the head of {size}",
            list(_check_inclusion(bundle)),
        )
    )
    # Step 9
    steps.append(
        Step(9, _count(len(bundle.heads), "head") + ", one growing log", list(_check_heads(bundle)))
    )
    _check_checkpoint(bundle, seers, steps[-1])
    # Step 10
    steps.append(
        Step(10, "the device's place in the last head's state", _check_state(bundle, signed))
    )
    # Step 11
    proven, checked, wrong = prove_all(bundle)
    steps.append(Step(11, checked, wrong))
    # Step 12
    anchored = list(check_anchored(bundle, proven, addresses or {}))
    steps.append(
        Step(12, _count(len(bundle.heads), "head") + " anchored in their blocks", anchored)
    )
    # Step 13
    by_raw = {record.raw: record for _, record in signed}
    known = {e.log_index: by_raw[e.raw] for e in bundle.records if e.raw in by_raw}
    splits = SplitAudit(bundle, proven, known)
    found = list(splits.run()) if bundle.blocks else []
    steps.append(Step(13, splits.checked, found))
    return Report(steps, bundle=bundle)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _ring(bundle: Bundle) -> tuple[KeyRing, list[AuditError]]:
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
        what = f", a sale of {record.body.amount_minor} minor {record.body.currency}"
    return f"{place}, epoch {record.epoch} sequence {record.sequence}{what}"


def _signed(
    bundle: Bundle, ring: KeyRing
) -> tuple[list[tuple[str, SignedRecord]], list[AuditError]]:
    """Return the records that verify, each with what it is called, and the errors of the others."""
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


def _tip(signed: SignedRecord) -> ChainTip:
    record = signed.record
    return ChainTip(
        record.device, record.epoch, record.sequence, signed.payload_digest, record.counters
    )


def _check_chain(signed: list[tuple[str, SignedRecord]]) -> Iterator[AuditError]:
    tip: ChainTip | None = None
    for number, (where, record) in enumerate(signed):
        at = (record.record.epoch, record.record.sequence)
        if number > 0 or at == (1, 1):
            try:
                outcome = check_chain(record, tip)
                if not isinstance(outcome, Accepted):
                    yield ChainBrokenError(where, "its number was used before")
            except RecordError as error:
                yield ChainBrokenError(where, str(error))
        tip = _tip(record)


def _inside(bundle: Bundle, signed: SignedRecord) -> bool:
    return bundle.scope.first_ms <= signed.record.time_ms < bundle.scope.until_ms


def _check_period(bundle: Bundle, signed: list[tuple[str, SignedRecord]]) -> Iterable[AuditError]:
    if not signed:
        yield PeriodError("records", "there is no record that verifies")
        return
    where, first = signed[0]
    if (first.record.epoch, first.record.sequence) != (1, 1) and _inside(bundle, first):
        yield PeriodError(where, "the record before it is not here")
    where, last = signed[-1]
    state = bundle.state
    newest = state is not None and (state.epoch, state.sequence) == (
        last.record.epoch,
        last.record.sequence,
    )
    if not newest and _inside(bundle, last):
        yield PeriodError(where, "the device has later records, and the next one is not here")


def _check_inclusion(bundle: Bundle) -> Iterable[AuditError]:
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


def _check_heads(bundle: Bundle) -> Iterable[AuditError]:
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


def _check_checkpoint(bundle: Bundle, seers: Seers, step: Step) -> None:
    """Judge the log's checkpoint, and say in the step's line who has seen it."""
    note, cosigners = bundle.checkpoint, set[str]()
    if note:
        try:
            stated = parse_checkpoint(split_note(note)[0]).head
            if seers.log is not None:
                verify_checkpoint(note, seers.log)
            found = cosignatures(note, seers.witnesses)
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
        signed = "signed by the log" if seers.log is not None else "whose key was not given"
        step.checked += f"; checkpoint of {stated.size}, {signed}"
        if cosigners:
            step.checked += f", seen by {', '.join(sorted(cosigners))}"
    if len(cosigners) < seers.at_least:
        detail = f"{len(cosigners)} of the witnesses named have cosigned, not {seers.at_least}"
        step.findings.append(CosignatureMissingError("checkpoint", detail))


def _check_state(bundle: Bundle, signed: list[tuple[str, SignedRecord]]) -> list[AuditError]:
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


def _chain_text(signed: list[tuple[str, SignedRecord]]) -> str:
    if not signed:
        return "no chain"
    first, last = signed[0][1].record, signed[-1][1].record
    return (
        f"no gap from epoch {first.epoch} sequence {first.sequence} "
        f"to epoch {last.epoch} sequence {last.sequence}"
    )


def _money_text(bundle: Bundle, signed: list[tuple[str, SignedRecord]]) -> str:
    """What the period's records come to: number, and takings by currency in minor units."""
    inside = [record.record for _, record in signed if _inside(bundle, record)]
    totals: dict[str, int] = {}
    for record in inside:
        if isinstance(record.body, Sale):
            currency, amount = record.body.currency, record.body.amount_minor
        elif isinstance(record.body, Refund):
            currency, amount = record.body.currency, -record.body.amount_minor
        else:
            continue
        totals[currency] = totals.get(currency, 0) + amount
    sums = ", ".join(f"{amount} minor {currency}" for currency, amount in sorted(totals.items()))
    return f"{_count(len(inside), 'record')} of the period" + (f", {sums}" if sums else "")


__all__ = ["PartMalformedError", "Report", "Seers", "Step", "Verdict", "verify"]
