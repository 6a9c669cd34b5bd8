"""Whether two signed checkpoints of one log can both be true: one tree, or the beginning of the other. Pure.

Rules kept here:

* An accusation is one that anybody can check by its own bytes: two heads of one size, a head of no record with another
  root than that of nothing, or two heads and the proof that the larger one begins with another root than the smaller.
* The log's tiles are a copy, which may be damaged or somebody else's. They accuse nobody unless they give the larger
  head's own root.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from counterfoil.gateway.errors import LogError, ProofError
from counterfoil.gateway.log.checkpoint import LogKey, verify_checkpoint
from counterfoil.gateway.log.merkle import EMPTY_ROOT, HashReader, proven_beginning
from counterfoil.gateway.record.identity import Digest


@dataclass(frozen=True)
class Comparison:
    """What two checkpoints are to each other. Where that is an equivocation, both are the evidence.

    Of two sizes, ``beginning`` is the root with which the larger head's log begins, at the smaller one's size, and
    ``proof`` the consistency proof from it to the larger head (RFC 9162): with both notes they are the evidence.
    """

    word: Literal["consistent", "equivocation", "unknown"]
    detail: str
    first: bytes
    second: bytes
    beginning: Digest | None = None
    proof: tuple[Digest, ...] = ()


def compare(first: bytes, second: bytes, log: LogKey, read: HashReader | None) -> Comparison:
    """Compare two notes that *log* signed; *read* gives the log's hashes where the sizes differ.

    Raises CheckpointError when the log did not sign one of them: then it is no evidence.
    """
    a, b = verify_checkpoint(first, log).head, verify_checkpoint(second, log).head
    if a.size > b.size:
        a, b = b, a

    def found(word: Literal["consistent", "equivocation", "unknown"], detail: str) -> Comparison:
        return Comparison(word, detail, first=first, second=second)

    if a.size == 0 and {a.root, *([b.root] if b.size == 0 else [])} != {EMPTY_ROOT}:
        return found("equivocation", "a head of 0 records with a root of some")
    if a.size == b.size:
        if (a.root, a.state) == (b.root, b.state):
            return found("consistent", f"the same head of {a.size}")
        return found("equivocation", f"two heads of {a.size}")
    if a.size == 0:
        return found("consistent", f"nothing, then {b.size} records")
    if read is None:
        return found("unknown", f"sizes {a.size} and {b.size}: the log's tiles are needed to tell")
    try:
        beginning, proof = proven_beginning(first=a.size, second=b.size, root=b.root, read=read)
    except ProofError:
        detail = f"the tiles don't give the root of the head of {b.size}: they are damaged, or another log's"
        return found("unknown", detail)
    except LogError as error:
        return found("unknown", f"the tiles can't be read: {error}")
    if beginning != a.root:
        return Comparison(
            "equivocation",
            f"the head of {b.size} does not begin with that of {a.size}",
            first=first,
            second=second,
            beginning=beginning,
            proof=tuple(proof),
        )
    return found("consistent", f"{a.size} records, then {b.size}")
