"""The body of a request for a witness's cosignature (C2SP tlog-witness). Pure."""

from __future__ import annotations

import re
from base64 import b64encode

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.checkpoint import unbase64
from counterfoil.gateway.record.identity import Digest

_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_MOST_PROOF_LINES = 63


def read_request(body: bytes) -> tuple[int, list[Digest], bytes]:
    """Return (old size, proof, note) of an add-checkpoint request; CheckpointError when it is malformed."""
    head, blank, note = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise CheckpointError("not a request") from error
    match = _OLD.fullmatch(lines[0])
    if not blank or match is None:
        raise CheckpointError("no old size, or no empty line before the checkpoint")
    if len(lines) - 1 > _MOST_PROOF_LINES:
        raise CheckpointError(f"more than {_MOST_PROOF_LINES} lines of proof")
    proof = [Digest(unbase64(line)) for line in lines[1:]]
    return int(match[1]), proof, note


def write_request(old_size: int, proof: list[Digest], note: bytes) -> bytes:
    """Return the body of an add-checkpoint request."""
    lines = [f"old {old_size}", *(b64encode(node).decode() for node in proof)]
    return ("\n".join(lines) + "\n\n").encode() + note
