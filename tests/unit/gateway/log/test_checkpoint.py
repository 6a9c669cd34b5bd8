"""A checkpoint, its note and its key: what lies just beside each of the format's rules is refused."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.gateway.errors import CheckpointError, VerifierKeyError
from counterfoil.gateway.log.checkpoint import (
    MAX_CHECKPOINT_BYTES,
    Checkpoint,
    Head,
    LogKey,
    log_key_of,
    parse_checkpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from counterfoil.gateway.log.merkle import hash_leaf

ORIGIN = "log.example/fleet"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG_KEY = log_key_of(ORIGIN, KEY)
CHECKPOINT = Checkpoint(ORIGIN, Head(7, hash_leaf(b"root"), hash_leaf(b"state")))
NOTE = sign_checkpoint(CHECKPOINT, ORIGIN, KEY)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\n", "é", "x" * 256])
def test_a_key_has_a_name_that_a_signature_line_can_hold(name: str) -> None:
    assert LogKey("x" * 255, bytes(32)).name == "x" * 255
    with pytest.raises(CheckpointError):
        LogKey(name, bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_has_32_bytes(length: int) -> None:
    with pytest.raises(CheckpointError):
        LogKey(ORIGIN, bytes(length))


def test_a_verifier_key_is_for_ed25519_and_bears_its_own_id() -> None:
    text = LOG_KEY.verifier_key()
    assert LogKey.from_verifier_key(text) == LOG_KEY
    material = b64encode(b"\4" + LOG_KEY.public).decode()
    cosigner = f"{ORIGIN}+{LOG_KEY.key_id.hex()}+{material}"
    with pytest.raises(VerifierKeyError, match="not for Ed25519"):
        LogKey.from_verifier_key(cosigner)
    with pytest.raises(VerifierKeyError, match="not its own"):
        LogKey.from_verifier_key(text.replace(f"+{LOG_KEY.key_id.hex()}+", "+00000000+"))


def test_a_note_may_be_just_64_kib_long() -> None:
    def padded(length: int) -> bytes:
        line = "— " + "x" * (length - len(NOTE) - len("—  AAAA\n".encode())) + " AAAA\n"
        return NOTE + line.encode()

    assert len(padded(MAX_CHECKPOINT_BYTES)) == MAX_CHECKPOINT_BYTES
    assert verify_checkpoint(padded(MAX_CHECKPOINT_BYTES), LOG_KEY) == CHECKPOINT
    with pytest.raises(CheckpointError, match="longer than"):
        verify_checkpoint(padded(MAX_CHECKPOINT_BYTES + 1), LOG_KEY)


def test_a_note_ends_with_a_newline() -> None:
    assert verify_checkpoint(NOTE, LOG_KEY) == CHECKPOINT
    with pytest.raises(CheckpointError, match="no newline"):
        verify_checkpoint(NOTE[:-1] + b"x", LOG_KEY)


@pytest.mark.parametrize(
    ("line", "other"),
    [
        (3, b64encode(bytes(32)).decode()),
        (3, "stale " + b64encode(bytes(32)).decode()),
        (3, "state " + b64encode(bytes(31)).decode()),
        (3, "state " + b64encode(bytes(33)).decode()),
        (2, b64encode(bytes(31)).decode()),
        (2, b64encode(bytes(33)).decode()),
        (1, "07"),
        (1, "-7"),
    ],
)
def test_a_text_with_another_line_is_no_checkpoint(line: int, other: str) -> None:
    text = CHECKPOINT.text()
    assert parse_checkpoint(text) == CHECKPOINT
    lines = text.split("\n")
    lines[line] = other
    with pytest.raises(CheckpointError):
        parse_checkpoint("\n".join(lines))


def test_a_text_has_four_lines() -> None:
    for text in ("", "\n", CHECKPOINT.text() + "more\n"):
        with pytest.raises(CheckpointError):
            parse_checkpoint(text)
