"""The parts of a record's proof as a text: its first lines may hold one of an application's own."""

from __future__ import annotations

from base64 import b64encode

import pytest

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.merkle import hash_leaf
from counterfoil.gateway.log.tlog_proof import TlogProof

PROOF = TlogProof(7, (hash_leaf(b"a"), hash_leaf(b"b")), b"the note\n")
MAGIC = b"c2sp.org/tlog-proof@v1\n"


def test_an_applications_own_line_is_passed_over() -> None:
    data = PROOF.encode()
    assert TlogProof.decode(data) == PROOF
    extra = b"extra " + b64encode(b"anything") + b"\n"
    assert TlogProof.decode(data.replace(MAGIC, MAGIC + extra)) == PROOF
    with pytest.raises(CheckpointError, match="no index"):
        TlogProof.decode(data.replace(MAGIC, MAGIC + 2 * extra))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin"),
        (MAGIC + b"index 7", "does not begin"),
        (b"x" + MAGIC + b"index 7\n\nnote\n", "does not begin"),
        (MAGIC + b"\nnote\n", "no index"),
        (MAGIC + b"extra AAAA\n\nnote\n", "no index"),
        (MAGIC + b"index 07\n\nnote\n", "no index"),
    ],
)
def test_a_proof_without_its_first_lines_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        TlogProof.decode(data)
