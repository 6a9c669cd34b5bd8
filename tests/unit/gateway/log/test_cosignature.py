"""A note's two halves, and a witness's time: the last that is taken, and what lies beside it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.checkpoint import MAX_CHECKPOINT_BYTES
from counterfoil.gateway.log.cosignature import (
    Cosignature,
    WitnessKey,
    cosign,
    cosignatures,
    split_note,
    with_lines,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
WITNESS = WitnessKey("bank.example/w1", KEY.public_key().public_bytes_raw())
TEXT = "log.example\n7\n"


def cosigned(time_s: int) -> bytes:
    line = cosign(TEXT, WITNESS.name, KEY, time_s=time_s)
    return with_lines(f"{TEXT}\n".encode(), [line])


def test_a_note_is_split_at_its_last_blank_line() -> None:
    assert split_note(b"text\n\nmore\n\none\ntwo\n") == ("text\n\nmore\n", ["one", "two"])
    longest = b"text\n\n".ljust(MAX_CHECKPOINT_BYTES - 1, b"x") + b"\n"
    assert split_note(longest)[0] == "text\n"
    for note, words in (
        (longest[:-1] + b"x\n", "longer than"),
        (b"text\n\nline\nx", "no newline"),
        (b"text\nline\n", "no blank line"),
        (b"text\xff\n\nline\n", "not UTF-8"),
    ):
        with pytest.raises(CheckpointError, match=words):
            split_note(note)


def test_a_witnesss_time_is_below_2_to_the_63() -> None:
    latest = 2**63 - 1
    assert cosignatures(cosigned(latest), [WITNESS]) == [Cosignature(WITNESS.name, latest)]
    with pytest.raises(CheckpointError, match="malformed"):
        cosignatures(cosigned(latest + 1), [WITNESS])
