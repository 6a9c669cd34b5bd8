"""Whether two signed checkpoints of one log can both be true: one tree, or the beginning of the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from counterfoil.gateway.errors import LogError, ProofError
from counterfoil.gateway.log.checkpoint import LogKey, verify_checkpoint
from counterfoil.gateway.log.merkle import HashReader, consistency_proof, verify_consistency


@dataclass(frozen=True)
class Comparison:
    """What two checkpoints are to each other. Where that is an equivocation, both are the evidence."""

    word: Literal["consistent", "equivocation", "unknown"]
    detail: str
    first: bytes
    second: bytes


def compare(first: bytes, second: bytes, log: LogKey, read: HashReader | None) -> Comparison:
    """Compare two notes that *log* signed; *read* gives the log's hashes where the sizes differ.

    Raises CheckpointError when the log did not sign one of them: then it is no evidence.
    """
    a, b = verify_checkpoint(first, log).head, verify_checkpoint(second, log).head
    if a.size > b.size:
        a, b = b, a
    if a.size == b.size:
        if (a.root, a.state) == (b.root, b.state):
            return Comparison(
                word="consistent", detail=f"the same head of {a.size}", first=first, second=second
            )
        return Comparison(
            word="equivocation", detail=f"two heads of {a.size}", first=first, second=second
        )
    if a.size == 0:
        return Comparison(
            word="consistent", detail=f"nothing, then {b.size} records", first=first, second=second
        )
    if read is None:
        detail = f"sizes {a.size} and {b.size}: the log's tiles are needed to tell"
        return Comparison(word="unknown", detail=detail, first=first, second=second)
    try:
        proof = consistency_proof(a.size, b.size, read)
        verify_consistency(
            first=a.size, second=b.size, first_root=a.root, second_root=b.root, proof=proof
        )
    except ProofError:
        detail = f"the log's own tiles don't show the head of {a.size} to begin that of {b.size}"
        return Comparison(word="equivocation", detail=detail, first=first, second=second)
    except LogError as error:
        return Comparison(
            word="unknown", detail=f"the tiles can't be read: {error}", first=first, second=second
        )
    return Comparison(
        word="consistent", detail=f"{a.size} records, then {b.size}", first=first, second=second
    )
