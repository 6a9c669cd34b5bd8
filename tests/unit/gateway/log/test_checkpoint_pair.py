"""Two heads of one size are one head only when both their root and their state are the same."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from counterfoil.gateway.log.checkpoint import Checkpoint, Head, log_key_of, sign_checkpoint
from counterfoil.gateway.log.checkpoint_pair import compare
from counterfoil.gateway.log.merkle import hash_leaf

ORIGIN = "log.example"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ONE, OTHER = hash_leaf(b"one"), hash_leaf(b"other")


def note(head: Head) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, head), ORIGIN, KEY)


def test_one_size_with_another_root_or_another_state_is_an_equivocation() -> None:
    first = note(Head(7, root=ONE, state=ONE))
    for head in (Head(7, root=ONE, state=OTHER), Head(7, root=OTHER, state=ONE)):
        for pair in ((first, note(head)), (note(head), first)):
            found = compare(*pair, log_key_of(ORIGIN, KEY), read=None)
            assert (found.word, found.detail) == ("equivocation", "two heads of 7")
            assert (found.first, found.second) == pair
    assert compare(first, first, log_key_of(ORIGIN, KEY), read=None).word == "consistent"
