"""The one shape of a COSE_Sign1: byte strings of every length, and signatures with leading zeros."""

from __future__ import annotations

from itertools import product

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from support_record import private_key

from counterfoil.gateway.record.cose import (
    EnvelopeShapeError,
    encode_bstr,
    encode_der,
    read_bstr,
    sign1,
    split_sign1,
    verifies,
)
from counterfoil.gateway.record.identity import PublicKey

KEY = private_key()


def test_byte_strings_have_the_shortest_head_and_are_read_back_at_every_length() -> None:
    for length in (0, 1, 23, 24, 25, 255, 256, 65_535):
        data = bytes(length)
        assert encode_bstr(data) == cbor2.dumps(data)
        first, end = read_bstr(b"\xff" + encode_bstr(data) + b"\xff", 1)
        assert (end, end - first) == (1 + len(encode_bstr(data)), length)
        parts = split_sign1(sign1(data, data, KEY))
        assert (parts.protected, parts.payload) == (data, data)
        assert verifies(parts.signed_bytes, parts.signature, PublicKey.of(KEY))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x42a",
        b"\x58",
        b"\x58\x18" + bytes(23),
        b"\x59\x01\x00" + bytes(255),
        b"\x58\x17" + bytes(23),
        b"\x59\x00\xff" + bytes(255),
        b"\x3f",
        b"\x00" * 99,
        b"\x60",
        b"\x5f\x41a\xff",
    ],
    ids=lambda data: data[:3].hex(),
)
def test_a_byte_string_that_is_cut_off_or_of_another_head_is_refused(data: bytes) -> None:
    assert len(split_sign1(sign1(b"a", b"b", KEY)).signature) == 64
    with pytest.raises(EnvelopeShapeError):
        read_bstr(data, 0)


def test_a_signature_with_leading_zeros_is_the_der_of_its_numbers() -> None:
    parts = split_sign1(sign1(b"a", b"b", KEY))
    assert verifies(parts.signed_bytes, parts.signature, PublicKey.of(KEY))
    for zeros, first in product((0, 1, 2, 31), (0x01, 0x7F, 0x80, 0xFF)):
        short = bytes(zeros) + bytes((first,)) * (32 - zeros)
        for r, s in ((short, b"\x81" * 32), (b"\x01" * 32, short), (short, short)):
            numbers = int.from_bytes(r, "big"), int.from_bytes(s, "big")
            assert encode_der(r + s) == encode_dss_signature(*numbers)
