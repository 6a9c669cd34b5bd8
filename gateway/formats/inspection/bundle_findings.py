"""Findings on an audit bundle: whether it is whole, and each of its records under the keys that it states.

Rules kept here; the byte-exact form is ``docs/formats/bundle.md``:

* A bundle cannot vouch for its own keys: that takes a root, and ``counterfoil audit verify``. So
  here a bundle without a fault is unverifiable, and one with a fault is invalid.
* A part is whole when its SHA-256 is the one beside it. A record is valid when two things hold: the
  key that the bundle's registry part states for its epoch signed it, and its inclusion proof leads
  to the root of the bundle's last head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import cbor2

from counterfoil.gateway.errors import (
    BUNDLE_MALFORMED,
    PART_ALTERED,
    GatewayError,
    IdentityError,
    RecordError,
)
from counterfoil.gateway.formats.inspection.finding import Finding, Verdict
from counterfoil.gateway.log.merkle import hash_leaf, verify_inclusion
from counterfoil.gateway.record.cbor import any_item
from counterfoil.gateway.record.identity import DeviceId, PublicKey, parse_device_id
from counterfoil.gateway.record.verification import DeviceKey, KeyRing, verify_signature

MAGIC, VERSION = "counterfoil bundle", 4
PARTS: tuple[str, ...] = ("scope", "registry", "certificates", "revocations", "records", "heads")
PARTS += (
    "assignments",
    "inclusion",
    "consistency",
    "state",
    "checkpoint",
    "terms",
    "distributions",
    "pools",
)
PARTS += ("takes", "blocks")
_BROKEN = (ValueError, TypeError, IndexError, KeyError, AttributeError, IdentityError,
           OverflowError)  # fmt: skip


def inspect_bundle(content: bytes) -> Iterator[Finding]:
    """Yield the finding on the bundle in *content*, then one for each record in it."""
    try:
        parts, altered = _parts(content)
        scope = parts["scope"]
        device = parse_device_id(scope[0])
        ring = _ring(device, parts["registry"])
        records: list[tuple[int, bytes]] = [(int(i), bytes(raw)) for i, raw in parts["records"]]
        head = parts["heads"][-1] if parts["heads"] else None
        proofs = parts["inclusion"]
        summary: dict[str, Any] = {
            "device": device,
            "first_ms": scope[1],
            "until_ms": scope[2],
            "project": scope[8],
            "proof_class": scope[9],
            "records": len(records),
            "keys": len(ring),
            "heads": len(parts["heads"]),
            "distributions": len(parts["distributions"]),
            "altered": altered,
        }
        findings = [
            _record(device, ring, entry, proof=proofs[n] if n < len(proofs) else None, head=head)
            for n, entry in enumerate(records)
        ]
    except _BROKEN as error:
        detail = f"{BUNDLE_MALFORMED}: {type(error).__name__}: {str(error)[:120]}"
        yield Finding(
            format="bundle", verdict=Verdict.INVALID, reason=detail, summary={"bytes": len(content)}
        )
        return
    wrong = sum(finding.verdict is Verdict.INVALID for finding in findings)
    summary["records_invalid"] = wrong
    if altered:
        reason = f"{PART_ALTERED}: {', '.join(altered)}: not the bytes it was made with"
        yield Finding(format="bundle", verdict=Verdict.INVALID, reason=reason, summary=summary)
    elif wrong:
        reason = f"{RecordError.code}: {wrong} of {len(records)} records"
        yield Finding(format="bundle", verdict=Verdict.INVALID, reason=reason, summary=summary)
    else:
        reason = "whole; whose keys they are takes a root: counterfoil audit verify"
        yield Finding(format="bundle", verdict=Verdict.UNVERIFIABLE, reason=reason, summary=summary)
    yield from findings


def _parts(content: bytes) -> tuple[Mapping[str, Any], list[str]]:
    magic, version, rows = any_item(content)
    if magic != MAGIC or version != VERSION or cbor2.dumps([magic, version, rows]) != content:
        raise ValueError(f"not one bundle of version {VERSION}")
    if tuple(name for name, _, _ in rows) != PARTS:
        raise ValueError(f"its parts are not those of version {VERSION}")
    altered = [str(name) for name, digest, part in rows if sha256(part).digest() != digest]
    return {str(name): any_item(part) for name, _, part in rows}, altered


def _ring(device: DeviceId, registry: list[list[Any]]) -> KeyRing:
    return {
        (device, row[0]): DeviceKey(
            device,
            epoch=row[0],
            key=PublicKey(row[1], row[2]),
            from_sequence=row[3],
            until_sequence=row[4],
        )
        for row in registry
    }


def _record(
    device: DeviceId,
    ring: KeyRing,
    entry: tuple[int, bytes],
    proof: list[bytes] | None,
    head: list[Any] | None,
) -> Finding:
    log_index, raw = entry
    summary: dict[str, Any] = {"log_index": log_index}
    try:
        signed = verify_signature(raw, device, ring)
        record = signed.record
        summary |= {
            "device": record.device,
            "epoch": record.epoch,
            "sequence": record.sequence,
            "kind": record.kind.name.lower(),
            "time_ms": record.time_ms,
            "payload_digest": signed.payload_digest,
        }
        if head is None or proof is None:
            reason = "signed under the bundle's key; there is no proof that it is in the log"
            return Finding(
                format="record", verdict=Verdict.UNVERIFIABLE, reason=reason, summary=summary
            )
        verify_inclusion(
            log_index, size=head[0], leaf_hash=hash_leaf(raw), proof=proof, root=head[1]
        )
    except GatewayError as error:
        return Finding(format="record", verdict=Verdict.INVALID, reason=str(error), summary=summary)
    reason = "signed under the key that the bundle states, and under its last head"
    return Finding(format="record", verdict=Verdict.VALID, reason=reason, summary=summary)
