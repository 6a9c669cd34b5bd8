"""A head of the log as a signed note (C2SP tlog-checkpoint and signed-note), by an Ed25519 key.

Rules kept here:

* The text is the origin, the size, the root in base64, and one extension line ``state <base64>``
  with the state root; then a blank line and one signature line for each signer.
* A signature line is ``— <key name> <base64 of key id || signature>``; the key id is the first
  four bytes of SHA-256(name, 0x0A, 0x01, public key). What is signed is the text before the blank
  line, its last newline included. Lines by keys that the reader doesn't know are passed over.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from counterfoil.gateway.errors import CheckpointError, VerifierKeyError
from counterfoil.gateway.record.identity import Digest

_ED25519 = b"\x01"
_NAME = re.compile(r"[!-*,-~]{1,255}", re.ASCII)
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_SIGNATURE_LINE = re.compile(r"— (\S+) (\S+)")
MAX_CHECKPOINT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """What is anchored: *size* records, the *root* over them and the *state* they lead to."""

    size: int
    root: Digest
    state: Digest


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head as stated by the log named *origin*."""

    origin: str
    head: Head

    def text(self) -> str:
        """Return the note's text, up to and with the newline before the blank line."""
        head = self.head
        root, state = b64encode(head.root).decode(), b64encode(head.state).decode()
        return f"{self.origin}\n{head.size}\n{root}\nstate {state}\n"


@dataclass(frozen=True, slots=True)
class LogKey:
    """The public key of a log, by its *name* (usually its origin)."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if _NAME.fullmatch(self.name) is None or len(self.public) != 32:
            raise CheckpointError("a key name has no spaces or plus signs; a key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before each of this key's signatures."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def verifier_key(self) -> str:
        """Return the key as ``name+id+base64``, the form in which verifiers are given it."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def from_verifier_key(cls, text: str) -> LogKey:
        """Return the key in *text*; VerifierKeyError when it is malformed or its id is wrong."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise VerifierKeyError("a log's key is name+id+base64")
        name, key_id, encoded = parts
        try:
            material = unbase64(encoded)
            key = cls(name, material[1:])
        except CheckpointError as error:
            raise VerifierKeyError(f"a log's key is name+id+base64: {error.detail}") from error
        if material[:1] != _ED25519:
            raise VerifierKeyError("the log's key is not for Ed25519")
        if key.key_id.hex() != key_id:
            raise VerifierKeyError("the log's key's id is not its own")
        return key


def unbase64(text: str) -> bytes:
    """Return the bytes that *text* encodes; CheckpointError when it is not strict base64."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise CheckpointError("not base64") from error
    if b64encode(data).decode() != text:
        raise CheckpointError("not the one base64 of what it says")
    return data


def log_key_of(name: str, private_key: Ed25519PrivateKey) -> LogKey:
    """Return the public half of *private_key*, as the key named *name*."""
    return LogKey(name, private_key.public_key().public_bytes_raw())


def sign_checkpoint(checkpoint: Checkpoint, name: str, private_key: Ed25519PrivateKey) -> bytes:
    """Return the signed note of *checkpoint* with one signature, by the key named *name*."""
    text = checkpoint.text()
    key = log_key_of(name, private_key)
    signature = b64encode(key.key_id + private_key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n".encode()


def verify_checkpoint(note: bytes, key: LogKey, origin: str | None = None) -> Checkpoint:
    """Return the checkpoint in *note*, signed by *key* and stated for *origin* (the key's name).

    Raises CheckpointError when the note is malformed or lacks a signature by *key* that verifies.
    """
    if len(note) > MAX_CHECKPOINT_BYTES:
        raise CheckpointError(f"longer than {MAX_CHECKPOINT_BYTES} bytes")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise CheckpointError("not UTF-8") from error
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or not lines.endswith("\n"):
        raise CheckpointError("no blank line before the signatures, or no newline after them")
    text += "\n"
    _require_signature(text, lines, key)
    return _parse(text, key.name if origin is None else origin)


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's *text* states, whoever signed it; CheckpointError when it is none."""
    return _parse(text, text.split("\n", 1)[0])


def _require_signature(text: str, lines: str, key: LogKey) -> None:
    public = Ed25519PublicKey.from_public_bytes(key.public)
    found = False
    for line in lines[:-1].split("\n"):
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise CheckpointError("a signature line is malformed")
        signature = unbase64(match[2])
        if match[1] != key.name or signature[:4] != key.key_id:
            continue
        try:
            public.verify(signature[4:], text.encode())
        except InvalidSignature as error:
            raise CheckpointError(f"the signature by {key.name} does not verify") from error
        found = True
    if not found:
        raise CheckpointError(f"not signed by {key.name}")


def _parse(text: str, origin: str) -> Checkpoint:
    lines = text[:-1].split("\n")
    if len(lines) != 4 or lines[0] != origin or not lines[3].startswith("state "):
        raise CheckpointError(f"not a checkpoint of {origin} with size, root and state")
    if _SIZE.fullmatch(lines[1]) is None:
        raise CheckpointError("the size is no decimal number")
    root, state = unbase64(lines[2]), unbase64(lines[3].removeprefix("state "))
    if len(root) != 32 or len(state) != 32:
        raise CheckpointError("root and state are 32 bytes each")
    return Checkpoint(origin, Head(int(lines[1]), Digest(root), Digest(state)))
