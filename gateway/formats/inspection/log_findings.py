"""Findings on what a log signs: a checkpoint, and one record's proof. Without the log's key neither is proven."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.formats.inspection.finding import Finding, Verdict
from counterfoil.gateway.log.checkpoint import parse_checkpoint
from counterfoil.gateway.log.cosignature import split_note
from counterfoil.gateway.log.tlog_proof import TlogProof


def inspect_checkpoint(content: bytes) -> Iterator[Finding]:
    """Yield the finding on a checkpoint, a signed note."""
    reason = "who signed it is told by the log's key alone: counterfoil log mirror --log-key"
    yield _finding("checkpoint", content, summary={}, reason=reason)


def inspect_tlog_proof(content: bytes) -> Iterator[Finding]:
    """Yield the finding on a record's proof and the checkpoint in it."""
    try:
        proof = TlogProof.decode(content)
    except CheckpointError as error:
        yield Finding("tlog-proof", Verdict.INVALID, str(error))
        return
    summary = {"log_index": proof.index, "hashes": len(proof.path)}
    reason = "it takes the record's bytes and the log's key: counterfoil witness check-proof"
    yield _finding("tlog-proof", proof.note, summary=summary, reason=reason)


def _finding(name: str, note: bytes, summary: dict[str, Any], reason: str) -> Finding:
    try:
        text, lines = split_note(note)
        checkpoint = parse_checkpoint(text)
    except CheckpointError as error:
        return Finding(name, Verdict.INVALID, reason=str(error), summary=summary)
    head = checkpoint.head
    summary |= {
        "log": checkpoint.origin,
        "size": head.size,
        "root": head.root,
        "state": head.state,
        "signed_by": [line.split(" ")[1] for line in lines if line.count(" ") == 2],
    }
    if summary.get("log_index", -1) >= head.size:
        detail = f"{CheckpointError.code}: record {summary['log_index']} is not among {head.size}"
        return Finding(name, Verdict.INVALID, reason=detail, summary=summary)
    return Finding(name, Verdict.UNVERIFIABLE, reason=reason, summary=summary)
