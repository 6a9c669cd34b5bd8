"""Whether two signed checkpoints of one log can both be true: one tree, or the beginning of the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from counterfoil.gateway.errors import LogError, ProofError
from counterfoil.gateway.log.checkpoint import LogKey, verify_checkpoint
from counterfoil.gateway.log.merkle import HashReader, consistency_proof, verify_consistency


@dataclass(frozen=True)
class Comparison:
    """The word on two checkpoints; both are the evidence where they are an equivocation."""

    word: Literal["consistent", "equivocation", "unknown"]
    detail: str
    first: bytes
    second: bytes


def compare(first: bytes, second: bytes, log: LogKey, read: HashReader | None) -> Comparison:
    """Compare two notes that *log* signed; *read* gives the log's hashes where the sizes differ.

    Raises CheckpointError when one of them is not signed by the log: then it is no evidence.
    """
    a, b = verify_checkpoint(first, log).head, verify_checkpoint(second, log).head
    if a.size > b.size:
        a, b = b, a
    if a.size == b.size:
        if (a.root, a.state) == (b.root, b.state):
            return Comparison("consistent", f"the same head of {a.size}", first, second)
        return Comparison("equivocation", f"two heads of {a.size}", first, second)
    if a.size == 0:
        return Comparison("consistent", f"nothing, then {b.size} records", first, second)
    if read is None:
        detail = f"sizes {a.size} and {b.size}: the log's tiles are needed to tell"
        return Comparison("unknown", detail, first, second)
    try:
        proof = consistency_proof(a.size, b.size, read)
        verify_consistency(a.size, b.size, a.root, b.root, proof)
    except ProofError:
        detail = f"the log's own tiles don't show the head of {a.size} to begin that of {b.size}"
        return Comparison("equivocation", detail, first, second)
    except LogError as error:
        return Comparison("unknown", f"the tiles can't be read: {error}", first, second)
    return Comparison("consistent", f"{a.size} records, then {b.size}", first, second)
