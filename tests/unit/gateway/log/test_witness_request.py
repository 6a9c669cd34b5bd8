"""A request to a witness: at most 63 hashes, and a checkpoint behind an empty line."""

from __future__ import annotations

import pytest

from counterfoil.gateway.errors import CheckpointError
from counterfoil.gateway.log.merkle import hash_leaf
from counterfoil.gateway.log.witness_request import read_request, write_request

NODE = hash_leaf(b"node")


@pytest.mark.parametrize("count", [0, 1, 63])
def test_a_request_is_read_back(count: int) -> None:
    assert read_request(write_request(3, [NODE] * count, b"note\n")) == (
        3,
        [NODE] * count,
        b"note\n",
    )


@pytest.mark.parametrize(
    "body",
    [
        write_request(3, [NODE] * 64, b"note\n"),
        write_request(3, [NODE], b"")[:-2],
        b"old 3",
        b"old 03\n\nnote\n",
        b"new 3\n\nnote\n",
        b"",
    ],
)
def test_a_request_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(CheckpointError):
        read_request(body)
