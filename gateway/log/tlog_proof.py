"""One record's proof as a text that any tlog-proof tool can check offline (C2SP tlog-proof). Pure.

Rules kept here:

* The lines are ``c2sp.org/tlog-proof@v1``, ``index <n>``, the RFC 9162 inclusion proof in base64, a hash a line from
  the leaf's side up, a blank line, and the log's checkpoint as it was signed and cosigned. No ``extra`` is written.
* The leaf is the record's whole COSE_Sign1; bytes that are no record have no proof. It leads to the checkpoint's size
  and root.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.checkpoint import MAX_CHECKPOINT_BYTES, Checkpoint, LogKey, unbase64
from counterfoil.gateway.log.cosignature import Cosignature, WitnessKey, verify_witnessed
from counterfoil.gateway.log.merkle import hash_leaf, verify_inclusion
from counterfoil.gateway.record.identity import Digest
from counterfoil.gateway.record.signed_record import decode

MAX_PROOF_BYTES = 2 * MAX_CHECKPOINT_BYTES
"""A proof has 64 hashes at most, and its checkpoint."""
_MAGIC = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True)
class TlogProof:
    """A record's index, the path from it, and the signed checkpoint that the path leads to."""

    index: int
    path: tuple[Digest, ...]
    note: bytes

    def encode(self) -> bytes:
        """Return the file's bytes."""
        lines = [_MAGIC, f"index {self.index}", *(b64encode(node).decode() for node in self.path)]
        return ("\n".join(lines) + "\n\n").encode() + self.note

    @classmethod
    def decode(cls, data: bytes) -> TlogProof:
        """Return the proof in *data*, not verified; CheckpointError when it is malformed."""
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise CheckpointError("not a proof of a log") from error
        if not blank or lines[0] != _MAGIC:
            raise CheckpointError(f"it does not begin with {_MAGIC}")
        rest = lines[2:] if len(lines) > 1 and lines[1].startswith("extra ") else lines[1:]
        match = _INDEX.fullmatch(rest[0]) if rest else None
        if match is None:
            raise CheckpointError("no index")
        path = tuple(Digest(unbase64(line)) for line in rest[1:])
        return cls(int(match[1]), path, note)

    def verify(
        self, record: bytes, log: LogKey, witnesses: Sequence[WitnessKey] = (), at_least: int = 0
    ) -> tuple[Checkpoint, list[Cosignature]]:
        """Return the checkpoint that contains *record*, and who cosigned it.

        Raises CheckpointError or ProofError when that is not shown, RecordError when the bytes are no record: whose key
        signed it is not looked at.
        """
        decode(record)
        checkpoint, found = verify_witnessed(self.note, log, witnesses, at_least)
        head = checkpoint.head
        verify_inclusion(
            self.index, head.size, leaf_hash=hash_leaf(record), proof=self.path, root=head.root
        )
        return checkpoint, found


def known_witnesses(verifier_keys: Iterable[str]) -> list[WitnessKey]:
    """Return the witnesses' keys, given as text; CheckpointError where one is given twice, under whatever name."""
    known = [WitnessKey.from_verifier_key(text) for text in verifier_keys]
    if len({key.public for key in known}) < len(known) or len({key.name for key in known}) < len(
        known
    ):
        raise CheckpointError("two of the witnesses have one key, or one name: they count as one")
    return known
