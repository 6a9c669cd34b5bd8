"""What a witness says of a log's checkpoint (C2SP tlog-cosignature, Ed25519 cosignature/v1). Pure.

Rules kept here:

* A cosignature line is ``— <witness name> <base64 of key id || time (8) || signature (64)>``; the key id is the first
  four bytes of SHA-256(name, 0x0A, 0x04, public key).
* What is signed is ``cosignature/v1`` and ``time <seconds>``, each on a line, and the checkpoint's whole text. It
  says: at that time this was the largest consistent head of this log that the witness had seen.
* Lines by keys that the reader doesn't know are passed over; a line by a known key that does not verify is an error.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from counterfoil.gateway.errors import (
    CheckpointError,
    CosignaturesTooFewError,
    VerifierKeyError,
)
from counterfoil.gateway.log.checkpoint import (
    MAX_CHECKPOINT_BYTES,
    Checkpoint,
    LogKey,
    unbase64,
    verify_checkpoint,
)

_COSIGNATURE = b"\x04"
_LINE = re.compile(r"— (\S+) (\S+)")


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness, by its *name*."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each of this key's cosignatures."""
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.public).digest()[:4]

    def verifier_key(self) -> str:
        """Return the key as ``name+id+base64``, the form in which verifiers are given it."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_COSIGNATURE + self.public).decode()}"

    @classmethod
    def from_verifier_key(cls, text: str) -> WitnessKey:
        """Return the key in *text*; VerifierKeyError when it is malformed or its id is wrong."""
        parts = text.strip().split("+", 2)
        try:
            material = unbase64(parts[2]) if len(parts) == 3 else b""
            if material[:1] != _COSIGNATURE or len(material) != 33:
                raise VerifierKeyError("a witness's key is name+id+base64 of 0x04 and 32 bytes")
            LogKey(parts[0], material[1:])
        except CheckpointError as error:
            raise VerifierKeyError(error.detail) from error
        key = cls(parts[0], material[1:])
        if key.key_id.hex() != parts[1]:
            raise VerifierKeyError("the witness's key's id is not its own")
        return key


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: *witness* had seen the checkpoint at *time_s*, by its own clock."""

    witness: str
    time_s: int


def split_note(note: bytes) -> tuple[str, list[str]]:
    """Return a note's text with its last newline, and its signature lines; CheckpointError when it is none."""
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise CheckpointError(f"longer than {MAX_CHECKPOINT_BYTES} bytes")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise CheckpointError("not UTF-8") from error
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise CheckpointError("no blank line before the signatures, or no newline after them")
    return text + "\n", lines[:-1].split("\n")


def cosign(text: str, name: str, private_key: Ed25519PrivateKey, time_s: int) -> str:
    """Return the cosignature line, newline included, of the witness *name* over a checkpoint's *text*."""
    key = WitnessKey(name, private_key.public_key().public_bytes_raw())
    signature = private_key.sign(_message(text, time_s))
    encoded = b64encode(key.key_id + time_s.to_bytes(8, "big") + signature).decode()
    return f"— {name} {encoded}\n"


def cosignatures(note: bytes, witnesses: Iterable[WitnessKey]) -> list[Cosignature]:
    """Return the cosignatures of *note* by *witnesses*, in the order of its lines.

    Raises CheckpointError for a line by one of them that does not verify.
    """
    text, lines = split_note(note)
    known = {(key.name, key.key_id): key for key in witnesses}
    found: list[Cosignature] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise CheckpointError("a signature line is malformed")
        material = unbase64(match[2])
        key = known.get((match[1], material[:4]))
        if key is None:
            continue
        time_s = int.from_bytes(material[4:12], "big")
        if len(material) != 76 or time_s >= 2**63:
            raise CheckpointError(f"the cosignature by {key.name} is malformed")
        try:
            public = Ed25519PublicKey.from_public_bytes(key.public)
            public.verify(material[12:], _message(text, time_s))
        except InvalidSignature as error:
            raise CheckpointError(f"the cosignature by {key.name} does not verify") from error
        found.append(Cosignature(key.name, time_s))
    return found


def with_lines(note: bytes, lines: Iterable[str]) -> bytes:
    """Return *note* with signature *lines*, each with its newline, after its own."""
    return note + "".join(lines).encode()


def verify_witnessed(
    note: bytes, log: LogKey, witnesses: Iterable[WitnessKey], at_least: int
) -> tuple[Checkpoint, list[Cosignature]]:
    """Return the checkpoint in *note*, signed by *log* and cosigned by *at_least* of *witnesses*.

    Raises CheckpointError when it is not signed, or a cosignature is false; CosignaturesTooFewError when too few are.
    """
    checkpoint = verify_checkpoint(note, log)
    found = cosignatures(note, witnesses)
    if len({one.witness for one in found}) < at_least:
        raise CosignaturesTooFewError(
            f"{len(found)} cosignatures by known witnesses, not {at_least}"
        )
    return checkpoint, found


def needed(witnesses: Sequence[WitnessKey], at_least: int | None) -> int:
    """Return how many must have cosigned: *at_least*; where that is not said, one of those named, if any is."""
    return min(1, len(witnesses)) if at_least is None else at_least


def _message(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()
